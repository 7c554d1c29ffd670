// The whole client against a server that is a small cluster.
#include "fairlead/kube/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "scheduler/kube/discovery.h"
#include "tests/unit/kube/harness.h"

namespace fairlead::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

Reply Json(const std::string& body, int status = 200) {
  Reply reply;
  reply.status = status;
  reply.body = body;
  return reply;
}

using Strings = std::vector<std::string>;

// Answers like a 1.20 server with one pod; `custom`: the definitions of PodGroup and Queue are
// there.
class Cluster {
 public:
  explicit Cluster(bool custom, std::vector<std::string> claims = {})
      : custom_(custom),
        claims_(std::move(claims)),
        server([this](const Received& request) { return Answer(request); }) {}

 private:
  bool custom_;
  std::vector<std::string> claims_;  // of its pod

 public:
  ScriptedServer server;

 private:
  Reply Answer(const Received& request) const {
    const std::string& target = request.target;
    if (target == "/version") return Json(R"({"major":"1","minor":"20+","gitVersion":"v1.20.2"})");
    if (target == "/api/v1") {
      return Json(R"({"resources":[{"name":"pods"},{"name":"pods/eviction","group":"policy",)"
                  R"("version":"v1beta1","kind":"Eviction"}]})");
    }
    if (target == "/apis") {
      return Json(std::string(R"({"groups":[{"name":"batch","versions":[{"version":"v1"}]})") +
                  (custom_ ? R"(,{"name":"scheduling.x-k8s.io","versions":)"
                             R"([{"version":"v1alpha1"}]},{"name":"fairlead.dev","versions":)"
                             R"([{"version":"v1alpha1"}]}]})"
                           : "]}"));
    }
    if (target == "/apis/scheduling.x-k8s.io/v1alpha1") {
      return Json(R"({"resources":[{"name":"podgroups"},{"name":"podgroups/status"}]})");
    }
    if (target == "/apis/fairlead.dev/v1alpha1") {
      return Json(R"({"resources":[{"name":"queues"},{"name":"queues/status"}]})");
    }
    if (target.find("watch=true") != std::string::npos) {
      Reply reply;
      reply.content_type = kProtoType;
      reply.feed = std::make_shared<Feed>();
      return reply;
    }
    if (request.method == "POST") return Json("", 201);
    return Listed(target);
  }
  Reply Listed(const std::string& target) const {
    if (target.find("/queues") != std::string::npos) {
      return Json(
          R"({"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"vision"}}]})");
    }
    for (const char* kind : {"podgroups", "persistentvolume", "storageclasses", "csinodes"}) {
      if (target.find(kind) == std::string::npos) continue;
      return Json(R"({"metadata":{"resourceVersion":"1"},"items":[]})");
    }
    Reply reply;
    reply.content_type = kProtoType;
    const bool pods = target.find("/pods") != std::string::npos;
    PodSpec pod = NamedPod("a");
    pod.claims = claims_;
    reply.body = PodListBody(pods ? std::vector<PodSpec>{pod, pod} : std::vector<PodSpec>{}, "41");
    return reply;
  }
};

bool AllListed(const std::vector<Event>& events, std::size_t kinds) {
  std::size_t ends = 0;
  for (const Event& event : events) ends += std::holds_alternative<RelistEnded>(event) ? 1U : 0U;
  return ends >= kinds;
}

TEST(Client, FindsListsAndWrites) {
  for (const bool custom : {true, false}) {
    const Cluster cluster(custom);
    RecordingSink sink;
    Metrics metrics;
    Client client(Harness::To(cluster.server), {}, &sink, &metrics);
    std::promise<std::vector<ObjectKind>> discovered;
    client.OnDiscovered(
        [&](std::vector<ObjectKind> kinds) { discovered.set_value(std::move(kinds)); });
    client.Start();
    std::vector<ObjectKind> kinds = discovered.get_future().get();
    std::vector<ObjectKind> expected = {ObjectKind::kNode, ObjectKind::kPod, ObjectKind::kJob,
                                        ObjectKind::kNamespace};
    if (custom) expected.push_back(ObjectKind::kPodGroup);
    if (custom) expected.push_back(ObjectKind::kQueue);
    EXPECT_THAT(kinds, ::testing::UnorderedElementsAreArray(expected));
    ASSERT_TRUE(sink.WaitFor(
        [&](const std::vector<Event>& events) { return AllListed(events, expected.size()); }));

    EXPECT_TRUE(sink.WaitFor([&](const std::vector<Event>& events) {
      return !custom || std::any_of(events.begin(), events.end(), [](const Event& event) {
        const auto* queue = std::get_if<QueueUpserted>(&event);
        return queue != nullptr && queue->queue.object.spec.name == "vision";
      });
    }));

    client.Evict({{{"ta", "a", "u-a"}, "x"}});
    client.Bind({{{"ta", "a", "u-a"}, "n-1", {}, ""}});
    ASSERT_TRUE(sink.WaitFor([](const std::vector<Event>& events) {
      int answers = 0;
      for (const Event& event : events) {
        answers += std::holds_alternative<BindFinished>(event) ? 1 : 0;
        answers += std::holds_alternative<EvictFinished>(event) ? 1 : 0;
      }
      return answers == 2;
    }));
    client.Stop(Duration::Seconds(5));
    std::string eviction;
    for (const Received& request : cluster.server.requests()) {
      if (request.target.find("/eviction") != std::string::npos) eviction = request.body;
    }
    EXPECT_THAT(eviction, HasSubstr("policy/v1beta1"));
  }
}

TEST(Client, WatchesVolumesFromTheFirstPodWithAClaimOn) {
  for (const bool claims : {false, true}) {
    const Cluster cluster(false, claims ? Strings{"data"} : Strings());
    RecordingSink sink;
    Metrics metrics;
    Client client(Harness::To(cluster.server), {}, &sink, &metrics);
    client.Start();
    const std::size_t kinds = claims ? 8 : 4;
    ASSERT_TRUE(
        sink.WaitFor([&](const std::vector<Event>& events) { return AllListed(events, kinds); }));
    client.Stop(Duration::Seconds(5));
    for (const std::string path :
         {"/api/v1/persistentvolumeclaims", "/api/v1/persistentvolumes",
          "/apis/storage.k8s.io/v1/storageclasses", "/apis/storage.k8s.io/v1/csinodes"}) {
      int lists = 0;
      for (const Received& request : cluster.server.requests()) {
        lists += request.target == path + "?resourceVersion=0" ? 1 : 0;
      }
      EXPECT_EQ(lists, claims ? 1 : 0) << path;
    }
  }
}

TEST(Client, AnswersEverythingWhenItStops) {
  const ScriptedServer server([](const Received&) {
    Reply reply;
    reply.hang = true;
    return reply;
  });
  RecordingSink sink;
  Metrics metrics;
  Client client(Harness::To(server), {}, &sink, &metrics);
  client.Start();
  client.Bind({{{"ta", "a", "u-a"}, "n-1", {}, ""}});
  client.Evict({{{"ta", "b", "u-b"}, "x"}});
  ASSERT_TRUE(server.WaitForRequests(3));
  client.Stop(Duration::Milliseconds(1));
  EXPECT_EQ(sink.events().size(), 2U);
  client.Bind({{{"ta", "c", "u-c"}, "n-1", {}, ""}});  // too late, but answered
  const std::vector<Event> events = sink.events();
  ASSERT_EQ(events.size(), 3U);
  const auto& late = std::get<BindFinished>(events.back());
  EXPECT_EQ(late.pod.name, "c");
  EXPECT_EQ(late.outcome, BindOutcome::kFailed);
}

TEST(Client, SaysThatItCannotReachTheServer) {
  Connection connection;
  {
    const ScriptedServer server([](const Received&) { return Json(""); });
    connection = Harness::To(server);
  }
  RecordingSink sink;
  Metrics metrics;
  Client client(connection, {}, &sink, &metrics);
  client.Start();
  const std::string expected =
      "discovery: cannot reach " + connection.server + ": Connection refused (retrying in ";
  std::string text;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until && text.rfind(expected, 0) != 0) {
    text = client.Trouble();
    std::this_thread::yield();
  }
  EXPECT_THAT(text, HasSubstr(expected));
  client.Stop(Duration{});
}

TEST(Discovery, RepeatsUntilTheServerAnswers) {
  std::atomic<int> asked = 0;
  const ScriptedServer server([&](const Received& request) {
    if (++asked == 1) return Json("", 503);
    if (request.target == "/version") return Json(R"({"major":"1","minor":"33"})");
    if (request.target == "/apis") return Json(R"({"groups":[]})");
    return Json(StatusJson(403, "no"), 403);
  });
  Harness harness(server);
  Discovery discovery(&harness.loop, &harness.http, &harness.trouble, FastPace(), &harness.random);
  std::promise<Discovered> promise;
  harness.On([&] { discovery.Start([&](const Discovered& found) { promise.set_value(found); }); });
  const Discovered found = promise.get_future().get();
  EXPECT_EQ(found.minor, 33);
  EXPECT_EQ(found.eviction_api, "policy/v1");  // by its version: /api/v1 is forbidden
  EXPECT_FALSE(found.jobs);
  EXPECT_FALSE(found.pod_groups);
  harness.Finish();
}

TEST(Discovery, WaitsForCustomResources) {
  std::atomic<int> groups = 0;
  std::atomic<int> queues = 0;
  const ScriptedServer server([&](const Received& request) {
    if (request.target == "/apis/fairlead.dev/v1alpha1") {
      return ++queues < 2 ? Json("", 404) : Json(R"({"resources":[{"name":"queues"}]})");
    }
    return ++groups < 4 ? Json("", 404) : Json(R"({"resources":[{"name":"podgroups"}]})");
  });
  Harness harness(server);
  Discovery discovery(&harness.loop, &harness.http, &harness.trouble, FastPace(), &harness.random);
  std::vector<ObjectKind> served;
  std::promise<void> all;
  harness.On([&] {
    discovery.AwaitMissing([&](ObjectKind kind) {
      served.push_back(kind);
      if (served.size() == 2) all.set_value();
    });
  });
  all.get_future().wait();
  EXPECT_EQ(served, (std::vector{ObjectKind::kQueue, ObjectKind::kPodGroup}));
  EXPECT_EQ(groups, 4);
  EXPECT_EQ(queues, 2) << "not asked for any more";
  harness.Finish();
}

TEST(Discovery, RefusesWhatIsNoJson) {
  Discovered found;
  EXPECT_FALSE(ReadVersion("<html>", &found).ok());
  EXPECT_FALSE(ReadCore("{}", &found).ok());
  EXPECT_FALSE(ReadGroups("[]", &found).ok());
  EXPECT_FALSE(ReadPodGroupApi(R"({"resources":1})", &found).ok());
  EXPECT_FALSE(ReadQueueApi(R"({"resources":1})", &found).ok());
}

}  // namespace
}  // namespace fairlead::kube
