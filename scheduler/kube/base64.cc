#include "scheduler/kube/base64.h"

#include <cstdint>

#include "scheduler/kube/error.h"

namespace fairlead::kube {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

std::string Base64Encode(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group <<= 8;
      if (i + j < bytes.size()) group |= static_cast<unsigned char>(bytes[i + j]);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const bool padding = i + j > bytes.size();
      out.push_back(padding ? '=' : kAlphabet[(group >> (18 - 6 * j)) & 63U]);
    }
  }
  return out;
}

Result<std::string> Base64Decode(std::string_view text) {
  std::string out;
  std::uint32_t group = 0;
  int digits = 0;
  int padding = 0;
  for (const char c : text) {
    if (IsSpace(c)) continue;
    const std::size_t value = kAlphabet.find(c);
    if (c == '=') {
      ++padding;
    } else if (padding > 0 || value == std::string_view::npos) {
      return MakeError("not valid base64");
    }
    group = (group << 6) | static_cast<std::uint32_t>(c == '=' ? 0 : value);
    if (++digits < 4) continue;
    if (padding > 2) return MakeError("not valid base64");
    for (int byte = 0; byte < 3 - padding; ++byte) {
      out.push_back(static_cast<char>((group >> (16 - 8 * byte)) & 255U));
    }
    group = 0;
    digits = 0;
  }
  if (digits != 0) return MakeError("not valid base64: it ends too early");
  return out;
}

}  // namespace fairlead::kube
