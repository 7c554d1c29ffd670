#include "scheduler/kube/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fairlead/kube/decode.h"
#include "scheduler/kube/bodies.h"
#include "tests/unit/kube/harness.h"

namespace fairlead::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PodRef RefTo(const std::string& name) { return {"ta", name, "u-" + name}; }

BindRequest Binding(const std::string& name) { return {RefTo(name), "n-1", {}, ""}; }

Reply Answer(int status, std::string body = "", std::vector<std::string> headers = {}) {
  Reply reply;
  reply.status = status;
  reply.body = body.empty() && status >= 300 ? StatusJson(status, "because") : std::move(body);
  reply.headers = std::move(headers);
  return reply;
}

Reply Dropped() {
  Reply reply;
  reply.drop = true;
  return reply;
}

Reply Hanging() {
  Reply reply;
  reply.hang = true;
  return reply;
}

Reply PodReply(const std::string& uid, const std::string& node) {
  PodSpec pod = NamedPod("p", "9", node);
  pod.uid = uid;
  Reply reply;
  reply.content_type = kProtoType;
  reply.body = Wrapped("Pod", ToProto(pod));
  return reply;
}

class WriterTest : public ::testing::Test {
 protected:
  // Starts a server, and a writer to it with short patience.
  void Run(ScriptedServer::Handler handler, int connections = 4) {
    server_ = std::make_unique<ScriptedServer>(std::move(handler));
    harness_ = std::make_unique<Harness>(*server_);
    WriteEnv env;
    env.loop = &harness_->loop;
    env.http = &harness_->http;
    env.sink = &harness_->sink;
    env.metrics = &harness_->metrics;
    env.trouble = &harness_->trouble;
    env.random = &harness_->random;
    env.pace = FastPace();
    env.request_timeout = timeout_;
    env.connections = connections;
    env.eviction_api = "policy/v1beta1";
    writer_ = std::make_unique<Writer>(env);
  }
  void TearDown() override { Reset(); }
  void Reset() {
    if (harness_) harness_->Finish();
    server_.reset();
  }
  void Bind(std::vector<BindRequest> requests) {
    harness_->On([&] { writer_->Bind(std::move(requests)); });
  }
  template <typename T>
  T Only() {
    harness_->sink.WaitForCount(1);
    const std::vector<Event> events = harness_->sink.events();
    EXPECT_EQ(events.size(), 1U);
    return std::get<T>(events.front());
  }
  std::vector<std::string> Requests() const {
    std::vector<std::string> out;
    for (const Received& request : server_->requests()) {
      out.push_back(request.method + " " + request.target);
    }
    return out;
  }

  Duration timeout_ = Duration::Seconds(20);
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<Harness> harness_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(WriterTest, BindsWithUidTargetAndAnnotations) {
  Run([](const Received&) { return Answer(201); });
  Bind({{RefTo("p"), "n-1", {0, 3}, "d-7/2"}});
  const auto result = Only<BindFinished>();
  EXPECT_EQ(result.outcome, BindOutcome::kBound);
  EXPECT_EQ(result.pod.uid, "u-p");
  EXPECT_EQ(result.node, "n-1");
  const Received request = server_->requests().front();
  EXPECT_EQ(request.method + " " + request.target, "POST /api/v1/namespaces/ta/pods/p/binding");
  EXPECT_EQ(request.headers.at("content-type"), kProtoType);
  // Binding{1 metadata{1 name, 3 namespace, 5 uid, 12 annotations}, 2 target{1 kind, 3 name}}
  EXPECT_EQ(request.body,
            Wrapped("Binding", Proto()
                                   .Message(1, Proto()
                                                   .Text(1, "p")
                                                   .Text(3, "ta")
                                                   .Text(5, "u-p")
                                                   .Entry(12, "fairlead.dev/gpu-assignment", "0,3")
                                                   .Entry(12, "fairlead.dev/decision", "d-7/2"))
                                   .Message(2, Proto().Text(1, "Node").Text(3, "n-1"))
                                   .bytes()));
}

TEST_F(WriterTest, BindsWithSlicesOfDevices) {
  Run([](const Received&) { return Answer(201); });
  Bind({{RefTo("p"), "n-1", {0, 3}, "", {1, 4}}});
  EXPECT_EQ(Only<BindFinished>().outcome, BindOutcome::kBound);
  EXPECT_THAT(server_->requests().front().body, HasSubstr("0:1/4,3:1/4"));
}

// The whole table of outcomes: what POST answers, what GETs answer then, what it means.
TEST_F(WriterTest, EveryAnswerHasItsOutcome) {
  struct Case {
    const char* what;
    std::vector<Reply> posts;
    std::vector<Reply> gets;
    BindOutcome outcome;
    std::size_t requests;
  };
  const Reply here = PodReply("u-p", "n-1");
  const Reply free = PodReply("u-p", "");
  const Reply there = PodReply("u-p", "n-2");
  const Reply anew = PodReply("u-new", "n-1");
  const Reply missing = Answer(404);
  const Reply busy = Answer(429, "", {"Retry-After: 0"});
  using enum BindOutcome;
  const std::vector<Case> cases = {
      {"created", {Answer(201)}, {}, kBound, 1},
      {"ok", {Answer(200)}, {}, kBound, 1},
      {"not found", {missing}, {}, kGone, 1},
      {"bad request", {Answer(400)}, {}, kRefused, 1},
      {"forbidden", {Answer(403)}, {}, kRefused, 1},
      {"invalid", {Answer(422)}, {}, kRefused, 1},
      {"redirect", {Answer(307)}, {}, kRefused, 1},
      {"conflict, ours already", {Answer(409)}, {here}, kBound, 2},
      {"conflict, elsewhere", {Answer(409)}, {there}, kConflict, 2},
      {"conflict, not bound", {Answer(409)}, {free}, kConflict, 2},
      {"conflict, another pod", {Answer(409)}, {anew}, kGone, 2},
      {"conflict, gone", {Answer(409)}, {missing}, kGone, 2},
      {"5xx, bound", {Answer(500)}, {here}, kBound, 2},
      {"5xx, not bound", {Answer(503)}, {free}, kFailed, 2},
      {"5xx, elsewhere", {Answer(500)}, {there}, kConflict, 2},
      {"5xx, another pod", {Answer(500)}, {anew}, kGone, 2},
      {"5xx, gone", {Answer(504)}, {missing}, kGone, 2},
      {"lost, bound", {Dropped()}, {here}, kBound, 2},
      {"lost, not bound", {Dropped()}, {free}, kFailed, 2},
      {"lost, server away for a while",
       {Dropped()},
       {Dropped(), Answer(503), busy, here},
       kBound,
       5},
      {"lost, away, then gone", {Dropped()}, {Answer(503), missing}, kGone, 3},
      {"lost, away, may not look", {Dropped()}, {Answer(503), Answer(403)}, kFailed, 3},
      {"lost, may not look", {Dropped()}, {Answer(403)}, kFailed, 2},
      {"too many, then bound", {busy, busy, Answer(201)}, {}, kBound, 3},
      {"too many for ever", {busy}, {}, kFailed, 10},
  };
  for (const Case& c : cases) {
    std::size_t posts = 0;
    std::size_t gets = 0;
    Run([&](const Received& request) {
      const bool post = request.method == "POST";
      const std::vector<Reply>& replies = post ? c.posts : c.gets;
      std::size_t& at = post ? posts : gets;
      return replies[std::min(at++, replies.size() - 1)];
    });
    Bind({Binding("p")});
    EXPECT_EQ(Only<BindFinished>().outcome, c.outcome) << c.what;
    EXPECT_EQ(server_->requests().size(), c.requests) << c.what;
    EXPECT_EQ(harness_->trouble.Text(), "") << c.what;
    Reset();
  }
}

TEST_F(WriterTest, ATimeoutAsksForThePod) {
  timeout_ = Duration::Milliseconds(150);
  Run([](const Received& request) {
    return request.method == "POST" ? Hanging() : PodReply("u-p", "n-1");
  });
  Bind({Binding("p")});
  EXPECT_EQ(Only<BindFinished>().outcome, BindOutcome::kBound);
  EXPECT_THAT(Requests(), ElementsAre("POST /api/v1/namespaces/ta/pods/p/binding",
                                      "GET /api/v1/namespaces/ta/pods/p"));
}

TEST_F(WriterTest, WaitsAsLongAsTheServerAsks) {
  std::vector<std::chrono::steady_clock::time_point> times;
  Run([&](const Received&) {
    times.push_back(std::chrono::steady_clock::now());
    return times.size() == 1 ? Answer(429, "", {"Retry-After: 5"}) : Answer(201);
  });
  Bind({Binding("p")});
  EXPECT_EQ(Only<BindFinished>().outcome, BindOutcome::kBound);
  Reset();
  // A lower bound only: five units of the test's pace.
  EXPECT_GE(times[1] - times[0], std::chrono::milliseconds(5 * 20));
}

// A server that answers for some pods only: what is left at the end is answered as failed.
TEST_F(WriterTest, EveryRequestIsAnsweredExactlyOnce) {
  Run([](const Received& request) {
    return request.target.find("/p4") != std::string::npos ? Dropped() : Answer(201);
  });
  std::vector<BindRequest> requests;
  for (int i = 0; i < 50; ++i) requests.push_back(Binding("p" + std::to_string(i)));
  Bind(requests);
  ASSERT_TRUE(harness_->sink.WaitForCount(39));  // all but p4 and p40..p49
  harness_->On([this] { writer_->GiveUp("over"); });
  ASSERT_TRUE(harness_->sink.WaitForCount(50));
  std::vector<std::string> names;
  std::size_t bound = 0;
  for (const Event& event : harness_->sink.events()) {
    names.push_back(std::get<BindFinished>(event).pod.name);
    if (std::get<BindFinished>(event).outcome == BindOutcome::kBound) ++bound;
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
  EXPECT_EQ(names.size(), 50U);
  EXPECT_EQ(bound, 39U);
}

TEST_F(WriterTest, DrainingFinishesWhatIsQueued) {
  Run([](const Received&) { return Answer(201); }, 1);
  std::vector<BindRequest> requests;
  for (int i = 0; i < 20; ++i) requests.push_back(Binding("p" + std::to_string(i)));
  std::promise<std::size_t> drained;
  harness_->On([&] {
    writer_->Bind(requests);
    writer_->SetPending({{RefTo("q"), "Unschedulable", "NoMatchingNode", "m"}});
    writer_->Drain([&] { drained.set_value(harness_->sink.events().size()); });
  });
  EXPECT_EQ(drained.get_future().get(), 20U);
  for (const std::string& request : Requests()) EXPECT_THAT(request, HasSubstr("/binding"));
}

TEST_F(WriterTest, EvictionOutcomes) {
  struct Case {
    const char* what;
    std::vector<Reply> replies;
    EvictOutcome outcome;
    std::size_t requests;
  };
  const Reply other_uid =
      Answer(409, StatusJson(409, "the UID in the precondition (a) does not match the UID"));
  using enum EvictOutcome;
  const std::vector<Case> cases = {
      {"created", {Answer(201)}, kEvicted, 1},
      {"gone", {Answer(404)}, kGone, 1},
      {"another pod", {other_uid}, kGone, 1},
      {"budget", {Answer(429)}, kBlocked, 1},
      {"forbidden", {Answer(403)}, kFailed, 1},
      {"race, then done", {Answer(409), Answer(201)}, kEvicted, 2},
      {"lost, then done", {Dropped(), Answer(404)}, kGone, 2},
      {"5xx for ever", {Answer(500)}, kFailed, 4},
  };
  for (const Case& c : cases) {
    std::size_t at = 0;
    Run([&](const Received&) { return c.replies[std::min(at++, c.replies.size() - 1)]; });
    harness_->On([this] { writer_->Evict({{RefTo("p"), "gang_rollback"}}); });
    EXPECT_EQ(Only<EvictFinished>().outcome, c.outcome) << c.what;
    EXPECT_EQ(server_->requests().size(), c.requests) << c.what;
    EXPECT_EQ(server_->requests().front().body,
              R"({"apiVersion":"policy/v1beta1","kind":"Eviction",)"
              R"("metadata":{"name":"p","namespace":"ta"},)"
              R"("deleteOptions":{"preconditions":{"uid":"u-p"}}})");
    Reset();
  }
}

// While the only connection is busy, the rest queues: the most important goes first, and a newer
// status replaces an older one of the same pod.
TEST_F(WriterTest, BindingsBeforeEvictionsBeforeStatusesBeforeEvents) {
  Run([](const Received&) { return Answer(201); }, 1);
  harness_->On([this] {
    writer_->Bind({Binding("first")});
    writer_->Note({{RefTo("n"), true, "FailedScheduling", "m"}});
    writer_->SetPending({{RefTo("s"), "Unschedulable", "WaitingForCapacity", "old"}});
    writer_->SetPending({{RefTo("s"), "Unschedulable", "WaitingForCapacity", "new"}});
    writer_->Evict({{RefTo("e"), "x"}});
    writer_->Bind({Binding("second")});
  });
  ASSERT_TRUE(server_->WaitForRequests(5));
  EXPECT_THAT(Requests(), ElementsAre("POST /api/v1/namespaces/ta/pods/first/binding",
                                      "POST /api/v1/namespaces/ta/pods/second/binding",
                                      "POST /api/v1/namespaces/ta/pods/e/eviction",
                                      "PATCH /api/v1/namespaces/ta/pods/s/status",
                                      "POST /api/v1/namespaces/ta/events"));
  EXPECT_THAT(server_->requests()[3].body, HasSubstr("WaitingForCapacity: new"));
}

QueueStatus StatusOf(const std::string& queue, const std::string& message) {
  QueueStatus status;
  status.name = queue;
  status.uid = "u-" + queue;
  status.message = message;
  return status;
}

TEST_F(WriterTest, OfAQueuesStatusesOnlyTheLatestIsWritten) {
  Run([](const Received&) { return Answer(200); }, 1);
  harness_->On([&] {
    writer_->Bind({Binding("first")});
    writer_->SetQueueStatus({StatusOf("q", "old"), StatusOf("r", "r")});
    writer_->SetQueueStatus({StatusOf("q", "new")});
  });
  ASSERT_TRUE(server_->WaitForRequests(3));
  EXPECT_THAT(Requests(), ElementsAre("POST /api/v1/namespaces/ta/pods/first/binding",
                                      "PATCH /apis/fairlead.dev/v1alpha1/queues/q/status",
                                      "PATCH /apis/fairlead.dev/v1alpha1/queues/r/status"));
  const Received request = server_->requests()[1];
  EXPECT_EQ(request.headers.at("content-type"), "application/json-patch+json");
  EXPECT_THAT(request.body, HasSubstr("\"message\":\"new\""));
}

// Nobody tells it again, so it is repeated for as long as it could come about.
TEST_F(WriterTest, AQueuesStatusIsRepeatedUntilTheServerTakesIt) {
  std::vector<Reply> replies(9, Answer(500));
  replies[1] = Dropped();
  replies[2] = Answer(429);
  replies[3] = Answer(409);
  replies.push_back(Answer(200));
  // The server may still be asking when the test's own variables are gone.
  Run([replies = std::move(replies), at = std::size_t{0}](const Received&) mutable {
    return replies[std::min(at++, replies.size() - 1)];
  });
  harness_->On([&] { writer_->SetQueueStatus({StatusOf("q", "m")}); });
  ASSERT_TRUE(server_->WaitForRequests(10));
}

TEST_F(WriterTest, AQueueThatIsGoneOrAnotherOrForbiddenIsLetBe) {
  for (const int status : {404, 422, 403}) {
    Run([&](const Received& request) { return Answer(request.method == "PATCH" ? status : 201); });
    harness_->On([&] { writer_->SetQueueStatus({StatusOf("q", "m")}); });
    ASSERT_TRUE(server_->WaitForRequests(1));
    Bind({Binding("p")});  // by its answer the other one's has been seen
    Only<BindFinished>();
    EXPECT_EQ(server_->requests().size(), 2U) << status;
    Reset();
  }
}

TEST_F(WriterTest, EventsBeyondTheRateAreDroppedAndCounted) {
  Run([](const Received&) { return Answer(201); });
  const std::vector<EventNote> notes(130, EventNote{RefTo("p"), false, "Scheduled", "m"});
  harness_->On([&] { writer_->Note(notes); });
  ASSERT_TRUE(server_->WaitForRequests(100));  // the burst: 5 times 20
  const std::string text = harness_->metrics.Text();
  EXPECT_THAT(text, HasSubstr("fairlead_events_dropped_total 30"));
}

TEST(Bodies, StatusPatchAndEvent) {
  const Instant at = {1'767'225'600'123'456'789};
  EXPECT_EQ(PendingPatch({RefTo("p"), "Unschedulable", "WaitingForCapacity", "0/3 nodes"}, at),
            R"({"metadata":{"uid":"u-p"},"status":{"conditions":[{"type":"PodScheduled",)"
            R"("status":"False","reason":"Unschedulable",)"
            R"("message":"WaitingForCapacity: 0/3 nodes","lastProbeTime":null,)"
            R"("lastTransitionTime":"2026-01-01T00:00:00Z"}]}})");
  EXPECT_EQ(EventBody({RefTo("p"), true, "FailedScheduling", "no room"}, 255, at),
            R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"p.00000000000000ff",)"
            R"("namespace":"ta"},"involvedObject":{"apiVersion":"v1","kind":"Pod",)"
            R"("namespace":"ta","name":"p","uid":"u-p"},"type":"Warning",)"
            R"("reason":"FailedScheduling","message":"no room",)"
            R"("source":{"component":"fairlead"},"firstTimestamp":"2026-01-01T00:00:00Z",)"
            R"("lastTimestamp":"2026-01-01T00:00:00Z","count":1})");
  EXPECT_THAT(EventBody({RefTo("p"), false, "Scheduled", "", "n-1"}, 255, at),
              HasSubstr(R"("message":"Successfully assigned ta/p to n-1")"));
  // 253 characters are the longest name; what is cut off must leave a valid one.
  const std::string body =
      EventBody({RefTo(std::string(235, 'a') + "-b-c-d"), false, "R", "m"}, 255, at);
  EXPECT_THAT(body, HasSubstr(R"("name":")" + std::string(235, 'a') + R"(.00000000000000ff")"));
}

}  // namespace
}  // namespace fairlead::kube
