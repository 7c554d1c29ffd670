#include "scheduler/kube/informer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/kube/harness.h"

namespace fairlead::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A server that gives each request the next reply of a script, and the last one for ever.
class Script {
 public:
  explicit Script(std::deque<Reply> replies)
      : replies_(std::move(replies)), server_([this](const Received&) { return Next(); }) {}
  const ScriptedServer& server() const { return server_; }
  std::vector<std::string> Targets() const {
    std::vector<std::string> out;
    for (const Received& request : server_.requests()) out.push_back(request.target);
    return out;
  }

 private:
  Reply Next() {
    Reply reply = replies_.front();
    if (replies_.size() > 1) replies_.pop_front();
    return reply;
  }

  std::deque<Reply> replies_;
  ScriptedServer server_;
};

Reply Proto200(std::string body) {
  Reply reply;
  reply.content_type = kProtoType;
  reply.body = std::move(body);
  return reply;
}

Reply Watching(const std::shared_ptr<Feed>& feed, const char* type = kProtoType) {
  Reply reply;
  reply.content_type = std::string(type) + ";stream=watch";
  reply.feed = feed;
  return reply;
}

Reply Refusal(int status, const std::string& message, std::vector<std::string> headers = {}) {
  Reply reply;
  reply.status = status;
  reply.body = StatusJson(status, message);
  reply.headers = std::move(headers);
  return reply;
}

std::shared_ptr<Feed> Quiet() { return std::make_shared<Feed>(); }

// A feed that says `frames` and ends as it should.
std::shared_ptr<Feed> Saying(const std::vector<std::string>& frames, bool cut = false) {
  auto feed = std::make_shared<Feed>();
  for (const std::string& frame : frames) feed->Send(frame);
  if (cut) {
    feed->Cut();
  } else {
    feed->End();
  }
  return feed;
}

std::string PodFrame(const std::string& type, const PodSpec& pod) {
  return Frame(type, "Pod", ToProto(pod));
}

class InformerTest : public ::testing::Test {
 protected:
  void Run(std::deque<Reply> replies, ObjectKind kind = ObjectKind::kPod, bool watch_list = false) {
    script_ = std::make_unique<Script>(std::move(replies));
    harness_ = std::make_unique<Harness>(script_->server());
    InformerEnv env;
    env.loop = &harness_->loop;
    env.http = &harness_->http;
    env.sink = &harness_->sink;
    env.metrics = &harness_->metrics;
    env.trouble = &harness_->trouble;
    env.random = &harness_->random;
    env.pace = FastPace();
    env.watch_list = watch_list;
    informer_ = std::make_unique<Informer>(env, ResourceOf(kind));
    harness_->On([this] { informer_->Start(); });
  }
  void TearDown() override {
    if (!harness_) return;
    harness_->On([this] { informer_->Stop(); });
    harness_->Finish();
  }
  void WaitForStory(const std::vector<std::string>& story) {
    harness_->sink.WaitForCount(story.size());
    EXPECT_EQ(harness_->sink.Story(), story);
  }
  void WaitForRequests(std::size_t n) { ASSERT_TRUE(script_->server().WaitForRequests(n)); }

  std::unique_ptr<Script> script_;
  std::unique_ptr<Harness> harness_;
  std::unique_ptr<Informer> informer_;
};

TEST_F(InformerTest, ListsFromTheCacheAndWatchesOn) {
  const auto feed = Quiet();
  Run({Proto200(PodListBody({NamedPod("a"), NamedPod("b")}, "41")), Watching(feed)});
  WaitForStory({"begin", "+a", "+b", "end"});
  feed->Send(PodFrame("ADDED", NamedPod("c", "42")) + PodFrame("MODIFIED", NamedPod("a", "43")));
  feed->Send(PodFrame("DELETED", NamedPod("b", "44")));
  WaitForStory({"begin", "+a", "+b", "end", "+c", "+a", "-b"});
  EXPECT_THAT(script_->Targets(),
              ElementsAre("/api/v1/pods?resourceVersion=0",
                          StartsWith("/api/v1/pods?watch=true&allowWatchBookmarks=true")));
  EXPECT_THAT(script_->Targets()[1], HasSubstr("&resourceVersion=41"));
  EXPECT_THAT(script_->server().requests()[1].headers.at("accept"),
              HasSubstr("application/vnd.kubernetes.protobuf;stream=watch"));
  EXPECT_EQ(harness_->trouble.Text(), "");
}

// Where the watch goes on after it ended: after an event, after a bookmark, or where it began.
TEST_F(InformerTest, ResumesFromTheLastVersion) {
  struct Case {
    const char* what;
    std::shared_ptr<Feed> first;
    const char* version;
  };
  const std::vector<Case> cases = {
      {"ends after an event", Saying({PodFrame("ADDED", NamedPod("c", "50"))}), "50"},
      {"cut after an event", Saying({PodFrame("ADDED", NamedPod("c", "51"))}, true), "51"},
      {"cut after a bookmark", Saying({BookmarkFrame("60")}, true), "60"},
      {"cut at once", Saying({}, true), "41"},
      {"cut inside a frame",
       Saying({PodFrame("ADDED", NamedPod("c", "52")), std::string("\0\0\1", 3)}, true), "52"},
  };
  for (const Case& c : cases) {
    Run({Proto200(PodListBody({NamedPod("a")}, "41")), Watching(c.first), Watching(Quiet())});
    WaitForRequests(3);
    EXPECT_THAT(script_->Targets()[2], HasSubstr(std::string("&resourceVersion=") + c.version))
        << c.what;
    TearDown();
    harness_.reset();
  }
}

TEST_F(InformerTest, ListsAgainConsistentlyAfter410) {
  const std::vector<Reply> expired = {Watching(Saying({ErrorFrame(410, "too old")})),
                                      Refusal(410, "too old")};
  for (const Reply& reply : expired) {
    Run({Proto200(PodListBody({NamedPod("a")}, "41")), reply,
         Proto200(PodListBody({NamedPod("b")}, "90")), Watching(Quiet())});
    WaitForStory({"begin", "+a", "end", "begin", "+b", "end"});
    WaitForRequests(4);
    EXPECT_EQ(script_->Targets()[2], "/api/v1/pods?limit=5000");
    EXPECT_THAT(script_->Targets()[3], HasSubstr("&resourceVersion=90"));
    TearDown();
    harness_.reset();
  }
}

TEST_F(InformerTest, FallsBackToAPagedListWhereTheCacheFails) {
  Run({Refusal(504, "Too large resource version"),
       Proto200(PodListBody({NamedPod("a")}, "41", "next/1")),
       Proto200(PodListBody({NamedPod("b")}, "41")), Watching(Quiet())});
  WaitForStory({"begin", "+a", "+b", "end"});
  WaitForRequests(4);
  EXPECT_EQ(script_->Targets()[1], "/api/v1/pods?limit=5000");
  EXPECT_EQ(script_->Targets()[2], "/api/v1/pods?limit=5000&continue=next%2F1");
}

TEST_F(InformerTest, AListThatBreaksOffBeginsAnew) {
  const std::string body = PodListBody({NamedPod("a"), NamedPod("b")}, "41");
  auto feed = std::make_shared<Feed>();
  feed->Send(body.substr(0, body.size() - 20));
  feed->Cut();
  Reply cut = Proto200("");
  cut.feed = feed;
  Run({cut, Proto200(body), Watching(Quiet())});
  ASSERT_TRUE(harness_->sink.WaitFor([](const std::vector<Event>& events) {
    return !events.empty() && std::holds_alternative<RelistEnded>(events.back());
  }));
  // What the first attempt said of itself may have gone out or not; the whole list follows.
  const std::vector<std::string> story = harness_->sink.Story();
  const std::vector<std::string> tail(story.end() - 4, story.end());
  EXPECT_THAT(tail, ElementsAre("begin", "+a", "+b", "end"));
}

TEST_F(InformerTest, WatchListIsOneRequest) {
  const auto feed = Quiet();
  Run({Watching(feed)}, ObjectKind::kPod, true);
  feed->Send(PodFrame("ADDED", NamedPod("a", "10")));
  feed->Send(BookmarkFrame("11", true));
  feed->Send(PodFrame("MODIFIED", NamedPod("a", "12")));
  WaitForStory({"begin", "+a", "end", "+a"});
  EXPECT_THAT(script_->Targets()[0],
              HasSubstr("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"));
  EXPECT_THAT(script_->Targets()[0], HasSubstr("&allowWatchBookmarks=true"));
  feed->End();
  WaitForRequests(2);
  EXPECT_THAT(script_->Targets()[1], HasSubstr("&resourceVersion=12"));
  EXPECT_THAT(script_->Targets()[1], Not(HasSubstr("sendInitialEvents")));
}

TEST_F(InformerTest, WatchListFallsBackToAList) {
  const std::vector<Reply> failures = {
      Refusal(422, "sendInitialEvents is forbidden"), Refusal(500, "broken"),
      Watching(Saying({PodFrame("ADDED", NamedPod("a", "10"))}, true)),
      Watching(Saying({ErrorFrame(500, "broken")}))};
  for (const Reply& failure : failures) {
    Run({failure, Proto200(PodListBody({NamedPod("b")}, "41")), Watching(Quiet())},
        ObjectKind::kPod, true);
    WaitForRequests(3);
    EXPECT_EQ(script_->Targets()[1], "/api/v1/pods?resourceVersion=0");
    EXPECT_THAT(script_->Targets()[2], HasSubstr("&resourceVersion=41"));
    TearDown();
    harness_.reset();
  }
}

TEST_F(InformerTest, OneObjectThatCannotBeReadIsSkipped) {
  const auto feed = Quiet();
  Run({Proto200(Wrapped("PodList", Proto()
                                       .Message(1, Proto().Text(2, "41"))
                                       .Text(2, "\xff\xff\xff")
                                       .Text(2, ToProto(NamedPod("a")))
                                       .bytes())),
       Watching(feed)});
  feed->Send(Frame("ADDED", "Pod", "\xff\xff\xff") + PodFrame("ADDED", NamedPod("b", "42")));
  WaitForStory({"begin", "+a", "end", "+b"});
}

TEST_F(InformerTest, ReadsJsonWhereTheServerGivesJson) {
  const auto feed = Quiet();
  Reply list;
  list.body = R"({"kind":"PodList","metadata":{"resourceVersion":"41"},"items":[)" +
              ToJson(NamedPod("a")) + "]}";
  Run({list, Watching(feed, "application/json")});
  feed->Send(R"({"type":"ADDED","object":)" + ToJson(NamedPod("b", "42")) + "}\n");
  feed->Send(R"({"type":"DELETED","object":)" + ToJson(NamedPod("a", "43")) + "}\n");
  WaitForStory({"begin", "+a", "end", "+b", "-a"});
}

TEST_F(InformerTest, AsksForCustomResourcesInJson) {
  const auto feed = Quiet();
  Reply list;
  list.body = R"({"metadata":{"resourceVersion":"41"},"items":[{"metadata":{"name":"g",)"
              R"("namespace":"ta","uid":"u"},"spec":{"minMember":2}}]})";
  Run({list, Watching(feed, "application/json")}, ObjectKind::kPodGroup);
  WaitForStory({"begin", "+g", "end"});
  EXPECT_EQ(script_->server().requests()[0].headers.at("accept"), "application/json");
  EXPECT_THAT(script_->Targets()[0], StartsWith("/apis/scheduling.x-k8s.io/v1alpha1/podgroups?"));
}

// The definition is gone, and with it all objects; that is not trouble.
TEST_F(InformerTest, ACustomResourceThatIsNotServedHasNoObjects) {
  Run({Refusal(404, "not found")}, ObjectKind::kPodGroup);
  WaitForRequests(2);
  const std::vector<std::string> story = harness_->sink.Story();
  EXPECT_THAT(std::vector<std::string>(story.begin(), story.begin() + 2),
              ElementsAre("begin", "end"));
  EXPECT_EQ(harness_->trouble.Text(), "");
}

TEST_F(InformerTest, SaysWhatIsWrongUntilItWorks) {
  const auto forbidden = Refusal(403, R"(pods is forbidden: User \"x\" cannot list)");
  Run({forbidden, forbidden, Refusal(429, "slow down", {"Retry-After: 30"}), Refusal(200, "")});
  WaitForRequests(3);
  std::string text;
  // The answer follows its request at some time; 30 units of the test's pace leave room to see it.
  ASSERT_TRUE([&] {
    for (int i = 0; i < 100'000; ++i) {
      text = harness_->trouble.Text();
      if (text.find("429") != std::string::npos) return true;
      std::this_thread::yield();
    }
    return false;
  }()) << text;
  EXPECT_EQ(text, "pods: list pods: 429: slow down (retrying in 0.6 s)");
}

TEST_F(InformerTest, NamesVerbAndResourceThatAreForbidden) {
  Run({Refusal(403, "RBAC says no")});
  WaitForRequests(2);
  EXPECT_THAT(harness_->trouble.Text(), StartsWith("pods: user may not list pods (403): RBAC "
                                                   "says no (retrying in 0.0 s)"));
}

TEST_F(InformerTest, CountsRestarts) {
  Run({Proto200(PodListBody({}, "41")), Watching(Saying({BookmarkFrame("42")})),
       Refusal(410, "too old"), Proto200(PodListBody({}, "50")), Watching(Quiet())});
  WaitForRequests(5);
  const std::string text = harness_->metrics.Text();
  EXPECT_THAT(text, HasSubstr(R"(fairlead_watch_restarts_total{kind="pods",reason="timeout"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(fairlead_watch_restarts_total{kind="pods",reason="expired"} 1)"));
}

}  // namespace
}  // namespace fairlead::kube
