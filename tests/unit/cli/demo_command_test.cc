// `fairlead demo` as people meet it: on a terminal, without one, interrupted, and with bad input.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "scheduler/cli/files.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kPatienceMs = 60'000;

// `fairlead demo` on a terminal of its own.
class Terminal {
 public:
  Terminal(unsigned short columns, unsigned short rows, std::vector<std::string> options,
           const char* no_colour = "") {
    winsize size{rows, columns, 0, 0};
    child_ = forkpty(&terminal_, nullptr, nullptr, &size);
    if (child_ != 0) return;
    setenv("TERM", "xterm", 1);        // NOLINT(concurrency-mt-unsafe): one thread
    setenv("LANG", "C.UTF-8", 1);      // NOLINT(concurrency-mt-unsafe)
    setenv("NO_COLOR", no_colour, 1);  // NOLINT(concurrency-mt-unsafe)
    std::vector<char*> argv;
    options.insert(options.begin(), {FAIRLEAD_BINARY, "demo"});
    for (std::string& option : options) argv.push_back(option.data());
    argv.push_back(nullptr);
    execv(FAIRLEAD_BINARY, argv.data());
    _exit(127);
  }
  ~Terminal() {
    if (child_ > 0) kill(child_, SIGKILL), waitpid(child_, nullptr, 0);
    close(terminal_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Reads on until the text is there; false: it ended, or took too long.
  bool ReadUntil(const std::string& text) {
    while (output_.find(text) == std::string::npos) {
      if (!ReadSome()) return false;
    }
    return true;
  }
  void Interrupt() const { kill(child_, SIGINT); }
  int Wait() {
    while (ReadSome()) {
    }
    int status = 0;
    waitpid(std::exchange(child_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  const std::string& output() const { return output_; }

 private:
  bool ReadSome() {
    pollfd waiting{terminal_, POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMs) <= 0) return false;
    std::array<char, 4096> buffer{};
    const ssize_t n = read(terminal_, buffer.data(), buffer.size());
    if (n <= 0) return false;
    output_.append(buffer.data(), static_cast<std::size_t>(n));
    return true;
  }

  int terminal_ = -1;
  pid_t child_ = -1;
  std::string output_;
};

struct Ran {
  int code = -1;
  std::string output;  // both streams
};

Ran Demo(const std::string& arguments) {
  Ran ran;
  std::FILE* pipe =
      popen((std::string(FAIRLEAD_BINARY) + " demo " + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    ran.output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

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
  Terminal terminal(100, 30, {"--nodes", "4"});
  ASSERT_TRUE(terminal.ReadUntil("rack-0")) << terminal.output();
  EXPECT_THAT(terminal.output(), HasSubstr("\x1b[?1049h"));
  EXPECT_THAT(terminal.output(), HasSubstr("\x1b[38;5;"));
  terminal.Interrupt();
  EXPECT_EQ(terminal.Wait(), 130);
  EXPECT_THAT(terminal.output(), HasSubstr("\x1b[?25h\x1b[?1049l"));
  EXPECT_THAT(terminal.output(), HasSubstr("double bookings: 0"));
}

TEST(DemoCommand, WithoutColoursWhereNoneAreWanted) {
  Terminal terminal(100, 30, {"--nodes", "4"}, "1");
  ASSERT_TRUE(terminal.ReadUntil("rack-0")) << terminal.output();
  terminal.Interrupt();
  EXPECT_EQ(terminal.Wait(), 130);
  EXPECT_THAT(terminal.output(), Not(HasSubstr("\x1b[38;5;")));
}

TEST(DemoCommand, LinesOnATerminalThatIsTooNarrow) {
  Terminal terminal(40, 30, {"--nodes", "4"});
  ASSERT_TRUE(terminal.ReadUntil(" starts: ")) << terminal.output();
  terminal.Interrupt();
  EXPECT_EQ(terminal.Wait(), 130);
  EXPECT_THAT(terminal.output(), HasSubstr("the live view needs 64 and 16: plain lines"));
  EXPECT_THAT(terminal.output(), Not(HasSubstr("\x1b[?1049h")));
}

TEST(DemoCommand, ServesUntilItIsInterrupted) {
  Terminal terminal(100, 30, {"--nodes", "1", "--speed", "100", "--serve", "--plain"});
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
