// `fairlead demo` as people meet it: on a terminal, without one, interrupted, and with bad input.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "scheduler/cli/files.h"
#include "tests/unit/cli/terminal.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

// `fairlead demo` on a terminal.
class DemoTerminal : public Terminal {
 public:
  DemoTerminal(unsigned short columns, unsigned short rows, std::vector<std::string> options,
               const char* no_colour = "")
      : Terminal(columns, rows, WithDemo(std::move(options)), no_colour) {}

 private:
  static std::vector<std::string> WithDemo(std::vector<std::string> options) {
    options.insert(options.begin(), "demo");
    return options;
  }
};

Ran Demo(const std::string& arguments) { return Fairlead("demo " + arguments); }

TEST(DemoCommand, EveryGangStartsAndNothingIsBookedTwice) {
  const Ran ran = Demo("--nodes 4 --speed 60 --json");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr(R"("double_bookings":0)"));
  EXPECT_THAT(ran.output, testing::StartsWith("{"));
  EXPECT_THAT(ran.output, Not(HasSubstr(R"("pods_bound":0)")));
}

TEST(DemoCommand, WithoutATerminalItPrintsLines) {
  const Ran ran = Demo("--nodes 2 --speed 60");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr(" starts: "));
  EXPECT_THAT(ran.output, HasSubstr("pods bound: "));
  EXPECT_THAT(ran.output, HasSubstr("double bookings: 0\n"));
  EXPECT_THAT(ran.output, Not(HasSubstr("\x1b")));
}

TEST(DemoCommand, CtrlCRestoresTheTerminal) {
  DemoTerminal terminal(100, 30, {"--nodes", "4"});
  ASSERT_TRUE(terminal.ReadUntil("rack-0")) << terminal.output();
  EXPECT_THAT(terminal.output(), HasSubstr("\x1b[?1049h"));
  EXPECT_THAT(terminal.output(), HasSubstr("\x1b[38;5;"));
  terminal.Interrupt();
  EXPECT_EQ(terminal.Wait(), 130);
  EXPECT_THAT(terminal.output(), HasSubstr("\x1b[?25h\x1b[?1049l"));
  EXPECT_THAT(terminal.output(), HasSubstr("double bookings: 0"));
}

TEST(DemoCommand, WithoutColoursWhereNoneAreWanted) {
  DemoTerminal terminal(100, 30, {"--nodes", "4"}, "1");
  ASSERT_TRUE(terminal.ReadUntil("rack-0")) << terminal.output();
  terminal.Interrupt();
  EXPECT_EQ(terminal.Wait(), 130);
  EXPECT_THAT(terminal.output(), Not(HasSubstr("\x1b[38;5;")));
}

TEST(DemoCommand, LinesOnATerminalThatIsTooNarrow) {
  DemoTerminal terminal(40, 30, {"--nodes", "4"});
  ASSERT_TRUE(terminal.ReadUntil(" starts: ")) << terminal.output();
  terminal.Interrupt();
  EXPECT_EQ(terminal.Wait(), 130);
  EXPECT_THAT(terminal.output(), HasSubstr("the live view needs 64 and 16: plain lines"));
  EXPECT_THAT(terminal.output(), Not(HasSubstr("\x1b[?1049h")));
}

TEST(DemoCommand, ServesUntilItIsInterrupted) {
  DemoTerminal terminal(100, 30, {"--nodes", "1", "--speed", "100", "--serve", "--plain"});
  ASSERT_TRUE(terminal.ReadUntil("kubectl --server=http://127.0.0.1:")) << terminal.output();
  ASSERT_TRUE(terminal.ReadUntil("Ctrl-C ends it.")) << terminal.output();
  terminal.Interrupt();
  EXPECT_EQ(terminal.Wait(), 130);
}

TEST(DemoCommand, SaysThatThePortIsTaken) {
  const int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(taken, any, length), 0);
  ASSERT_EQ(listen(taken, 1), 0);
  ASSERT_EQ(getsockname(taken, any, &length), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  const Ran ran = Demo("--port " + port);
  close(taken);
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.output, HasSubstr("127.0.0.1:" + port + ": address already in use"));
}

TEST(DemoCommand, RefusesBadInput) {
  EXPECT_EQ(Demo("--nodes 0").code, 2);
  EXPECT_EQ(Demo("--speed 1001").code, 2);
  EXPECT_EQ(Demo("--scenario nowhere.yaml").code, 2);
  const std::string file = testing::TempDir() + "/bad-demo.yaml";
  ASSERT_TRUE(WriteFile(file, "nodes:\n  - {count: many}\n").ok());
  const Ran ran = Demo("--scenario " + file);
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("bad-demo.yaml:2:13: nodes[0].count"));
}

TEST(DemoCommand, PlaysTheExample) {
  const Ran ran =
      Demo("--speed 100 --json --scenario " FAIRLEAD_SOURCE_DIR "/deploy/demo/two-tenants.yaml");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr(R"("name":"research","weight":"2")"));
}

}  // namespace
}  // namespace fairlead::cli
