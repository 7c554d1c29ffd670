// Queues as objects: they rule the next decision, and what cannot be accepted changes nothing and
// says why.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "fairlead/yaml/document.h"
#include "tests/integration/world_test.h"

namespace fairlead::integration {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kCrds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
constexpr const char* kQueues = "/apis/fairlead.dev/v1alpha1/queues";
constexpr const char* kMerge = "application/merge-patch+json";

// The definition as it is delivered.
std::string QueueCrdJson() {
  const std::string path = std::string(FAIRLEAD_SOURCE_DIR) + "/deploy/crds/queue.yaml";
  return yaml::ToJson(*yaml::Parse(*yaml::ReadFile(path), path));
}

class QueuesTest : public WorldTest {
 protected:
  // With the definition there, and the scheduler running.
  void MakeWithQueues(int nodes, WorldOptions options = {}) {
    Make(nodes, std::move(options));
    ASSERT_EQ(world().Do("POST", kCrds, QueueCrdJson()).status, 201);
    Start();
  }
  // `spec` as JSON. The answer's status.
  int Put(const std::string& name, const std::string& spec) {
    const std::string path = std::string(kQueues) + "/" + name;
    if (world().Do("GET", path).status == 404) {
      return world()
          .Do("POST", kQueues,
              fmt::format(R"({{"apiVersion":"fairlead.dev/v1alpha1","kind":"Queue",)"
                          R"("metadata":{{"name":"{}"}},"spec":{}}})",
                          name, spec))
          .status;
    }
    return world().Do("PATCH", path, R"({"spec":)" + spec + "}", kMerge).status;
  }
  json::object Read(const std::string& name) {
    return json::parse(world().Do("GET", std::string(kQueues) + "/" + name).body).as_object();
  }
  // "True Accepted: message" of the condition, "" where there is none.
  std::string Condition(const std::string& name) {
    const json::object queue = Read(name);
    const json::value* status = queue.if_contains("status");
    if (status == nullptr) return "";
    const json::object& shown = status->at("conditions").at(0).as_object();
    return fmt::format("{} {}: {}", shown.at("status").as_string().c_str(),
                       shown.at("reason").as_string().c_str(),
                       shown.at("message").as_string().c_str());
  }
  // Single pods NAME-from ... of one GPU each.
  void CreatePods(const std::string& queue, int from, int to) {
    for (int i = from; i < to; ++i) {
      Create({.name = fmt::format("{}-{}", queue, i), .gpus = 1, .queue = queue});
    }
  }
  // A pod has all 8 GPUs, and ten of one GPU each wait in a and in b.
  void WaitBehindAFiller() {
    Create({.name = "filler", .gpus = 8, .queue = "a"});
    ASSERT_TRUE(Running(1));
    CreatePods("a", 0, 10);
    CreatePods("b", 0, 10);
    Pass();
  }
  void EndFiller() {
    (void)world().Delete("default", "filler");
    Pass();
  }
  int BoundOf(const std::string& queue) {
    int bound = 0;
    for (const auto& [key, pod] : world().watch().pods()) {
      if (pod.Holds() && pod.name.starts_with(queue + "-")) ++bound;
    }
    return bound;
  }
  // A pod of the queue that runs ends.
  void EndOne(const std::string& queue) {
    for (const auto& [key, pod] : world().watch().pods()) {
      if (!pod.Holds() || !pod.name.starts_with(queue + "-")) continue;
      ASSERT_EQ(world().Delete(pod.ns, pod.name).status, 200);
      return;
    }
  }
  std::vector<int> Bound() { return {BoundOf("a"), BoundOf("b")}; }
  void Pass(int seconds = 2) { world().RunFor(Duration::Seconds(seconds)); }
};

TEST_F(QueuesTest, TheDefinitionIsServedByBothKindsOfServer) {
  for (const apiserver::Profile profile :
       {apiserver::Profile::k120, apiserver::Profile::kCurrent}) {
    WorldOptions options;
    options.server.profile = profile;
    Make(0, options);
    ASSERT_EQ(world().Do("POST", kCrds, QueueCrdJson()).status, 201);
    EXPECT_EQ(Put("a", R"({"weight":"1.5","guarantee":{"cpu":4,"gpu/H100":"8"}})"), 201);
    EXPECT_EQ(json::serialize(Read("a").at("spec").at("order")), "\"priority_fifo\"");
    for (const char* bad :
         {R"({"weight":0})", R"({"weight":1.5})", R"({"weight":"x"})", R"({"limit":{"cpu":-1}})",
          R"({"limit":{"cpu":"NaN"}})", R"({"state":"closed"})", R"({"userLimit":"1.5"})",
          R"({"minRuntime":"5x"})", R"({"maxPendingGangs":-1})", R"({"tenants":["A"]})"}) {
      EXPECT_EQ(Put("bad", bad), 422) << bad;
      EXPECT_EQ(Put("a", bad), 422) << bad;
    }
    // The status is a resource of its own.
    EXPECT_EQ(
        world()
            .Do("PATCH", std::string(kQueues) + "/a", R"({"status":{"pendingGangs":1}})", kMerge)
            .status,
        200);
    EXPECT_FALSE(Read("a").contains("status"));
    EXPECT_EQ(world()
                  .Do("PATCH", std::string(kQueues) + "/a/status",
                      R"({"status":{"pendingGangs":1},"spec":{"weight":7}})", kMerge)
                  .status,
              200);
    EXPECT_EQ(json::serialize(Read("a").at("status")), R"({"pendingGangs":1})");
    EXPECT_EQ(json::serialize(Read("a").at("spec").at("weight")), "\"1.5\"");

    apiserver::Request request;
    request.method = "GET";
    request.path = kQueues;
    request.accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const json::value table = json::parse(world().server().Handle(request).body);
    std::vector<std::string> columns;
    for (const json::value& column : table.at("columnDefinitions").as_array()) {
      columns.emplace_back(column.at("name").as_string());
    }
    EXPECT_THAT(columns, ElementsAre("Name", "Parent", "Weight", "State", "Accepted", "Allocated",
                                     "Entitled", "Pending", "Running", "Age", "Bound by", "Why"));
    const json::array& cells = table.at("rows").at(0).at("cells").as_array();
    EXPECT_EQ(cells[0].as_string(), "a");
    EXPECT_EQ(cells[2].as_string(), "1.5");
    EXPECT_EQ(cells[3].as_string(), "open");
    EXPECT_EQ(cells[7].as_int64(), 1);
  }
}

// Both wait in full when a pod that had everything ends.
TEST_F(QueuesTest, WeightsDivideTheCluster) {
  MakeWithQueues(1);  // 8 GPUs
  ASSERT_EQ(Put("a", R"({"weight":3})"), 201);
  ASSERT_EQ(Put("b", "{}"), 201);
  WaitBehindAFiller();
  EndFiller();
  EXPECT_THAT(Bound(), ElementsAre(6, 2));  // 8 in the proportion 3:1
}

TEST_F(QueuesTest, AnEditTakesEffectInTheNextDecision) {
  MakeWithQueues(1);
  ASSERT_EQ(Put("a", "{}"), 201);
  ASSERT_EQ(Put("b", "{}"), 201);
  WaitBehindAFiller();
  ASSERT_EQ(Put("b", R"({"weight":7})"), 200);
  EndFiller();
  EXPECT_THAT(Bound(), ElementsAre(1, 7));  // 8 in the proportion 1:7
}

TEST_F(QueuesTest, AQueueThatWasIdleGetsItsShareBackAsOthersEnd) {
  MakeWithQueues(1);
  ASSERT_EQ(Put("a", "{}"), 201);
  ASSERT_EQ(Put("b", "{}"), 201);
  CreatePods("a", 0, 20);
  ASSERT_TRUE(Running(8));
  CreatePods("b", 0, 20);
  Pass();
  EXPECT_THAT(Bound(), ElementsAre(8, 0)) << "nothing is evicted";
  for (int ended = 0; ended < 4; ++ended) {
    EndOne("a");
    Pass();
  }
  EXPECT_THAT(Bound(), ElementsAre(4, 4));
  EXPECT_EQ(world().Metric("fairlead_evictions_total"), 0);
}

TEST_F(QueuesTest, AnEditThatCannotBeAcceptedKeepsTheLastGoodOneAndSaysWhy) {
  MakeWithQueues(1);
  ASSERT_EQ(Put("a", R"({"weight":3})"), 201);
  ASSERT_EQ(Put("b", "{}"), 201);
  Pass();
  EXPECT_EQ(Condition("a"), "True Accepted: the queue is in force as it is here");
  // The schema cannot know that this is too much.
  ASSERT_EQ(Put("a", R"({"weight":1,"guarantee":{"cpu":"1E"}})"), 200);
  Pass();
  EXPECT_THAT(Condition("a"), HasSubstr("False InvalidSpec: spec.guarantee.cpu: '1E'"));
  EXPECT_THAT(Condition("a"), HasSubstr("64-bit"));
  EXPECT_THAT(Condition("a"), HasSubstr("; what was accepted before stays in force"));
  EXPECT_EQ(Read("a").at("status").at("observedGeneration").as_int64(), 2);
  WaitBehindAFiller();
  EndFiller();
  EXPECT_THAT(Bound(), ElementsAre(6, 2)) << "by the weight 3 of before";

  ASSERT_EQ(Put("a", R"({"guarantee":null,"parent":"nowhere"})"), 200);
  Pass();
  EXPECT_THAT(Condition("a"), HasSubstr("False DoesNotFit: spec.parent: the queue \"nowhere\""));
  ASSERT_EQ(Put("a", R"({"parent":null})"), 200);
  Pass();
  EXPECT_EQ(Condition("a"), "True Accepted: the queue is in force as it is here");
}

TEST_F(QueuesTest, AGuaranteeThatDoesNotFitNamesBothEnds) {
  MakeWithQueues(1);
  ASSERT_EQ(Put("team", R"({"guarantee":{"gpu/H100":4}})"), 201);
  ASSERT_EQ(Put("a", R"({"parent":"team","guarantee":{"gpu/H100":3}})"), 201);
  ASSERT_EQ(Put("b", R"({"parent":"team","guarantee":{"gpu/H100":2}})"), 201);
  Pass();
  EXPECT_THAT(Condition("a"), HasSubstr("True"));
  EXPECT_THAT(Condition("b"), HasSubstr("False DoesNotFit"));
  EXPECT_THAT(Condition("b"), HasSubstr("\"team\""));
  ASSERT_EQ(Put("a", R"({"guarantee":{"gpu/H100":2}})"), 200);
  Pass();
  EXPECT_THAT(Condition("b"), HasSubstr("True")) << "there is room now";
}

TEST_F(QueuesTest, TheConfigurationsQueuesComeFirst) {
  WorldOptions options;
  QueueSpec heavy;
  heavy.name = "a";
  heavy.weight = 3 * kWeightOne;
  options.policy.queues.push_back(heavy);
  MakeWithQueues(1, options);
  ASSERT_EQ(Put("a", R"({"state":"hold"})"), 201);
  CreatePods("a", 0, 2);
  EXPECT_TRUE(Running(2));
  EXPECT_THAT(Condition("a"), HasSubstr("False DeclaredTwice: the configuration file declares"));
}

TEST_F(QueuesTest, ADeletedQueueLeavesRunningWorkAndItsPodsWait) {
  MakeWithQueues(1);
  ASSERT_EQ(Put("a", "{}"), 201);
  CreatePods("a", 0, 2);
  ASSERT_TRUE(Running(2));
  ASSERT_EQ(world().Do("DELETE", std::string(kQueues) + "/a").status, 200);
  CreatePods("a", 2, 3);
  Pass();
  EXPECT_EQ(BoundOf("a"), 2);
  EXPECT_THAT(Pending("a-2"), HasSubstr("UnknownQueue"));
  ASSERT_EQ(Put("a", "{}"), 201);
  EXPECT_TRUE(Running(3));
}

TEST_F(QueuesTest, HoldStartsNothingAndOpenGoesOn) {
  MakeWithQueues(1);
  ASSERT_EQ(Put("a", R"({"state":"hold"})"), 201);
  CreatePods("a", 0, 2);
  Pass();
  EXPECT_EQ(BoundOf("a"), 0);
  EXPECT_NE(Pending("a-0"), "");
  ASSERT_EQ(Put("a", R"({"state":"open"})"), 200);
  EXPECT_TRUE(Running(2));
  ASSERT_EQ(Put("a", R"({"state":"drain"})"), 200);
  CreatePods("a", 2, 3);
  Pass();
  EXPECT_EQ(BoundOf("a"), 2) << "what runs is left alone, what comes is not started";
}

// A definition that comes later is looked for every 300 s; one that goes takes its queues along.
TEST_F(QueuesTest, TheDefinitionMayComeLateAndGo) {
  Make(1);
  Start();
  CreatePods("a", 0, 1);
  Pass();
  EXPECT_THAT(Pending("a-0"), HasSubstr("UnknownQueue"));
  ASSERT_EQ(world().Do("POST", kCrds, QueueCrdJson()).status, 201);
  ASSERT_EQ(Put("a", "{}"), 201);
  EXPECT_TRUE(Running(1, Duration::Seconds(310)));
  ASSERT_EQ(world().Do("DELETE", std::string(kCrds) + "/queues.fairlead.dev").status, 200);
  Pass(700);  // by then the watch has ended
  CreatePods("a", 1, 2);
  Pass();
  EXPECT_THAT(Pending("a-1"), HasSubstr("UnknownQueue"));
}

TEST_F(QueuesTest, AConditionSurvivesARestartOfTheScheduler) {
  MakeWithQueues(1);
  ASSERT_EQ(Put("a", R"({"parent":"nowhere"})"), 201);
  Pass(10);
  const auto since = [this] {
    return std::string(
        Read("a").at("status").at("conditions").at(0).at("lastTransitionTime").as_string());
  };
  const std::string first = since();
  world().StopScheduler();
  Pass(100);
  Start();
  Pass(10);
  EXPECT_EQ(since(), first);
}

}  // namespace
}  // namespace fairlead::integration
