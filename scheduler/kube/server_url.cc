#include "scheduler/kube/server_url.h"

#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "scheduler/kube/error.h"

namespace fairlead::kube {

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
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (!parsed) return wrong("expected http://HOST[:PORT] or https://HOST[:PORT]");
  const boost::urls::url_view& view = *parsed;
  ServerUrl out;
  if (view.scheme_id() == boost::urls::scheme::http) {
    out.tls = false;
  } else if (view.scheme_id() != boost::urls::scheme::https) {
    return wrong("expected http:// or https://");
  }
  if (view.has_query() || view.has_fragment()) return wrong("expected no query and no fragment");
  out.host = view.host_address();
  if (out.host.empty()) return wrong("expected a host");
  out.port = out.tls ? 443 : 80;
  if (view.has_port() && !view.port().empty()) {
    out.port = view.port_number();
    if (out.port == 0) return wrong("expected a port between 1 and 65535");
  }
  out.prefix = std::string(view.encoded_path().data(), view.encoded_path().size());
  while (!out.prefix.empty() && out.prefix.back() == '/') out.prefix.pop_back();
  if (view.has_userinfo()) out.userinfo = view.userinfo();
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
