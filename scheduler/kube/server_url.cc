#include "scheduler/kube/server_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "scheduler/kube/error.h"

namespace fairlead::kube {
namespace {

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

// Characters that neither end the path nor break out of a header.
bool IsPlain(char c) { return c > ' ' && c < '\x7f' && c != '?' && c != '#'; }

std::optional<HostPort> SplitHostPort(std::string_view text, std::uint16_t default_port) {
  HostPort out;
  out.port = default_port;
  std::string_view tail;
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = std::string(text.substr(1, end - 1));
    tail = text.substr(end + 1);
  } else {
    const std::string_view host = text.substr(0, text.find(':'));
    out.host = std::string(host);
    tail = text.substr(host.size());
  }
  if (out.host.empty()) return std::nullopt;
  if (tail.empty()) return out;
  const char* end = tail.data() + tail.size();
  const auto [stop, error] = std::from_chars(tail.data() + 1, end, out.port);
  if (tail.front() != ':' || error != std::errc{} || stop != end || out.port == 0) {
    return std::nullopt;
  }
  return out;
}

std::string UrlDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace

std::string ServerUrl::HostHeader() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string ServerUrl::Origin() const {
  return fmt::format("{}://{}", tls ? "https" : "http", HostHeader());
}

Result<ServerUrl> ParseServerUrl(std::string_view url) {
  const auto wrong = [&](std::string_view why) {
    return MakeError(fmt::format("\"{}\" is no server address: {}", url, why));
  };
  ServerUrl out;
  std::string_view rest = url;
  if (rest.rfind("http://", 0) == 0) {
    out.tls = false;
    rest.remove_prefix(7);
  } else if (rest.rfind("https://", 0) == 0) {
    rest.remove_prefix(8);
  } else {
    return wrong("expected http://HOST[:PORT] or https://HOST[:PORT]");
  }
  if (!std::all_of(rest.begin(), rest.end(), IsPlain)) {
    return wrong("expected no white space, no query, no fragment");
  }
  const std::string_view authority = rest.substr(0, rest.find('/'));
  out.prefix = std::string(rest.substr(authority.size()));
  while (!out.prefix.empty() && out.prefix.back() == '/') out.prefix.pop_back();
  const std::size_t at = authority.rfind('@');
  std::string_view place = authority;
  if (at != std::string_view::npos) {
    out.userinfo = UrlDecode(authority.substr(0, at));
    place.remove_prefix(at + 1);
  }
  const std::optional<HostPort> parts = SplitHostPort(place, out.tls ? 443 : 80);
  if (!parts) return wrong("expected HOST, HOST:PORT or [IPV6]:PORT, with a port of 1 to 65535");
  out.host = parts->host;
  out.port = parts->port;
  return out;
}

std::string UrlEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace fairlead::kube
