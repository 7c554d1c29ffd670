// kubectl against `fairlead demo --serve`: Debian's client of 1.20, and the one on the PATH if
// there is another. Needs the control plane's tools, not the control plane.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/support/process.h"

namespace fairlead::e2e {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

constexpr const char* kPod = R"(apiVersion: v1
kind: Pod
metadata: {name: mine, namespace: team-vision, labels: {fairlead.dev/queue: vision}}
spec:
  schedulerName: fairlead
  containers:
  - name: c
    image: example.com/mine:1
    resources: {limits: {nvidia.com/gpu: "2"}}
)";

std::string OnPath(const std::string& name) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  std::string rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string file = rest.substr(0, colon) + "/" + name;
    if (std::filesystem::exists(file)) return file;
    rest.erase(0, colon + 1);
  }
  return "";
}

class KubectlTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const char* plane = std::getenv("FAIRLEAD_E2E_DIR");  // NOLINT(concurrency-mt-unsafe)
    program_ = GetParam() == "Debian" ? std::string(plane == nullptr ? "" : plane) + "/bin/kubectl"
                                      : OnPath("kubectl");
    if (program_.empty()) GTEST_SKIP() << "SKIP: there is no kubectl on the PATH";
    dir_ = MakeTempDirectory("fairlead-kubectl");
    WriteFileText(dir_ + "/kubeconfig", "apiVersion: v1\nkind: Config\n");
    ASSERT_TRUE(demo_.Start(
        {FAIRLEAD_BINARY, "demo", "--serve", "--plain", "--nodes", "2", "--speed", "100"},
        dir_ + "/demo.log"));
    ASSERT_TRUE(Eventually(seconds(60), [this] {
      return ReadFileText(dir_ + "/demo.log").find("Ctrl-C ends it.") != std::string::npos;
    })) << ReadFileText(dir_ + "/demo.log");
    const std::string log = ReadFileText(dir_ + "/demo.log");
    const std::size_t begin = log.find("--server=");
    server_ = log.substr(begin, log.find(' ', begin) - begin);
  }
  void TearDown() override {
    if (demo_.pid() > 0) {
      demo_.Signal(SIGINT);
      EXPECT_EQ(demo_.Wait(seconds(20)), 130);
    }
    std::error_code ignored;
    if (!dir_.empty()) std::filesystem::remove_all(dir_, ignored);
  }

  std::vector<std::string> Command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {program_, server_, "--kubeconfig", dir_ + "/kubeconfig",
                                         "--cache-dir", dir_ + "/cache"});
    return arguments;
  }
  // What it prints, both streams; the exit code goes to code_.
  std::string Kubectl(const std::vector<std::string>& arguments, const std::string& input = "") {
    std::string output;
    code_ = RunCommand(Command(arguments), &output, input);
    return output;
  }

  std::string program_, dir_, server_;
  Process demo_;
  int code_ = -1;
};

TEST_P(KubectlTest, GetsTheUsualColumns) {
  EXPECT_THAT(Kubectl({"get", "nodes"}), ContainsRegex("NAME +STATUS +ROLES +AGE +VERSION"));
  EXPECT_EQ(code_, 0);
  const std::string pods = Kubectl({"get", "pods", "-n", "team-vision", "-o", "wide"});
  EXPECT_THAT(pods, ContainsRegex("NAME +READY +STATUS +RESTARTS +AGE +IP +NODE"));
  EXPECT_THAT(pods, HasSubstr("Completed"));
  EXPECT_THAT(Kubectl({"get", "jobs", "--all-namespaces"}),
              ContainsRegex("NAMESPACE +NAME +(STATUS +)?COMPLETIONS +DURATION +AGE"));
  EXPECT_THAT(Kubectl({"get", "namespaces"}), ContainsRegex("team-robotics +Active"));
  EXPECT_THAT(Kubectl({"get", "node", "node-000", "-o", "yaml"}),
              HasSubstr("nvidia.com/gpu.product: H100"));
  EXPECT_THAT(Kubectl({"get", "pods", "-n", "nowhere"}), HasSubstr("No resources found"));
  EXPECT_THAT(Kubectl({"get", "widgets"}), HasSubstr("the server doesn't have a resource type"));
  EXPECT_EQ(code_, 1);
}

TEST_P(KubectlTest, CreatesAPodThatIsScheduledAndDeletesIt) {
  Process watch;
  ASSERT_TRUE(watch.Start(
      Command({"get", "pods", "-n", "team-vision", "-w", "--field-selector", "metadata.name=mine"}),
      dir_ + "/watch.log"));
  EXPECT_THAT(Kubectl({"create", "-f", "-"}, kPod), HasSubstr("pod/mine created"));
  ASSERT_EQ(code_, 0);
  EXPECT_TRUE(Eventually(seconds(20), [this] {
    return ReadFileText(dir_ + "/watch.log").find("Running") != std::string::npos;
  })) << ReadFileText(dir_ + "/watch.log");
  const std::string described = Kubectl({"describe", "pod", "-n", "team-vision", "mine"});
  EXPECT_THAT(described, ContainsRegex("Node: +node-00[01]"));
  EXPECT_THAT(described, ContainsRegex("nvidia.com/gpu: +2"));
  EXPECT_THAT(described, HasSubstr("Successfully assigned team-vision/mine to node-00"));
  EXPECT_THAT(Kubectl({"describe", "nodes"}), HasSubstr("team-vision"));
  EXPECT_THAT(Kubectl({"label", "pod", "-n", "team-vision", "mine", "x=1"}),
              HasSubstr("pod/mine labeled"));
  EXPECT_THAT(Kubectl({"delete", "pod", "-n", "team-vision", "mine"}),
              HasSubstr("pod \"mine\" deleted"));
  EXPECT_EQ(code_, 0);
  EXPECT_THAT(Kubectl({"get", "pod", "-n", "team-vision", "mine"}), HasSubstr("not found"));
  watch.Signal(SIGTERM);
  watch.Wait(seconds(10));
}

TEST_P(KubectlTest, IsRefusedPolitely) {
  Kubectl({"create", "-f", "-"}, kPod);
  const std::string logs = Kubectl({"logs", "-n", "team-vision", "mine"});
  EXPECT_EQ(code_, 1);
  EXPECT_THAT(logs, HasSubstr("simulated"));
  EXPECT_THAT(Kubectl({"create", "-f", "-"}, "apiVersion: v1\nkind: Pod\nmetadata: {name: bad}\n"),
              HasSubstr("spec.containers: Required value"));
  EXPECT_EQ(code_, 1);
}

std::string NameOf(const testing::TestParamInfo<std::string>& client) { return client.param; }

INSTANTIATE_TEST_SUITE_P(Client, KubectlTest, testing::Values("Debian", "OnThePath"), NameOf);

}  // namespace
}  // namespace fairlead::e2e
