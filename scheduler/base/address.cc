#include "fairlead/base/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fairlead {

bool IsLoopback(const std::string& address) {
  if (address.find('\0') != std::string::npos) return false;
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return bytes[0] == 127;
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return false;
  const bool zeros = std::all_of(bytes.begin(), bytes.end() - 1, [](auto b) { return b == 0; });
  return zeros && bytes.back() == 1;
}

std::string HostAndPort(const std::string& address, int port) {
  const bool v6 = address.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

}  // namespace fairlead
