// The client on somebody else's loop, in virtual time, over sockets that a test holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>

#include "fairlead/kube/client.h"
#include "tests/unit/kube/harness.h"

namespace fairlead::kube {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The other ends of the sockets that a client has dialled.
class Peers {
 public:
  ~Peers() {
    for (const int fd : ends_) ::close(fd);
  }
  int Dial() {
    if (refuse) return -1;
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return -1;
    ends_.push_back(pair[1]);
    return pair[0];
  }
  std::size_t count() const { return ends_.size(); }
  // What has arrived at the i-th.
  std::string Read(std::size_t i) const {
    std::string text(64U << 10, '\0');
    const ssize_t n = ::recv(ends_[i], text.data(), text.size(), MSG_DONTWAIT);
    text.resize(n < 0 ? 0U : static_cast<std::size_t>(n));
    return text;
  }
  bool Closed(std::size_t i) const {
    char byte = 0;
    const ssize_t n = ::recv(ends_[i], &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return n == 0 || (n < 0 && errno == ECONNRESET);
  }
  void Answer(std::size_t i, int status, const std::string& body) const {
    const std::string text =
        "HTTP/1.1 " + std::to_string(status) +
        " x\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    ASSERT_EQ(::send(ends_[i], text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  bool refuse = false;

 private:
  std::vector<int> ends_;
};

class SeamsTest : public ::testing::Test {
 protected:
  void Make(std::uint64_t seed = 1) {
    Connection connection;
    connection.server = "http://somewhere.invalid";
    ClientSeams seams;
    seams.loop = &loop_;
    seams.seed = seed;
    seams.dial = [this] { return peers_.Dial(); };
    client_ = std::make_unique<Client>(connection, ClientOptions{}, &sink_, &metrics_, seams);
  }
  std::vector<std::string> Answers() const {
    std::vector<std::string> out;
    for (const Event& event : sink_.events()) {
      if (const auto* done = std::get_if<BindFinished>(&event)) {
        out.push_back(done->pod.name +
                      (done->outcome == BindOutcome::kBound ? "" : ": " + done->detail));
      }
    }
    return out;
  }

  IoLoop loop_{net::LoopTime::kVirtual};
  Peers peers_;
  RecordingSink sink_;
  Metrics metrics_;
  std::unique_ptr<Client> client_;
};

BindRequest Binding(const std::string& name) { return {{"ta", name, "u-" + name}, "n-1", {}, ""}; }

TEST_F(SeamsTest, RunsOnlyWhenItsLoopIsPolled) {
  Make();
  client_->Start();
  EXPECT_EQ(peers_.count(), 0U);
  loop_.Poll();
  ASSERT_EQ(peers_.count(), 1U);
  EXPECT_THAT(peers_.Read(0), StartsWith("GET /version HTTP/1.1\r\n"));
  peers_.Answer(0, 200, R"({"major":"1","minor":"33","gitVersion":"v1.33.0"})");
  loop_.Poll();
  EXPECT_THAT(peers_.Read(0), StartsWith("GET /api/v1 HTTP/1.1\r\n"));
  EXPECT_EQ(peers_.count(), 1U);
}

TEST_F(SeamsTest, TheSameSeedWaitsEquallyLong) {
  peers_.refuse = true;
  std::vector<std::int64_t> waits;
  for (const std::uint64_t seed : {7U, 7U, 8U}) {
    Make(seed);
    client_->Start();
    loop_.Poll();
    EXPECT_THAT(client_->Trouble(),
                AllOf(HasSubstr("cannot reach http://somewhere.invalid:80: Connection refused"),
                      HasSubstr("retrying in ")));
    waits.push_back((loop_.NextTimer() - loop_.Now()).ns);
    loop_.AdvanceTo(loop_.NextTimer());
  }
  EXPECT_EQ(waits[0], waits[1]);
  EXPECT_NE(waits[0], waits[2]);
}

TEST_F(SeamsTest, DeadlinesAreInVirtualTime) {
  Make();
  client_->Bind({Binding("p")});
  loop_.Poll();
  EXPECT_THAT(peers_.Read(0), HasSubstr("/pods/p/binding"));
  loop_.AdvanceTo(loop_.Now() + Duration::Milliseconds(29'999));
  EXPECT_FALSE(peers_.Closed(0));
  loop_.AdvanceTo(loop_.Now() + Duration::Milliseconds(1));
  EXPECT_TRUE(peers_.Closed(0));
  // Nobody knows what became of it, so that the pod is asked for.
  ASSERT_EQ(peers_.count(), 2U);
  EXPECT_THAT(peers_.Read(1), StartsWith("GET /api/v1/namespaces/ta/pods/p HTTP/1.1\r\n"));
}

TEST_F(SeamsTest, AnIdleConnectionIsClosedInVirtualTime) {
  Make();
  client_->Bind({Binding("p")});
  loop_.Poll();
  peers_.Answer(0, 201, "");
  loop_.Poll();
  EXPECT_THAT(Answers(), ElementsAre("p"));
  loop_.AdvanceTo(loop_.Now() + Duration::Seconds(29));
  EXPECT_FALSE(peers_.Closed(0) || peers_.count() != 1U);
  loop_.AdvanceTo(loop_.Now() + Duration::Seconds(31));
  EXPECT_FALSE(peers_.Read(0).empty());
  EXPECT_TRUE(peers_.Closed(0));
}

TEST_F(SeamsTest, StopFinishesWhatTakesNoTime) {
  Make();
  client_->Bind({Binding("a"), Binding("b")});
  loop_.Poll();
  ASSERT_EQ(peers_.count(), 2U);
  peers_.Answer(0, 201, "");
  client_->Stop(Duration::Seconds(5));
  EXPECT_THAT(Answers(), ElementsAre("a", "b: stopped before the server answered"));
  client_->Bind({Binding("late")});
  EXPECT_THAT(Answers(),
              ElementsAre("a", "b: stopped before the server answered", "late: stopped"));
}

// Whatever it had asked of the loop must not touch it any more; memory checkers watch this.
TEST_F(SeamsTest, CanGoAtAnyMoment) {
  Make();
  client_->Start();
  client_->Bind({Binding("a")});
  client_.reset();  // nothing of it has run
  loop_.Poll();
  EXPECT_EQ(peers_.count(), 0U);

  Make();
  client_->Start();
  client_->Bind({Binding("b")});
  client_->SetPending({{{"ta", "s", "u-s"}, "Unschedulable", "", "m"}});
  loop_.Poll();
  ASSERT_EQ(peers_.count(), 3U);
  peers_.Answer(1, 500, "");
  peers_.Answer(2, 500, "");
  client_->Evict({{{"ta", "e", "u-e"}, "x"}});
  client_.reset();  // in the middle: answers unread, a task posted
  loop_.Poll();
  loop_.AdvanceTo(loop_.Now() + Duration::Seconds(600));
  for (std::size_t i = 0; i < 3; ++i) {
    (void)peers_.Read(i);
    EXPECT_TRUE(peers_.Closed(i)) << i;
  }
  EXPECT_EQ(peers_.count(), 3U);
  EXPECT_THAT(Answers(), ElementsAre("b: stopped before the server answered"));

  peers_.refuse = true;  // what cannot even be sent is answered from the loop
  Make();
  client_->Start();
  client_->SetPending({{{"ta", "s", "u-s"}, "Unschedulable", "", "m"}});
  loop_.Poll();
  client_.reset();  // timers are set
  loop_.AdvanceTo(loop_.Now() + Duration::Seconds(600));
  EXPECT_EQ(loop_.NextTimer(), Instant{INT64_MAX}) << "timers are left behind";
}

}  // namespace
}  // namespace fairlead::kube
