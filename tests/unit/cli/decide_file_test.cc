// What `fairlead decide` refuses, and how it says where.
#include "scheduler/cli/decide_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scheduler/cli/files.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;

std::string Write(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + "/" + name;
  EXPECT_TRUE(WriteFile(path, text).ok());
  return path;
}

std::string ErrorOf(const std::string& text) {
  const std::string path = Write("refused.yaml", text);
  const auto file = LoadDecideFile(path, std::nullopt);
  if (file.ok()) return "no error";
  const std::string error = file.error().ToString();
  EXPECT_THAT(error, HasSubstr("refused.yaml"));
  return error.substr(error.find("refused.yaml") + std::string("refused.yaml").size());
}

TEST(DecideFile, RefusesWithThePlaceAndWhatWasExpected) {
  struct Case {
    std::string text;
    std::string error;
  };
  const std::vector<Case> cases = {
      {"nods: []", ":1:1: nods: unknown key: did you mean 'nodes'?"},
      {"nodes: {}", ":1:8: nodes: expected a list"},
      {"nodes: [{count: 2}]", "nodes[0].name: missing"},
      {"nodes:\n  - {name: n, lables: {}}",
       ":2:15: nodes[0].lables: unknown key: did you mean 'labels'?"},
      {"nodes: [{name: n, gpus: 65}]", "nodes[0].gpus: '65': expected an integer from 0 to 64"},
      {"nodes: [{name: n, cpu: fast}]", "nodes[0].cpu: "},
      {"nodes: [{name: n, taints: [a]}]", "nodes[0].taints[0]: expected key=value:EFFECT"},
      {"nodes: [{name: n}, {name: n}]", "nodes[1]: a second node named 'n'"},
      {"now: yesterday", ":1:6: now: "},
      {"gangs: [{pods: 2}]", "gangs[0].name: missing"},
      {"gangs: [{name: g, state: done}]", "gangs[0].state: 'done': expected pending or running"},
      {"gangs: [{name: g, state: running}]", "gangs[0].nodes: missing"},
      {"gangs: [{name: g, nodes: {n: 1}}]", "only a gang with state: running has nodes"},
      {"nodes: [{name: n}]\ngangs:\n  - {name: g, pods: 1, state: running, nodes: {n: 2}}",
       ":3:47: gangs[0].nodes: 2 pods run, but the gang has 1"},
      {"gangs: [{name: g, state: running, nodes: {m: 1}}]",
       ":1:46: gangs[0].nodes: 'm': expected the name of a node"},
      {"gangs: [{name: g}, {name: g}]", "gangs[1]: a second gang named default/g"},
      {"gangs: [{name: g, submitted: 2026-01-01T00:00:00Z}]", "now: missing"},
      {"gangs: [{name: g, tolerations: [{key: a, operator: Like}]}]",
       "operator 'Like': expected Equal or Exists"},
      {"gangs: [{name: g, selector: [a]}]", "gangs[0].selector: expected a map of strings"},
      {"manifests: [{kind: Deployment, metadata: {name: d}}]",
       ":1:13: kind: 'Deployment': expected Pod, Node"},
      {"manifests: [{kind: Pod}]", "metadata.name: missing"},
      {"manifests: [no-such-file.yaml]", "no-such-file.yaml"},
      {"manifests: [{kind: Pod, metadata: {name: p}, spec: {schedulerName: fairlead, "
       "priorityClassName: gold}}]",
       "spec.priorityClassName: 'gold': expected the name of a PriorityClass"},
      {"queues: [{name: a}, {name: a}]", "queues[1]"},
      {"queues: [{name: a, guarantee: {cpu: 1E}}]",
       ":1:37: queues[0].guarantee.cpu: '1E' is too large"},
      {"queues: [{name: a, guarantee: {cpu: 2}, limit: {cpu: 1}}]",
       ":1:37: queues[0].guarantee.cpu: guarantee cpu 2 of \"a\" is above its own limit cpu 1"},
      {"policy: {aging: {step: 1x}}", ":1:24: policy.aging.step: '1x' is not a duration"},
  };
  for (const Case& c : cases) {
    if (c.text.find("no-such-file") != std::string::npos) {
      const auto file = LoadDecideFile(Write("refused.yaml", c.text), std::nullopt);
      ASSERT_FALSE(file.ok());
      EXPECT_THAT(file.error().ToString(), HasSubstr(c.error));
    } else {
      EXPECT_THAT(ErrorOf(c.text), HasSubstr(c.error)) << c.text;
    }
  }
}

TEST(DecideFile, ConfigurationTakesThePlaceOfTheFilesOwnQueues) {
  Config config;
  config.policy.queues = {{"x", kWeightOne}};
  const auto plain = LoadDecideFile(Write("plain.yaml", "gangs: [{name: g, queue: x}]"), config);
  ASSERT_TRUE(plain.ok()) << plain.error().ToString();
  EXPECT_EQ(plain->config.policy, config.policy);
  const auto both = LoadDecideFile(Write("both.yaml", "queues: [{name: y}]"), config);
  ASSERT_FALSE(both.ok());
  EXPECT_THAT(both.error().ToString(), HasSubstr("queues: given here and in the configuration"));
}

TEST(DecideFile, MakesPodsNodesAndWhatTheyHold) {
  const auto file = LoadDecideFile(Write("held.yaml", R"(
now: 2026-01-01T12:00:00Z
nodes: [{name: n, count: 2, cpu: 4, memory: 8Gi, gpus: 4, model: H100}, {name: solo}]
gangs:
  - {name: g, pods: 12, gpus: 1, cpu: 250m, state: running, nodes: {n-1: 3, n-0: 2}}
)"),
                                   std::nullopt);
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  const Snapshot& snapshot = *file->snapshot;
  ASSERT_EQ(snapshot.nodes->by_name.size(), 3U);
  const GangView& gang = *snapshot.waiting.front();
  EXPECT_EQ(gang.members.size(), 12U);
  EXPECT_EQ(gang.min_member, 12);
  EXPECT_TRUE(gang.partial);
  // In the order of the file, names padded so that their order is that of the numbers.
  EXPECT_EQ(gang.members[2].pod, "g-02");
  EXPECT_EQ(snapshot.nodes->info[gang.members[2].node.index()].name, "n-1");
  EXPECT_EQ(gang.members[2].gpus, 0b100U);
  EXPECT_EQ(snapshot.nodes->info[gang.members[4].node.index()].name, "n-0");
  EXPECT_EQ(gang.members[4].gpus, 0b10U);
  EXPECT_EQ(gang.members[5].state, MemberState::kPending);
  EXPECT_EQ(snapshot.claims.front().allocated.Get(kCpu), 1250);
}

}  // namespace
}  // namespace fairlead::cli
