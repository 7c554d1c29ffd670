// The scheduler as a program: options, exit codes, endpoints, and what kubectl shows of its work.
#include "tests/e2e/e2e_test.h"
#include "tests/support/certificate.h"

namespace fairlead::e2e {
namespace {

using testing::HasSubstr;

using ProcessTest = E2eTest;

struct BadStart {
  const char* name;
  const char* kubeconfig;  // its text; null: no such file
  const char* config;
  const char* said;

  // Else the name of the test would show addresses.
  friend void PrintTo(const BadStart& it, std::ostream* out) { *out << it.name; }
};

class BadStarts : public E2eTest, public testing::WithParamInterface<BadStart> {};

TEST_P(BadStarts, EndWithCode2AndSayWhy) {
  const std::string kubeconfig = dir() + "/bad.kubeconfig";
  if (GetParam().kubeconfig != nullptr) WriteFileText(kubeconfig, GetParam().kubeconfig);
  SchedulerProcess& scheduler =
      SpawnScheduler({.kubeconfig = kubeconfig, .config = GetParam().config});
  EXPECT_EQ(scheduler.Wait(seconds(20)), 2);
  EXPECT_THAT(scheduler.Log(), HasSubstr(GetParam().said));
  ForgetSchedulers();
}

constexpr const char* kGoodKubeconfig =
    "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {server: "
    "'http://127.0.0.1:1'}\n"
    "contexts:\n- name: c\n  context: {cluster: c, user: u}\nusers:\n- name: u\n  user: {}\n"
    "current-context: c\n";

INSTANTIATE_TEST_SUITE_P(
    Scheduler, BadStarts,
    testing::Values(BadStart{"MissingKubeconfig", nullptr, "", "bad.kubeconfig"},
                    BadStart{"KubeconfigIsNoYaml", "clusters: [", "", "bad.kubeconfig:"},
                    BadStart{"KubeconfigWithoutContext",
                             "apiVersion: v1\nkind: Config\ncurrent-context: gone\n", "", "gone"},
                    BadStart{"UnknownKeyInConfig", kGoodKubeconfig, "qeues: []\n", "qeues"},
                    BadStart{"ValueOutOfRange", kGoodKubeconfig, "policy:\n  bind_timeout: 1ns\n",
                             "bind_timeout"}),
    [](const auto& test) { return test.param.name; });

TEST_F(ProcessTest, ExpiredCertificateIsNamed) {
  const std::string base = dir() + "/expired";
  ASSERT_TRUE(WriteCertificate(plane().dir(), base + ".crt", base + ".key", -7200, -3600));
  CuttingProxy proxy(plane().scheduler(), [](const ProxiedRequest&) { return Fate::kForward; });
  ASSERT_TRUE(proxy.UseCertificate(base + ".crt", base + ".key"));
  ASSERT_TRUE(proxy.Listen());
  proxy.WriteKubeconfig(base + ".kubeconfig", plane().dir() + "/ca.crt");
  SchedulerProcess& scheduler = SpawnScheduler({.kubeconfig = base + ".kubeconfig"});
  std::string body;
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    return scheduler.Get("/readyz", &body) == 503 && body.find("expired") != std::string::npos;
  })) << body;
  EXPECT_THAT(scheduler.Log(), HasSubstr("expired"));
  EXPECT_EQ(scheduler.Terminate(), 0);
  ForgetSchedulers();
}

TEST_F(ProcessTest, GoodCertificateThroughTheSameProxyWorks) {
  const std::string base = dir() + "/good";
  ASSERT_TRUE(WriteCertificate(plane().dir(), base + ".crt", base + ".key", -60, 3600));
  CuttingProxy proxy(plane().scheduler(), [](const ProxiedRequest&) { return Fate::kForward; });
  ASSERT_TRUE(proxy.UseCertificate(base + ".crt", base + ".key"));
  ASSERT_TRUE(proxy.Listen());
  proxy.WriteKubeconfig(base + ".kubeconfig", plane().dir() + "/ca.crt");
  EXPECT_EQ(StartScheduler({.kubeconfig = base + ".kubeconfig"}).Terminate(), 0);
  ForgetSchedulers();
}

TEST_F(ProcessTest, WrongTokenIsNamedAndNeverShown) {
  CuttingProxy proxy(plane().scheduler(), [](const ProxiedRequest&) { return Fate::kForward; });
  Access wrong = plane().scheduler();
  wrong.token = "not-the-token";
  CuttingProxy with_wrong_token(wrong, [](const ProxiedRequest&) { return Fate::kForward; });
  ASSERT_TRUE(with_wrong_token.Listen());
  with_wrong_token.WriteKubeconfig(dir() + "/wrong.kubeconfig");
  SchedulerProcess& scheduler = SpawnScheduler({.kubeconfig = dir() + "/wrong.kubeconfig"});
  std::string body;
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    return scheduler.Get("/readyz", &body) == 503 && body.find("401") != std::string::npos;
  })) << body;
  EXPECT_THAT(scheduler.Log() + body, testing::Not(HasSubstr("not-the-token")));
  EXPECT_EQ(scheduler.Terminate(), 0);
  ForgetSchedulers();
}

TEST_F(ProcessTest, DryRunBindsNothing) {
  AddNodes(1);
  CreatePod({.name = "a", .gpus = 1});
  CreatePod({.name = "huge", .gpus = 9});
  SchedulerProcess& scheduler = StartScheduler({.arguments = {"--dry-run"}});
  const std::string plan = "{\"gang\":\"" + ns() + "/a\",\"pod\":0,\"node\":\"" + NodeName(0);
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    return scheduler.Log().find(plan) != std::string::npos;
  })) << scheduler.Log();
  EXPECT_EQ(scheduler.Terminate(), 0);  // so that nothing is under way any more
  EXPECT_EQ(api().Get(PodPath("a")).ToJson()["spec"].value("nodeName", ""), "");
  EXPECT_EQ(WaitPending("huge", "", milliseconds(0)), "");
  EXPECT_TRUE(Events("FailedScheduling").empty());
  ForgetSchedulers();
}

TEST_F(ProcessTest, MetricsPassPromtool) {
  AddNodes(1);
  SchedulerProcess& scheduler = StartScheduler();
  CreatePod({.name = "a", .gpus = 1});
  CreatePod({.name = "huge", .gpus = 9});
  ASSERT_TRUE(WaitPhase("a", "Running"));
  ASSERT_NE(WaitPending("huge"), "");
  std::string text;
  // As of the decision after the binding was seen.
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    return scheduler.Metric("fairlead_pending_pods{queue=\"default\"}") == 1;
  }));
  ASSERT_EQ(scheduler.Get("/metrics", &text), 200);
  EXPECT_THAT(text, HasSubstr("fairlead_schedule_attempts_total{result=\"scheduled\"} "));
  EXPECT_THAT(text, HasSubstr("fairlead_cache_size{kind=\"nodes\"} "));
  std::string output;
  EXPECT_EQ(RunCommand({plane().Program("promtool"), "check", "metrics"}, &output, text), 0)
      << output;
}

TEST_F(ProcessTest, KubectlShowsTheGangRunningAndWhyAnotherWaits) {
  AddNodes(1);
  StartScheduler();
  CreateGang("train", 0, 8, {.gpus = 1, .gang_size = "8"});
  ASSERT_TRUE(WaitRunning(8));
  CreatePod({.name = "waits", .gpus = 1});
  ASSERT_NE(WaitPending("waits"), "");
  std::string shown;
  ASSERT_EQ(
      Kubectl(plane(), {"-n", ns(), "get", "pods", "-l", "fairlead.dev/gang=train", "--no-headers"},
              &shown),
      0)
      << shown;
  int running = 0;
  for (std::size_t at = shown.find("Running"); at != std::string::npos;
       at = shown.find("Running", at + 1)) {
    ++running;
  }
  EXPECT_EQ(running, 8) << shown;
  // The event is written after the condition.
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    Kubectl(plane(), {"-n", ns(), "describe", "pod", "waits"}, &shown);
    return shown.find("FailedScheduling") != std::string::npos;
  })) << shown;
}

}  // namespace
}  // namespace fairlead::e2e
