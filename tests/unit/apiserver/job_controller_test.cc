#include "scheduler/apiserver/job_controller.h"

#include <gtest/gtest.h>

#include <random>

#include "scheduler/apiserver/job_book.h"
#include "tests/unit/apiserver/virtual_cluster.h"

namespace fairlead::apiserver {
namespace {

constexpr std::int64_t kAny = 1'000;

Instant At(std::int64_t seconds) { return Instant{Duration::Seconds(seconds).ns}; }

JobPod Pod(std::string name, JobPodState state, std::int64_t index = -1) {
  return {.name = std::move(name), .state = state, .index = index};
}

TEST(JobBook, CountsOnceByUid) {
  JobBook book;
  book.Upsert("u1", Pod("a", JobPodState::kActive), At(0));
  book.Upsert("u1", Pod("a", JobPodState::kFailed), At(1));
  book.Upsert("u1", Pod("a", JobPodState::kFailed), At(2));
  book.Remove("u1");
  book.Upsert("u2", Pod("a", JobPodState::kActive), At(3));  // the same name again
  book.Remove("u2");
  EXPECT_EQ(book.failed(), 1);
  EXPECT_EQ(book.succeeded(), 0);
  EXPECT_EQ(book.active(), 0);
  EXPECT_EQ(book.last_failure(), At(1));
}

TEST(JobBook, CompletedIndexesAreRanges) {
  JobBook book;
  for (const int index : {5, 0, 2, 1, 7, 6, 9, 2}) {
    book.Upsert("u" + std::to_string(book.succeeded()) + "." + std::to_string(index),
                Pod("p", JobPodState::kSucceeded, index), At(0));
  }
  EXPECT_EQ(book.CompletedIndexes(), "0-2,5-7,9");
  EXPECT_EQ(book.succeeded(), 7);
  book.Upsert("active", Pod("q", JobPodState::kActive, 4), At(0));
  EXPECT_EQ(book.FreeIndexes(12, 3), (std::vector<std::int64_t>{3, 8, 10}));
  EXPECT_EQ(book.FreeIndexes(9, 9), (std::vector<std::int64_t>{3, 8}));
}

TEST(JobPlan, Decides) {
  struct Case {
    const char* name;
    const char* spec;
    int active, succeeded, failed;
    std::int64_t now;
    JobPlan::End end;
    std::int64_t create;
    std::size_t remove;
    std::int64_t again;  // seconds; -1: none
  };
  using End = JobPlan::End;
  // The last failure was at 100 s, the start at 0.
  const std::vector<Case> cases = {
      {"all at once", R"({"parallelism":4,"completions":8})", 0, 0, 0, 0, End::kNone, 4, 0, -1},
      {"only what is missing", R"({"parallelism":4,"completions":8})", 1, 6, 0, 0, End::kNone, 1, 0,
       -1},
      {"too many", R"({"parallelism":2,"completions":8})", 5, 0, 0, 0, End::kNone, 0, 3, -1},
      {"done", R"({"parallelism":4,"completions":8})", 1, 8, 0, 0, End::kComplete, 0, 1, -1},
      {"a queue of work starts", R"({"parallelism":4})", 0, 0, 0, 0, End::kNone, 4, 0, -1},
      {"a queue of work runs dry", R"({"parallelism":4})", 2, 1, 0, 0, End::kNone, 0, 0, -1},
      {"a queue of work is done", R"({"parallelism":4})", 0, 1, 0, 0, End::kComplete, 0, 0, -1},
      {"10 s after the first failure", R"({"parallelism":1,"completions":1})", 0, 0, 1, 101,
       End::kNone, 0, 0, 9},
      {"and then again", R"({"parallelism":1,"completions":1})", 0, 0, 1, 110, End::kNone, 1, 0,
       -1},
      {"40 s after the third", R"({"parallelism":1,"completions":1})", 0, 0, 3, 110, End::kNone, 0,
       0, 30},
      {"at most 6 min", R"({"parallelism":1,"completions":1,"backoffLimit":99})", 0, 0, 30, 100,
       End::kNone, 0, 0, 360},
      {"too many failures", R"({"parallelism":2,"completions":2,"backoffLimit":2})", 1, 0, 3, 100,
       End::kFailed, 0, 1, -1},
      {"too long", R"({"parallelism":2,"completions":2,"activeDeadlineSeconds":50})", 2, 0, 0, 50,
       End::kFailed, 0, 2, -1},
      {"not too long yet", R"({"parallelism":2,"completions":2,"activeDeadlineSeconds":50})", 2, 0,
       0, 20, End::kNone, 0, 0, 30},
      {"suspended", R"({"parallelism":2,"completions":2,"suspend":true})", 2, 0, 0, 0, End::kNone,
       0, 2, -1},
      {"nothing wanted", R"({"parallelism":0,"completions":2})", 0, 0, 0, 0, End::kNone, 0, 0, -1},
      {"some at a time", R"({"parallelism":5000,"completions":5000})", 0, 0, 0, 0, End::kNone, kAny,
       0, 0},
  };
  for (const Case& c : cases) {
    json::object job;
    job["spec"] = FromText(c.spec);
    JobBook book;
    int uid = 0;
    const auto add = [&](int count, JobPodState state) {
      for (int i = 0; i < count; ++i) {
        const std::string id = std::to_string(++uid);
        book.Upsert(id, Pod("p" + id, state), At(100));
      }
    };
    add(c.active, JobPodState::kActive);
    add(c.succeeded, JobPodState::kSucceeded);
    add(c.failed, JobPodState::kFailed);
    const JobPlan plan = PlanJob(JobSpecFrom(job), book, {.now = At(c.now), .start = At(0)}, kAny);
    EXPECT_EQ(plan.end, c.end) << c.name;
    EXPECT_EQ(plan.create, c.create) << c.name;
    EXPECT_EQ(plan.remove.size(), c.remove) << c.name;
    EXPECT_EQ(plan.again ? plan.again->ns / 1'000'000'000 : -1, c.again) << c.name;
  }
}

// I1 and I2 against a recomputation.
TEST(JobBook, RandomChangesAgreeWithARecount) {
  std::mt19937_64 random(3);
  const auto draw = [&](unsigned below) { return static_cast<int>(random() % below); };
  for (int round = 0; round < 100; ++round) {
    JobBook book;
    std::map<std::string, JobPod> pods;
    std::set<std::string> succeeded;
    std::set<std::string> failed;
    for (int step = 0; step < 100; ++step) {
      const std::string uid = std::to_string(draw(20));
      if (draw(4) == 0) {
        book.Remove(uid);
        pods.erase(uid);
      } else if (!succeeded.contains(uid) && !failed.contains(uid)) {
        JobPod pod = Pod("p" + uid, static_cast<JobPodState>(draw(4)));
        pod.ready = draw(2) == 0;
        pods[uid] = pod;
        book.Upsert(uid, pod, At(step));
        if (pod.state == JobPodState::kSucceeded) succeeded.insert(uid);
        if (pod.state == JobPodState::kFailed) failed.insert(uid);
      }
      const auto count = [&](auto matches) {
        return std::count_if(pods.begin(), pods.end(), matches);
      };
      ASSERT_EQ(book.active(),
                count([](const auto& p) { return p.second.state == JobPodState::kActive; }));
      ASSERT_EQ(book.ready(), count([](const auto& p) {
                  return p.second.state == JobPodState::kActive && p.second.ready;
                }));
      ASSERT_EQ(book.terminating(),
                count([](const auto& p) { return p.second.state == JobPodState::kTerminating; }));
      ASSERT_EQ(book.succeeded(), static_cast<std::int64_t>(succeeded.size()));
      ASSERT_EQ(book.failed(), static_cast<std::int64_t>(failed.size()));
    }
  }
}

std::string JobText(const std::string& name, const std::string& spec,
                    const std::string& annotations = "{}") {
  return R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":")" + name + R"("},"spec":{)" +
         spec + (spec.empty() ? "" : ",") + R"("template":{"metadata":{"annotations":)" +
         annotations +
         R"(},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"x"}]}}}})";
}

// Binds every pod that waits, to n1.
void BindAll(VirtualCluster* cluster) {
  cluster->Settle();
  for (const std::string& name : cluster->Names("pods")) {
    if (GetString(cluster->Get("pods", name), {"spec", "nodeName"}).empty()) {
      EXPECT_TRUE(cluster->Bind(name, "n1"));
    }
  }
  cluster->Settle();
}

std::int64_t StatusOf(VirtualCluster* cluster, const std::string& job, std::string_view field) {
  return GetInt(cluster->Get("jobs.batch", job), {"status", field}, 0);
}

TEST(JobController, AJobRunsToItsEnd) {
  for (const Profile profile : {Profile::k120, Profile::kCurrent}) {
    VirtualCluster cluster(profile);
    cluster.kubelets.AddNode({.name = "n1"});
    cluster.Create("jobs.batch", JobText("j", R"("parallelism":2,"completions":3)",
                                         R"({"sim.fairlead.dev/runtime-ms":"1000"})"));
    BindAll(&cluster);
    EXPECT_EQ(cluster.Names("pods").size(), 2U);
    EXPECT_EQ(StatusOf(&cluster, "j", "active"), 2);
    const json::object pod = cluster.Get("pods", cluster.Names("pods").front());
    EXPECT_TRUE(GetString(pod, {"metadata", "name"}).starts_with("j-"));
    EXPECT_EQ(GetString(pod, {"metadata", "labels", "job-name"}), "j");
    const json::object* owner =
        FindArray(pod, {"metadata", "ownerReferences"})->front().if_object();
    EXPECT_EQ(GetString(*owner, {"uid"}),
              GetString(cluster.Get("jobs.batch", "j"), {"metadata", "uid"}));
    cluster.Advance(Duration::Seconds(1));
    BindAll(&cluster);
    cluster.Advance(Duration::Seconds(1));
    const json::object job = cluster.Get("jobs.batch", "j");
    EXPECT_EQ(StatusOf(&cluster, "j", "succeeded"), 3);
    EXPECT_EQ(StatusOf(&cluster, "j", "active"), 0);
    EXPECT_EQ(cluster.ConditionOf(job, "Complete"),
              profile == Profile::k120 ? "True" : "True CompletionsReached");
    EXPECT_FALSE(GetString(job, {"status", "startTime"}).empty());
    EXPECT_FALSE(GetString(job, {"status", "completionTime"}).empty());
  }
}

TEST(JobController, FailuresBackOffAndEndTheJob) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.Create("jobs.batch",
                 JobText("j", R"("backoffLimit":1)", R"({"sim.fairlead.dev/fail-after-ms":"0"})"));
  BindAll(&cluster);
  cluster.Advance(Duration::Seconds(1));
  EXPECT_EQ(StatusOf(&cluster, "j", "failed"), 1);
  EXPECT_EQ(cluster.Names("pods").size(), 1U);  // the next one waits for 10 s
  cluster.Advance(Duration::Seconds(9));
  EXPECT_EQ(cluster.Names("pods").size(), 2U);
  BindAll(&cluster);
  cluster.Advance(Duration::Seconds(1));
  EXPECT_EQ(StatusOf(&cluster, "j", "failed"), 2);
  EXPECT_EQ(cluster.ConditionOf(cluster.Get("jobs.batch", "j"), "Failed"),
            "True BackoffLimitExceeded");
  cluster.Advance(Duration::Seconds(1000));
  EXPECT_EQ(cluster.Names("pods").size(), 2U);
}

TEST(JobController, EvictedPodsAreReplaced) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.Create("jobs.batch", JobText("j", R"("parallelism":3,"completions":3)"));
  BindAll(&cluster);
  const std::string gone = cluster.Names("pods").front();
  EXPECT_TRUE(cluster.Delete("pods", gone));
  cluster.Settle();
  EXPECT_FALSE(cluster.Has("pods", gone));
  EXPECT_EQ(cluster.Names("pods").size(), 3U);
  EXPECT_EQ(StatusOf(&cluster, "j", "failed"), 0);
  EXPECT_EQ(StatusOf(&cluster, "j", "active"), 3);
}

TEST(JobController, DeadlineSuspensionAndTimeToLive) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.Create("jobs.batch", JobText("late", R"("activeDeadlineSeconds":5)"));
  BindAll(&cluster);
  cluster.Advance(Duration::Seconds(5));
  const json::object late = cluster.Get("jobs.batch", "late");
  EXPECT_EQ(cluster.ConditionOf(late, "Failed"), "True DeadlineExceeded");
  EXPECT_EQ(StatusOf(&cluster, "late", "failed"), 1);
  EXPECT_TRUE(cluster.Names("pods").empty());

  cluster.Create("jobs.batch", JobText("held", R"("suspend":true,"ttlSecondsAfterFinished":7)",
                                       R"({"sim.fairlead.dev/runtime-ms":"0"})"));
  cluster.Advance(Duration::Seconds(100));
  EXPECT_TRUE(cluster.Names("pods").empty());
  EXPECT_EQ(cluster.ConditionOf(cluster.Get("jobs.batch", "held"), "Suspended"),
            "True JobSuspended");
  json::object held = cluster.Get("jobs.batch", "held");
  fairlead::apiserver::At(&held, {"spec", "suspend"}) = false;
  EXPECT_TRUE(cluster.api.Update(cluster.api.Of("jobs.batch"), {"default", "held"}, "", held).ok());
  BindAll(&cluster);
  cluster.Advance(Duration::Seconds(1));
  EXPECT_EQ(cluster.ConditionOf(cluster.Get("jobs.batch", "held"), "Suspended"),
            "False JobResumed");
  EXPECT_EQ(StatusOf(&cluster, "held", "succeeded"), 1);
  cluster.Advance(Duration::Seconds(5));
  EXPECT_TRUE(cluster.Has("jobs.batch", "held"));
  cluster.Advance(Duration::Seconds(2));
  EXPECT_FALSE(cluster.Has("jobs.batch", "held"));
  EXPECT_TRUE(cluster.Names("pods").empty());
}

TEST(JobController, IndexedPodsCarryTheirIndex) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.Create("jobs.batch",
                 JobText("j", R"("parallelism":2,"completions":3,"completionMode":"Indexed")",
                         R"({"sim.fairlead.dev/runtime-ms":"1000"})"));
  BindAll(&cluster);
  std::vector<std::string> indexes;
  for (const std::string& name : cluster.Names("pods")) {
    const json::object pod = cluster.Get("pods", name);
    indexes.emplace_back(MapGet(*FindObject(pod, {"metadata", "annotations"}),
                                "batch.kubernetes.io/job-completion-index"));
    EXPECT_TRUE(name.starts_with("j-" + indexes.back() + "-")) << name;
  }
  EXPECT_EQ(indexes, (std::vector<std::string>{"0", "1"}));
  cluster.Advance(Duration::Seconds(1));
  BindAll(&cluster);
  cluster.Advance(Duration::Seconds(1));
  EXPECT_EQ(GetString(cluster.Get("jobs.batch", "j"), {"status", "completedIndexes"}), "0-2");
}

TEST(JobController, ManyPodsAreMadeInTurns) {
  VirtualCluster cluster;
  cluster.Create("jobs.batch", JobText("j", R"("parallelism":950,"completions":1000)"));
  cluster.Settle();
  EXPECT_EQ(cluster.Names("pods").size(), 950U);
  EXPECT_EQ(StatusOf(&cluster, "j", "active"), 950);
  EXPECT_LE(cluster.Names("events").size(), 10U);
}

}  // namespace
}  // namespace fairlead::apiserver
