// The parts of a server's address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fairlead/base/result.h"

namespace fairlead::kube {

struct ServerUrl {
  bool tls = true;
  std::string host;  // without brackets
  std::uint16_t port = 443;
  std::string prefix;    // path without a trailing slash; empty: none
  std::string userinfo;  // "user:password" as written; only of proxies

  std::string HostHeader() const;  // "host:port", an IPv6 address in brackets
  std::string Origin() const;      // "https://host:port"
};

// http://host[:port][/prefix] or https://...; no query, no fragment.
Result<ServerUrl> ParseServerUrl(std::string_view url);

// Percent-encodes a path segment or a query value.
std::string UrlEncode(std::string_view text);

}  // namespace fairlead::kube
