#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "config/fields.h"

namespace fairlead::config {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kAlphanumeric =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warning", "error"};

// Characters of `ends`, and of `inner` everywhere but at both ends; 1 to `max` of them.
bool IsWord(std::string_view text, std::string_view ends, std::string_view inner, std::size_t max) {
  if (text.empty() || text.size() > max) return false;
  const auto is_end = [ends](char c) { return ends.find(c) != std::string_view::npos; };
  return is_end(text.front()) && is_end(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_end(c) || inner.find(c) != std::string_view::npos; });
}

bool IsDnsLabel(std::string_view text) { return IsWord(text, kLower, "-", 63); }

bool IsDnsSubdomain(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const std::size_t point = text.find('.');
    if (!IsWord(text.substr(0, point), kLower, "-", 253)) return false;
    if (point == std::string_view::npos) return true;
    text.remove_prefix(point + 1);
  }
}

bool IsQualifiedName(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    if (!IsDnsSubdomain(text.substr(0, slash))) return false;
    text.remove_prefix(slash + 1);
  }
  return IsWord(text, kAlphanumeric, "-_.", 63);
}

bool IsQueueName(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return kAlphanumeric.find(c) != std::string_view::npos ||
           std::string_view("-_./").find(c) != std::string_view::npos;
  });
}

bool IsAddress(std::string_view text) {
  const std::string address(text);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return address.find('\0') == std::string::npos &&
         (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1 ||
          inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1);
}

}  // namespace

bool Matches(TextRule rule, std::string_view text) {
  switch (rule) {
    case TextRule::kPath:
      return text.size() <= SpecOf(rule).max_length;
    case TextRule::kDnsLabel:
      return IsDnsLabel(text);
    case TextRule::kDnsSubdomain:
      return IsDnsSubdomain(text);
    case TextRule::kQualifiedName:
      return IsQualifiedName(text);
    case TextRule::kQueueName:
      return IsQueueName(text);
    case TextRule::kAddress:
      return IsAddress(text);
    case TextRule::kLogLevel:
      return std::find(kLogLevels.begin(), kLogLevels.end(), text) != kLogLevels.end();
  }
  return false;
}

const TextRuleSpec& SpecOf(TextRule rule) {
  // In the order of TextRule.
  static constexpr std::array<TextRuleSpec, 7> kSpecs = {{
      {0, 4096, "", "at most 4096 bytes"},
      {1, 63, "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
       "1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends"},
      {1, 253, R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)",
       "1 to 253 lower-case letters, digits, '-' and '.', with a letter or digit at both ends of "
       "each part"},
      {1, 317,
       R"(^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?)"
       R"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$)",
       "a name such as nvidia.com/gpu: an optional domain and '/', then 1 to 63 letters, digits, "
       "'-', '_' and '.', with a letter or digit at both ends"},
      {1, 128, "^[-A-Za-z0-9_./]{1,128}$", "1 to 128 letters, digits, '-', '_', '.' and '/'"},
      {1, 64, "", "an IPv4 or IPv6 address such as 127.0.0.1"},
      {1, 16, "^(debug|info|warning|error)$", "one of debug, info, warning, error"},
  }};
  return kSpecs.at(static_cast<std::size_t>(rule));
}

}  // namespace fairlead::config
