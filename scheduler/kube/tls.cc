#include "scheduler/kube/tls.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

#include "scheduler/kube/error.h"

namespace fairlead::kube {
namespace {

struct Deleter {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

Error Failure(std::string_view what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return MakeError(fmt::format("{}: {}", what, reason == nullptr ? "not valid" : reason));
}

Owned<BIO> Open(const std::string& pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Status AddAuthorities(SSL_CTX* ctx, const std::string& pem) {
  const Owned<BIO> bio = Open(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(ctx);
  int count = 0;
  while (true) {
    const Owned<X509> cert(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!cert) break;
    if (X509_STORE_add_cert(store, cert.get()) != 1) return Failure("certificate authority");
    ++count;
  }
  if (count == 0) return Failure("certificate authority");
  ERR_clear_error();  // the end of the file counts as an error there
  return Ok{};
}

Status UseClientCertificate(SSL_CTX* ctx, const std::string& cert_pem, const std::string& key_pem) {
  const Owned<BIO> bio = Open(cert_pem);
  const Owned<X509> leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(ctx, leaf.get()) != 1) return Failure("client certificate");
  while (true) {
    Owned<X509> chain(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!chain) break;
    if (SSL_CTX_add0_chain_cert(ctx, chain.get()) != 1) return Failure("client certificate");
    (void)chain.release();
  }
  ERR_clear_error();
  const Owned<BIO> key_bio = Open(key_pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  if (!key) return Failure("client key");
  if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1) return Failure("client key");
  return Ok{};
}

bool IsAddress(const std::string& name) {
  unsigned char buffer[16];
  return inet_pton(AF_INET, name.c_str(), buffer) == 1 ||
         inet_pton(AF_INET6, name.c_str(), buffer) == 1;
}

}  // namespace

Result<ssl_ctx_st*> MakeTlsContext(const Connection& connection) {
  Owned<SSL_CTX> ctx(SSL_CTX_new(TLS_client_method()));
  if (!ctx) return Failure("TLS");
  SSL_CTX_set_min_proto_version(ctx.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(ctx.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ctx.get(), SSL_SESS_CACHE_OFF);
  if (connection.insecure_skip_verify) {
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_NONE, nullptr);
  } else {
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
    if (connection.ca_pem.empty()) {
      if (SSL_CTX_set_default_verify_paths(ctx.get()) != 1) return Failure("system trust store");
    } else if (Status added = AddAuthorities(ctx.get(), connection.ca_pem); !added) {
      return added.error();
    }
  }
  if (!connection.client_cert_pem.empty()) {
    Status used =
        UseClientCertificate(ctx.get(), connection.client_cert_pem, connection.client_key_pem);
    if (!used) return used.error();
  }
  return ctx.release();
}

Status SetTlsPeer(ssl_st* ssl, const std::string& name) {
  if (IsAddress(name)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) != 1) return Failure(name);
    return Ok{};
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_set1_host(ssl, name.c_str()) != 1) return Failure(name);
  // The macro SSL_set_tlsext_host_name casts in the old style.
  if (SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(name.c_str())) != 1) {
    return Failure(name);
  }
  return Ok{};
}

std::string TlsVerifyError(ssl_st* ssl, const std::string& name) {
  const long code = SSL_get_verify_result(ssl);
  if (code == X509_V_OK) return {};
  const char* text = X509_verify_cert_error_string(code);
  const bool mismatch =
      code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH;
  return mismatch ? fmt::format("server certificate is not for {}: {}", name, text)
                  : fmt::format("server certificate not trusted: {}", text);
}

}  // namespace fairlead::kube
