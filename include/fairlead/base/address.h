// IP addresses as people write them.
#pragma once

#include <string>

namespace fairlead {

// True if the text is an IPv4 or IPv6 address that only this machine reaches: 127.0.0.0/8 or ::1.
bool IsLoopback(const std::string& address);

// "ADDRESS:PORT", with brackets around an IPv6 address.
std::string HostAndPort(const std::string& address, int port);

}  // namespace fairlead
