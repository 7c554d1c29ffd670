#include "tests/support/certificate.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

namespace fairlead::e2e {
namespace {

struct Closer {
  void operator()(FILE* file) const { std::fclose(file); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using File = std::unique_ptr<FILE, Closer>;
using Certificate = std::unique_ptr<X509, Closer>;
using Key = std::unique_ptr<EVP_PKEY, Closer>;

void Name(X509_NAME* name, const char* text) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text),
                             -1, -1, 0);
}

}  // namespace

bool WriteCertificate(const std::string& ca_dir, const std::string& certificate_file,
                      const std::string& key_file, long from_s, long until_s) {
  const File ca_file(std::fopen((ca_dir + "/ca.crt").c_str(), "r"));
  const File ca_key_file(std::fopen((ca_dir + "/ca.key").c_str(), "r"));
  if (ca_file == nullptr || ca_key_file == nullptr) return false;
  const Certificate ca(PEM_read_X509(ca_file.get(), nullptr, nullptr, nullptr));
  const Key ca_key(PEM_read_PrivateKey(ca_key_file.get(), nullptr, nullptr, nullptr));
  const Key key(EVP_EC_gen("P-256"));
  const Certificate made(X509_new());
  if (ca == nullptr || ca_key == nullptr || key == nullptr) return false;

  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), from_s);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), until_s);
  X509_set_pubkey(made.get(), key.get());
  Name(X509_get_subject_name(made.get()), "kube-apiserver");
  X509_set_issuer_name(made.get(), X509_get_subject_name(ca.get()));
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(made.get(), names, -1);
  X509_EXTENSION_free(names);
  if (X509_sign(made.get(), ca_key.get(), EVP_sha256()) == 0) return false;

  const File out(std::fopen(certificate_file.c_str(), "w"));
  const File key_out(std::fopen(key_file.c_str(), "w"));
  return out != nullptr && key_out != nullptr && PEM_write_X509(out.get(), made.get()) == 1 &&
         PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
}

}  // namespace fairlead::e2e
