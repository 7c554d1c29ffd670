#include <openssl/evp.h>

#include <array>

#include "fairlead/base/check.h"
#include "fairlead/ledger/interval.h"

namespace fairlead::ledger {

std::string Sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const int made =
      EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  FAIRLEAD_CHECK(made == 1, "SHA-256 failed");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(std::size_t{size} * 2);
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4U];
    hex += kDigits[digest[i] & 15U];
  }
  return hex;
}

std::string ChainHash(std::string_view previous, std::string_view canonical) {
  return Sha256(std::string(previous) + "\n" + std::string(canonical));
}

}  // namespace fairlead::ledger
