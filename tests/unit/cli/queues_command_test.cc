// `fairlead queues` as people run it, against a server in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "fairlead/service/grpc_server.h"
#include "scheduler/cli/files.h"
#include "tests/support/test_authority.h"
#include "tests/unit/cli/terminal.h"

namespace fairlead::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class QueuesCommand : public ::testing::Test {
 protected:
  void Start(service::TlsFiles tls = {}) {
    auto server = service::GrpcServer::Start({.port = 0, .tls = std::move(tls)}, &board_);
    ASSERT_TRUE(server.ok()) << server.error().ToString();
    server_ = std::move(server).value();
  }
  void Publish(std::uint64_t version, const std::string& queue) {
    QueueTable table;
    table.at = Instant{1'767'225'600'000'000'000};
    table.version = version;
    table.queues.emplace_back().name = queue;
    table.queues.back().allocated = {{"cpu", 1'500}};
    table.queues.back().bound_by = "demand";
    board_.Publish(std::make_shared<const QueueTable>(std::move(table)));
  }
  std::string server() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  Ran Queues(const std::string& options) const {
    return Fairlead("queues --server " + server() + " " + options);
  }

  QueueBoard board_;
  std::unique_ptr<service::GrpcServer> server_;
};

TEST_F(QueuesCommand, PrintsATableWithEveryColumnIntoAPipe) {
  Start();
  Publish(1, "vision");
  const Ran ran = Queues("");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, StartsWith("QUEUE   STATE  WEIGHT  RESOURCE  DEMAND  GUARANTEE"));
  EXPECT_THAT(ran.output, HasSubstr("\nvision  open        1  cpu"));
  EXPECT_THAT(ran.output, Not(HasSubstr("\x1b")));
}

TEST_F(QueuesCommand, PrintsOneLineOfJson) {
  Start();
  Publish(7, "vision");
  const Ran ran = Queues("--json");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, StartsWith(R"({"at":"2026-01-01T00:00:00Z","version":7,"queues":[{)"));
  EXPECT_THAT(ran.output, HasSubstr(R"("allocated":{"cpu":"1500m"})"));
}

TEST_F(QueuesCommand, FitsTheTerminal) {
  Start();
  Publish(1, "vision");
  Terminal terminal(60, 20, {"queues", "--server", server()});
  EXPECT_EQ(terminal.Wait(), 0);
  EXPECT_THAT(terminal.output(), HasSubstr("QUEUE   RESOURCE"));
  EXPECT_THAT(terminal.output(), HasSubstr("\x1b[2m"));
  EXPECT_THAT(terminal.output(), Not(HasSubstr("GUARANTEE")));
  Terminal plain(60, 20, {"queues", "--server", server()}, "1");
  EXPECT_EQ(plain.Wait(), 0);
  EXPECT_THAT(plain.output(), Not(HasSubstr("\x1b")));
}

TEST_F(QueuesCommand, WatchRedrawsAndCtrlCRestoresTheTerminal) {
  Start();
  Terminal terminal(100, 20, {"queues", "--watch", "--server", server()});
  ASSERT_TRUE(terminal.ReadUntil("waiting for the first decision")) << terminal.output();
  EXPECT_THAT(terminal.output(), HasSubstr("\x1b[?1049h"));
  Publish(1, "vision");
  ASSERT_TRUE(terminal.ReadUntil("vision")) << terminal.output();
  Publish(2, "language");
  ASSERT_TRUE(terminal.ReadUntil("language")) << terminal.output();
  EXPECT_THAT(terminal.output(), Not(HasSubstr("GUARANTEE")));
  terminal.Resize(200, 20);
  ASSERT_TRUE(terminal.ReadUntil("GUARANTEE")) << terminal.output();
  terminal.Interrupt();
  EXPECT_EQ(terminal.Wait(), 130);
  EXPECT_THAT(terminal.output(), ::testing::EndsWith("\x1b[?25h\x1b[?1049l"));
}

TEST_F(QueuesCommand, WatchPrintsLinesIntoAPipeUntilNobodyReads) {
  Start();
  Publish(1, "vision");
  // Each table that comes makes `head` end after its first line, and the next one ends the watch.
  std::FILE* pipe = popen((std::string(FAIRLEAD_BINARY) + " queues --watch --json --server " +
                           server() + " | head -n 1")
                              .c_str(),
                          "r");
  ASSERT_NE(pipe, nullptr);
  std::array<char, 256> line{};
  ASSERT_NE(std::fgets(line.data(), line.size(), pipe), nullptr);
  EXPECT_THAT(line.data(), StartsWith(R"({"at":"2026-01-01T00:00:00Z","version":1,)"));
  Publish(2, "vision");
  EXPECT_EQ(pclose(pipe), 0);
}

TEST_F(QueuesCommand, SaysWhyTheWatchEnds) {
  Start();
  Publish(1, "vision");
  Terminal terminal(100, 20, {"queues", "--watch", "--server", server()});
  ASSERT_TRUE(terminal.ReadUntil("vision")) << terminal.output();
  server_.reset();
  EXPECT_EQ(terminal.Wait(), 1);
  EXPECT_THAT(terminal.output(), HasSubstr("the scheduler is ending"));
}

TEST_F(QueuesCommand, SaysThatNothingHasBeenDecidedYet) {
  Start();
  const Ran ran = Queues("");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.output, HasSubstr("the scheduler at " + server() + ": nothing has been decided"));
}

TEST_F(QueuesCommand, SaysThatNobodyAnswersAndWhatToDo) {
  Start();
  const std::string address = server();
  server_.reset();
  for (const char* options : {"", "--json", "--watch"}) {
    const Ran ran = Fairlead("queues --server " + address + " " + options);
    EXPECT_EQ(ran.code, 1) << options;
    EXPECT_THAT(ran.output, StartsWith("fairlead: no scheduler answers at " + address + " ("));
    EXPECT_THAT(ran.output, HasSubstr("Connection refused"));
    EXPECT_THAT(ran.output, HasSubstr("--server HOST:PORT"));
  }
}

TEST_F(QueuesCommand, AsksAServerWithMutualTls) {
  const std::string base = ::testing::TempDir() + "/queues-" + std::to_string(getpid());
  const auto write = [&base](const std::string& name, const std::string& text) {
    EXPECT_TRUE(WriteFile(base + name, text).ok());
    return base + name;
  };
  const testing::Certificate authority = testing::MakeAuthority("ours");
  const testing::Certificate own = testing::MakeCertificate(authority, "IP:127.0.0.1");
  const std::string ca = write("ca.pem", authority.cert_pem);
  const std::string cert = write("cert.pem", own.cert_pem);
  const std::string key = write("key.pem", own.key_pem);
  Start({.cert = cert, .key = key, .client_ca = ca});
  Publish(1, "vision");
  const Ran ran = Queues("--tls-ca " + ca + " --tls-cert " + cert + " --tls-key " + key);
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("vision"));
  const Ran without = Queues("");
  EXPECT_EQ(without.code, 1);
  EXPECT_THAT(without.output, HasSubstr("one with TLS needs --tls-ca, --tls-cert and --tls-key"));
}

// The scheduler itself: where it cannot be asked about queues it does not start.
TEST_F(QueuesCommand, TheSchedulerDoesNotStartOnAPortThatIsTaken) {
  Start();
  const std::string base = ::testing::TempDir() + "/taken-" + std::to_string(getpid());
  ASSERT_TRUE(WriteFile(base + ".kubeconfig",
                        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
                        "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
                        "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n"
                        "users: [{name: u, user: {}}]\n")
                  .ok());
  ASSERT_TRUE(WriteFile(base + ".yaml",
                        "http: {port: 0}\ngrpc: {port: " + std::to_string(server_->port()) + "}\n")
                  .ok());
  const Ran ran =
      Fairlead("scheduler --kubeconfig " + base + ".kubeconfig --config " + base + ".yaml");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.output, "fairlead scheduler: grpc: cannot listen on " + server() +
                            ": Address already in use\n");
}

TEST(QueuesCommandUsage, WrongUsageIsExitCodeTwo) {
  struct Case {
    const char* options;
    const char* output;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"--server nowhere", "--server: 'nowhere': expected HOST:PORT such as 127.0.0.1:8471"},
           {"--server ''", "expected HOST:PORT"},
           {"--server host:0", "expected HOST:PORT"},
           {"--server host:65536", "expected HOST:PORT"},
           {"--server unix:/run/x", "expected HOST:PORT"},
           {"--server ::1:8471", "expected HOST:PORT"},
           {"--tls-ca ca.pem", "--tls-ca requires --tls-cert"},
           {"--tls-ca /nonexistent --tls-cert c --tls-key k", "/nonexistent: cannot be read"},
           {"extra", "extra"}}) {
    const Ran ran = Fairlead(std::string("queues ") + c.options);
    EXPECT_EQ(ran.code, 2) << c.options << ran.output;
    EXPECT_THAT(ran.output, HasSubstr(c.output)) << c.options;
  }
}

}  // namespace
}  // namespace fairlead::cli
