#include "fairlead/base/address.h"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

TEST(Address, OnlyThisMachineReachesALoopbackAddress) {
  for (const char* address : {"127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"", "0.0.0.0", "128.0.0.1", "10.0.0.1", "::", "::2", "1::1",
                              "::ffff:127.0.0.1", "localhost", "127.0.0.1:80", "[::1]", "127.1"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
  EXPECT_FALSE(IsLoopback(std::string("127.0.0.1\0.example", 18)));
}

TEST(Address, APortGoesBehindBracketsWhereTheAddressHasColons) {
  EXPECT_EQ(HostAndPort("127.0.0.1", 8471), "127.0.0.1:8471");
  EXPECT_EQ(HostAndPort("::1", 0), "[::1]:0");
}

}  // namespace
}  // namespace fairlead
