#include "scheduler/service/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace fairlead::service {
namespace {

constexpr std::size_t kMaxBytes = 1UL << 20;

struct Deleter {
  void operator()(std::FILE* p) const { std::fclose(p); }  // NOLINT: only read from
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

Error Refuse(const std::string& path, std::string_view field, std::string message) {
  ERR_clear_error();
  Error error;
  error.message = std::move(message);
  error.file = path;
  error.field = field;
  return error;
}

Result<std::string> ReadPem(const std::string& path, std::string_view field) {
  const auto failed = [&] {
    return Refuse(path, field, "cannot be read: " + std::generic_category().message(errno));
  };
  const Owned<std::FILE> file(std::fopen(path.c_str(), "rb"));
  if (!file) return failed();
  std::string text(kMaxBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return failed();
  if (text.size() > kMaxBytes) return Refuse(path, field, "expected at most 1 MiB of PEM");
  return text;
}

Owned<X509> FirstCertificate(const std::string& pem) {
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// An encrypted key is refused rather than asked about on the terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) { return -1; }

Owned<EVP_PKEY> PrivateKey(const std::string& pem) {
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
}

}  // namespace

Result<TlsTexts> ReadTlsFiles(const TlsFiles& files) {
  constexpr std::string_view kNoCertificate = "expected a certificate in PEM";
  Result<std::string> cert = ReadPem(files.cert, "grpc.tls_cert");
  if (!cert) return cert.error();
  Result<std::string> key = ReadPem(files.key, "grpc.tls_key");
  if (!key) return key.error();
  Result<std::string> authority = ReadPem(files.client_ca, "grpc.tls_client_ca");
  if (!authority) return authority.error();
  const Owned<X509> leaf = FirstCertificate(*cert);
  if (!leaf) return Refuse(files.cert, "grpc.tls_cert", std::string(kNoCertificate));
  const Owned<EVP_PKEY> secret = PrivateKey(*key);
  if (!secret) return Refuse(files.key, "grpc.tls_key", "expected a private key without password");
  if (X509_check_private_key(leaf.get(), secret.get()) != 1) {
    return Refuse(files.key, "grpc.tls_key", "is not the key of the certificate in " + files.cert);
  }
  if (!FirstCertificate(*authority)) {
    return Refuse(files.client_ca, "grpc.tls_client_ca", std::string(kNoCertificate));
  }
  ERR_clear_error();
  return TlsTexts{std::move(*cert), std::move(*key), std::move(*authority)};
}

}  // namespace fairlead::service
