// Queues as objects and a configuration that is read again, on the real control plane.
#include <regex>

#include "tests/e2e/e2e_test.h"
#include "tests/support/process.h"

namespace fairlead::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kQueues = "/apis/fairlead.dev/v1alpha1/queues";

// A table as `fairlead queues --json` prints it: that queue; empty if it is not there.
Json QueueIn(const Json& table, const std::string& name) {
  for (const Json& queue : table.value("queues", Json::array())) {
    if (queue.value("name", "") == name) return queue;
  }
  return Json::object();
}

// The last whole one of some lines of JSON; empty if there is none.
Json LastLine(const std::string& lines) {
  const std::size_t end = lines.rfind('\n');
  if (end == std::string::npos || end == 0) return Json::object();
  const std::size_t before = lines.rfind('\n', end - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return Json::parse(lines.substr(begin, end - begin), nullptr, false);
}

// Queues are of the whole cluster, so that each case has its own names.
class QueuesE2eTest : public E2eTest {
 protected:
  void TearDown() override {
    E2eTest::TearDown();
    for (const std::string& queue : made_) api().Send("DELETE", kQueues + ("/" + queue));
  }

  std::string Q(const std::string& name) const { return ns() + "-" + name; }

  Response Make(const std::string& name, const Json& spec) {
    made_.push_back(Q(name));
    return api().Post(kQueues, {{"apiVersion", "fairlead.dev/v1alpha1"},
                                {"kind", "Queue"},
                                {"metadata", {{"name", Q(name)}}},
                                {"spec", spec}});
  }
  Response Edit(const std::string& name, const Json& spec) {
    return api().Send("PATCH", kQueues + ("/" + Q(name)), Json({{"spec", spec}}).dump(),
                      kMergePatch);
  }
  Json Status(const std::string& name) {
    return api().Get(kQueues + ("/" + Q(name))).ToJson().value("status", Json::object());
  }
  // "True Accepted: message"
  std::string Condition(const std::string& name) {
    const Json status = Status(name);
    if (!status.contains("conditions")) return "";
    const Json& shown = status["conditions"][0];
    return shown.value("status", "") + " " + shown.value("reason", "") + ": " +
           shown.value("message", "");
  }
  std::string WaitCondition(const std::string& name, const std::string& begin) {
    Eventually(seconds(20), [&] { return Condition(name).rfind(begin, 0) == 0; });
    return Condition(name);
  }
  // Gangs GANG-from ... of two pods with two GPUs each.
  void CreateGangs(const std::string& queue, int from, int to) {
    for (int i = from; i < to; ++i) {
      CreateGang(queue + std::to_string(i), 0, 2, {.gpus = 2, .gang_size = "2", .queue = Q(queue)});
    }
  }
  int GangsOf(const std::string& queue) {
    int pods = 0;
    kubelets().Look([&](const ClusterView& view) {
      for (const auto& [key, pod] : view.pods) {
        if (pod.ns == ns() && !pod.node.empty() && pod.gang.rfind(queue, 0) == 0) ++pods;
      }
    });
    return pods / 2;
  }
  // A gang of the queue that runs ends.
  void EndOne(const std::string& queue) {
    std::string gang;
    kubelets().Look([&](const ClusterView& view) {
      for (const auto& [key, pod] : view.pods) {
        if (pod.ns == ns() && pod.phase == "Running" && pod.gang.rfind(queue, 0) == 0) {
          gang = pod.gang;
        }
      }
    });
    ASSERT_NE(gang, "");
    for (const char* member : {"-0", "-1"}) DeletePod(gang + member);
    EXPECT_TRUE(kubelets().WaitFor(seconds(20), [&](const ClusterView& view) {
      return view.Find(ns(), gang + "-0") == nullptr && view.Find(ns(), gang + "-1") == nullptr;
    }));
  }
  bool WaitGangs(int a, int b) {
    return Eventually(seconds(30), [&] { return GangsOf("a") == a && GangsOf("b") == b; });
  }

 private:
  std::vector<std::string> made_;
};

TEST_F(QueuesE2eTest, KubectlTakesTheDefinitionAndShowsTheColumns) {
  const auto kubectl = [this](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {plane().dir() + "/bin/kubectl", "--kubeconfig",
                      plane().dir() + "/admin.kubeconfig", "--cache-dir", dir() + "/cache"});
    std::string output;
    EXPECT_EQ(RunCommand(arguments, &output), 0) << output;
    return output;
  };
  const std::string file = std::string(FAIRLEAD_SOURCE_DIR) + "/deploy/crds/queue.yaml";
  EXPECT_THAT(kubectl({"replace", "-f", file}), HasSubstr("queues.fairlead.dev replaced"));
  ASSERT_TRUE(Make("a", {{"weight", "1.5"}}).ok());
  StartScheduler();
  EXPECT_THAT(WaitCondition("a", "True"), StartsWith("True Accepted"));
  const std::string table = kubectl({"get", "queues.fairlead.dev", Q("a")});
  for (const char* column : {"PARENT", "WEIGHT", "STATE", "ACCEPTED", "ALLOCATED", "ENTITLED",
                             "PENDING", "RUNNING", "AGE", "1.5", "open", "True"}) {
    EXPECT_THAT(table, HasSubstr(column));
  }
}

TEST_F(QueuesE2eTest, TheServerRefusesWhatTheSchemaCanTell) {
  for (const Json& bad :
       {Json{{"weight", 0}}, Json{{"weight", 1.5}}, Json{{"weight", "NaN"}},
        Json{{"guarantee", {{"cpu", -1}}}}, Json{{"guarantee", {{"cpu", "NaN"}}}},
        Json{{"limit", {{"cpu", "-1"}}}}, Json{{"lendingLimit", {{"cpu", ""}}}},
        Json{{"state", "closed"}}, Json{{"order", "lifo"}}, Json{{"userLimit", "1.5"}},
        Json{{"minRuntime", "5x"}}, Json{{"maxRunningGangs", -1}}, Json{{"tenants", {"A"}}}}) {
    EXPECT_EQ(Make("bad", bad).status, 422) << bad;
  }
}

// 24 GPUs are 6 gangs of 4: by weights 2:1 they are 4 and 2, to within one gang.
TEST_F(QueuesE2eTest, TwoQueuesConvergeToTheirWeights) {
  AddNodes(3);
  ASSERT_TRUE(Make("a", {{"weight", 2}}).ok());
  ASSERT_TRUE(Make("b", {{"weight", 1}}).ok());
  StartScheduler();
  CreateGangs("b", 0, 8);  // b has everything first
  ASSERT_TRUE(WaitGangs(0, 6));
  CreateGangs("a", 0, 8);
  for (int ended = 0; ended < 4; ++ended) {
    EndOne("b");
    ASSERT_TRUE(Eventually(seconds(30), [&] { return GangsOf("a") == ended + 1; }));
  }
  EXPECT_TRUE(WaitGangs(4, 2));
  for (int ended = 0; ended < 3; ++ended) {  // and stay there, whoever ends
    EndOne(ended == 1 ? "b" : "a");
    EXPECT_TRUE(WaitGangs(4, 2));
  }
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    const Json status = Status("a");
    return status.value("runningGangs", 0) == 4 && status.value("dominantShare", "") == "0.6667" &&
           status.value("entitledShare", "") == "0.6667";
  })) << Status("a");
}

TEST_F(QueuesE2eTest, AnIdleQueueGetsItsShareBackWithoutEvictions) {
  AddNodes(2);  // 4 gangs
  for (const char* queue : {"a", "b"}) ASSERT_TRUE(Make(queue, Json::object()).ok());
  SchedulerProcess& scheduler = StartScheduler();
  CreateGangs("a", 0, 8);
  ASSERT_TRUE(WaitGangs(4, 0));
  CreateGangs("b", 0, 8);
  EXPECT_THAT(WaitPending("b0-0"), StartsWith("Unschedulable: "));
  EndOne("a");
  EXPECT_TRUE(WaitGangs(3, 1));
  EndOne("a");
  EXPECT_TRUE(WaitGangs(2, 2));
  std::string metrics;
  ASSERT_EQ(scheduler.Get("/metrics", &metrics), 200);
  EXPECT_EQ(metrics.find("fairlead_evictions_total{"), std::string::npos);
}

TEST_F(QueuesE2eTest, AnEditTakesEffectAndAnInvalidOneChangesNothing) {
  AddNodes(2);  // 4 gangs
  for (const char* queue : {"a", "b"}) ASSERT_TRUE(Make(queue, Json::object()).ok());
  StartScheduler();
  CreateGangs("a", 0, 8);
  ASSERT_TRUE(WaitGangs(4, 0));
  CreateGangs("b", 0, 8);
  ASSERT_TRUE(Edit("b", {{"weight", 3}}).ok());
  for (int ended = 0; ended < 3; ++ended) {
    EndOne("a");
    ASSERT_TRUE(WaitGangs(3 - ended, 1 + ended));
  }
  // Not what any schema can tell: it does not fit in 64 bits. The weight 3 of before stays.
  ASSERT_TRUE(Edit("b", {{"weight", 1}, {"guarantee", {{"cpu", "1E"}}}}).ok());
  const std::string why = WaitCondition("b", "False");
  EXPECT_THAT(why, StartsWith("False InvalidSpec: spec.guarantee.cpu: '1E'"));
  EXPECT_THAT(why, HasSubstr("64-bit"));
  EXPECT_THAT(why, HasSubstr("what was accepted before stays in force"));
  EndOne("b");
  EXPECT_TRUE(WaitGangs(1, 3));
  ASSERT_TRUE(Edit("b", {{"guarantee", nullptr}, {"parent", Q("nowhere")}}).ok());
  EXPECT_THAT(WaitCondition("b", "False DoesNotFit"), HasSubstr(Q("nowhere")));
  ASSERT_TRUE(Edit("b", {{"parent", nullptr}}).ok());
  EXPECT_THAT(WaitCondition("b", "True"), StartsWith("True Accepted"));
}

TEST_F(QueuesE2eTest, HoldAndDrain) {
  AddNodes(1);  // 2 gangs
  ASSERT_TRUE(Make("a", {{"state", "hold"}}).ok());
  StartScheduler();
  CreateGangs("a", 0, 1);
  EXPECT_THAT(WaitPending("a0-0"), StartsWith("Unschedulable: "));
  EXPECT_EQ(GangsOf("a"), 0);
  ASSERT_TRUE(Edit("a", {{"state", "open"}}).ok());
  ASSERT_TRUE(WaitRunning(2));
  ASSERT_TRUE(Edit("a", {{"state", "drain"}}).ok());
  ASSERT_TRUE(
      Eventually(seconds(20), [&] { return Status("a").value("observedGeneration", 0) == 3; }));
  CreateGangs("a", 1, 2);
  EXPECT_THAT(WaitPending("a1-0"), StartsWith("Unschedulable: "));
  EXPECT_EQ(GangsOf("a"), 1) << "what runs is left alone";
}

TEST_F(QueuesE2eTest, AConfigurationIsReadAgainOnSighup) {
  AddNodes(1);
  SchedulerProcess& scheduler = StartScheduler();
  CreateGangs("a", 0, 1);
  EXPECT_THAT(WaitPending("a0-0", "UnknownQueue"), HasSubstr("UnknownQueue"));
  scheduler.Reload("queues: [{name: " + Q("a") + ", weight: 0}]\n");
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    return scheduler.Metric("fairlead_config_reloads_total{result=\"refused\"}") == 1;
  }));
  EXPECT_THAT(scheduler.Log(), HasSubstr("queues[0].weight"));
  scheduler.Reload("queues: [{name: " + Q("a") + "}]\n");
  EXPECT_TRUE(WaitRunning(2));
  EXPECT_THAT(scheduler.Log(), HasSubstr("queue " + Q("a") + ": added"));
}

// `fairlead nodes` over gRPC, and the metric. A gang of 2 pods of 2 GPUs leaves 4 of 8.
TEST_F(QueuesE2eTest, TheCommandShowsNodesAndWhatIsFree) {
  AddNodes(1);
  ASSERT_TRUE(Make("a", {}).ok());
  SchedulerProcess& scheduler = StartScheduler();
  CreateGangs("a", 0, 1);
  ASSERT_TRUE(WaitRunning(2));
  const std::vector<std::string> command = {FAIRLEAD_BINARY, "nodes", "--json", "--server",
                                            "127.0.0.1:" + std::to_string(scheduler.grpc_port())};
  Json node;
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    std::string json;
    EXPECT_EQ(RunCommand(command, &json), 0) << json;
    const Json report = LastLine(json);
    if (report.value("nodes", Json::array()).size() != 1) return false;
    node = report["nodes"][0];
    return node.value("free_gpus", "") == "4";
  })) << node;
  EXPECT_EQ(node["devices"].size(), 8U);
  EXPECT_EQ(node["out_of_use"], Json::array());
  EXPECT_EQ(scheduler.Metric("fairlead_gpus_free"), 4);
  EXPECT_EQ(scheduler.Metric("fairlead_gpu_fragmentation_ratio"), 0);
}

// `fairlead queues` over gRPC. 8 GPUs are 2 gangs of 4; the third one waits.
TEST_F(QueuesE2eTest, TheCommandShowsQueuesAsTheyAreAndFollowsThem) {
  AddNodes(1);
  ASSERT_TRUE(Make("a", {{"weight", "1.5"}}).ok());
  SchedulerProcess& scheduler = StartScheduler();
  CreateGangs("a", 0, 3);
  ASSERT_TRUE(WaitRunning(4));
  std::vector<std::string> command = {FAIRLEAD_BINARY, "queues", "--server",
                                      "127.0.0.1:" + std::to_string(scheduler.grpc_port())};
  std::string table;
  // What is shown is made anew every second.
  const std::regex row("\n" + Q("a") + " +open +1\\.5 +cpu ");
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    EXPECT_EQ(RunCommand(command, &table), 0) << table;
    return std::regex_search(table, row);
  })) << table;
  EXPECT_THAT(table, StartsWith("QUEUE "));

  command.push_back("--json");
  Json now;
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    std::string json;
    EXPECT_EQ(RunCommand(command, &json), 0) << json;
    now = QueueIn(LastLine(json), Q("a"));
    return now.value("running_gangs", 0) == 2 && now.value("pending_gangs", 0) == 1;
  })) << now;
  EXPECT_EQ(now.value("weight", ""), "1.5");
  EXPECT_EQ(now.value("dominant_share", ""), "1/1");
  EXPECT_EQ(now["allocated"].value("cpu", ""), "4");

  command.push_back("--watch");
  Process watch;
  const std::string output = dir() + "/watch.jsonl";
  ASSERT_TRUE(watch.Start(command, output));
  const auto last = [&] { return LastLine(ReadFileText(output)); };
  const auto waits = [&](int gangs) {
    return Eventually(seconds(20),
                      [&] { return QueueIn(last(), Q("a")).value("pending_gangs", -1) == gangs; });
  };
  EXPECT_TRUE(waits(1)) << last();
  EndOne("a");
  EXPECT_TRUE(waits(0)) << last();
  CreateGangs("a", 3, 5);
  EXPECT_TRUE(waits(2)) << last();
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.Wait(seconds(20)), 130);
}

}  // namespace
}  // namespace fairlead::e2e
