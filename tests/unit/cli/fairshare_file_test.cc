// What `fairlead fairshare` reads and refuses.
#include "scheduler/cli/fairshare_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace fairlead::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  const auto file = ParseFairshare(text, "f.yaml");
  return file.ok() ? "no error" : file.error().ToString();
}

TEST(FairshareFile, RefusesWithThePlaceAndWhatWasExpected) {
  struct Case {
    std::string text;
    std::string error;
  };
  // Tree and capacity around the one thing that is wrong.
  const auto queue = [](const std::string& fields) {
    return "capacity: {cpu: 1, gpu/A: 1, gpu/B: 1}\nqueues: [{name: a, " + fields + "}]";
  };
  const std::vector<Case> cases = {
      {"", "f.yaml: capacity: missing: expected a value"},
      {"queues: [{name: a}]", "f.yaml:1:1: capacity: missing: expected a value"},
      {"capacity: {cpu: 1}", "f.yaml:1:1: queues: missing: expected a value"},
      {"capacity: 3\nqueues: []", "f.yaml:1:11: capacity: expected a quantity of each resource"},
      {"capacity: {}\nqueues: []", "f.yaml:1:11: capacity: expected at least one resource"},
      {"capacity: {cpu: 1}\nqueues: []", "f.yaml:2:9: queues: expected a list of at least one"},
      {"capacity: {cpu: 1}\nqueue: []", "f.yaml:2:1: queue: unknown key: did you mean 'queues'?"},
      {"capacity: {cpu: 1, cpu: 2}\nqueues: []", "f.yaml:1:20: "},
      // Quantities.
      {"capacity: {cpu: 1E}\nqueues: [{name: a}]",
       "f.yaml:1:17: capacity.cpu: '1E' is too large: expected at most 9223372036854775807/1000"},
      {"capacity: {memory: 9223372036854775808}\nqueues: [{name: a}]",
       "f.yaml:1:20: capacity.memory: '9223372036854775808' is too large"},
      {"capacity: {cpu: NaN}\nqueues: [{name: a}]",
       "f.yaml:1:17: capacity.cpu: 'NaN' is not a quantity"},
      {"capacity: {cpu: .inf}\nqueues: [{name: a}]", "capacity.cpu: '.inf' is not a quantity"},
      {"capacity: {cpu: -1}\nqueues: [{name: a}]", "f.yaml:1:17: capacity.cpu: '-1' is negative"},
      {"capacity: {cpu: }\nqueues: [{name: a}]",
       "f.yaml:1:12: capacity.cpu: expected a quantity, such as 64"},
      {"capacity: {cpu: ''}\nqueues: [{name: a}]", "f.yaml:1:17: capacity.cpu: '' is not"},
      {"capacity: {cpu: 1u}\nqueues: [{name: a}]", "'1u' of cpu is not exact"},
      {"capacity: {cpu: [1]}\nqueues: [{name: a}]",
       "f.yaml:1:17: capacity.cpu: expected a quantity"},
      {"capacity: {gpu: 3}\nqueues: [{name: a}]",
       "f.yaml:1:12: capacity.gpu: 'gpu': GPUs are counted by model"},
      {"capacity: {gpu/A|B: 3}\nqueues: [{name: a}]",
       "f.yaml:1:12: capacity.gpu/A|B: 'gpu/A|B' names no GPU model"},
      // Demand.
      {queue("demand: 3"), "f.yaml:2:28: queues[0].demand: expected a quantity of each resource"},
      {queue("demand: [{cpu: 1}, 3]"), "f.yaml:2:39: queues[0].demand[1]: expected a quantity"},
      {queue("demand: {cpu: x}"), "f.yaml:2:34: queues[0].demand.cpu: 'x' is not a quantity"},
      {queue("demand: {cpus: 1}"), "f.yaml:2:29: queues[0].demand.cpus: 'cpus' is no resource"},
      {queue("demand: {memory: 1}"),
       "f.yaml:2:29: queues[0].demand.memory: there is no 'memory' under 'capacity', which has "
       "cpu, gpu/A, gpu/B: expected one of these, or an entry there (0 where the cluster has "
       "none)"},
      {queue("demand: {gpu/A|C: 1}"),
       "f.yaml:2:29: queues[0].demand.gpu/A|C: there is no 'gpu/C' under 'capacity'"},
      {queue("demand: {gpu/A|A: 1}"),
       "f.yaml:2:29: queues[0].demand.gpu/A|A: a GPU model twice: expected each once"},
      {queue("demand: {gpu/A|B: 1, gpu/B|A: 1}"),
       "f.yaml:2:41: queues[0].demand.gpu/B|A: the same GPU models twice: expected them once, "
       "first at 2:29"},
      {queue("demand: {gpu/A|b c: 1}"), "f.yaml:2:29: queues[0].demand.gpu/A|b c: 'gpu/b c' names"},
      {queue("demand: {cpu: 1}}, {name: b, parent: a"),
       "f.yaml:2:28: queues[0].demand: 'a' has children: expected a demand of its leaves only"},
      // Tasks.
      {queue("task: {cpu: 1}"),
       "f.yaml:2:26: queues[0].task: a task of a queue whose demand is not given"},
      {queue("demand: [{cpu: 1}, {cpu: 1}], task: {cpu: 1}"),
       "queues[0].task: a task of a queue whose demand is a list: expected 'demand' as one map"},
      {queue("demand: {cpu: 1}, task: {cpu: 0}"),
       "f.yaml:2:44: queues[0].task: expected an amount above 0 of some resource"},
      {queue("demand: {cpu: 1}, task: {gpu/A: 1}"),
       "queues[0].task: the task uses gpu/A, of which there is no demand"},
      {queue("task: {cpu: 1}}, {name: b, parent: a"),
       "queues[0].task: 'a' has children: expected a task of its leaves only"},
      // Queues, as in the configuration.
      {queue("weight: 0"), "f.yaml:2:28: queues[0].weight: '0': expected a number from 0.000001"},
      {queue("demannd: {}"), "queues[0].demannd: unknown key: did you mean 'demand'?"},
      {queue("parent: b"), "f.yaml:2:28: queues[0].parent: "},
      {queue("guarantee: {memory: 1}"),
       "f.yaml:2:32: queues[0].guarantee.memory: there is no 'memory' under 'capacity'"},
      {queue("limit: {gpu/C: 1}"), "f.yaml:2:28: queues[0].limit.gpu/C: there is no 'gpu/C'"},
      {queue("lending_limit: {memory: 1}, guarantee: {cpu: 1}"),
       "queues[0].lending_limit.memory: "},
      {queue("state: closed"), "queues[0].state: "},
      {queue("cpu: 1}, {name: a"), "queues[0].cpu: unknown key"},
      {queue("weight: 1}, {name: a"), "queues[1].name: 'a' twice"},
  };
  for (const Case& c : cases) EXPECT_THAT(ErrorOf(c.text), HasSubstr(c.error)) << c.text;
}

TEST(FairshareFile, ReadsAmountsClassesAndModels) {
  const auto file = ParseFairshare(R"(
capacity: {gpu/H100: 4, memory: 1Ki, cpu: 1500m, gpu/A100: 2, example.com/fpga: 3}
queues:
  - {name: t, weight: 1.5, guarantee: {cpu: 1}}
  - name: x
    parent: t
    demand: [{cpu: 1}, {gpu/H100|A100: 3, cpu: 2}]
  - {name: y, parent: t, priority: 2, borrowing: false, lendable: false}
)",
                                   "f.yaml");
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  EXPECT_THAT(file->names, ElementsAre("cpu", "memory", "pods", "ephemeral-storage",
                                       "example.com/fpga", "gpu/A100", "gpu/H100"));
  const EntitlementInput input = MakeEntitlementInput(*file);
  EXPECT_EQ(input.capacity.Get(kCpu), 1500);
  EXPECT_EQ(input.capacity.Get(kMemory), 1024);
  EXPECT_EQ(input.capacity.Get(ResourceId(6)), 4000);
  EXPECT_EQ(input.queues[0].weight, 1'500'000);
  EXPECT_EQ(input.queues[0].guarantee.Get(kCpu), 1000);
  EXPECT_TRUE(input.queues[0].demand.empty());
  EXPECT_EQ(input.queues[1].parent, QueueId(0));
  ASSERT_EQ(input.queues[1].demand.size(), 2U);
  EXPECT_EQ(input.queues[1].demand[0].amounts.Get(kCpu), 1000);
  EXPECT_EQ(input.queues[1].demand[1].amounts.Get(kCpu), 2000);
  EXPECT_THAT(input.queues[1].demand[1].any_of,
              ElementsAre(AnyOf{{ResourceId(5), ResourceId(6)}, 3000}));
  EXPECT_EQ(file->queues[1].demand[1].back().name, "gpu/A100|H100");
  EXPECT_EQ(input.queues[2].priority, 2);
  EXPECT_FALSE(input.queues[2].borrowing);
  EXPECT_FALSE(input.queues[2].lendable);
}

TEST(FairshareFile, CountsTheTasksThatTheDemandHolds) {
  const auto file = ParseFairshare(R"(
capacity: {cpu: 9, memory: 18}
queues: [{name: a, demand: {cpu: 10, memory: 9}, task: {cpu: 3, memory: 4}}]
)",
                                   "f.yaml");
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  // 10 / 3 = 3 by CPU, 9 / 4 = 2 by memory
  EXPECT_EQ(file->queues[0].tasks_wanted, 2);
}

TEST(FairshareFile, TheLargestAmountsFit) {
  const auto file = ParseFairshare(R"(
capacity: {cpu: 9223372036854775807m, memory: 9223372036854775807}
queues:
  - {name: a, demand: {cpu: 9223372036854775807m, memory: 9223372036854775807}}
  - {name: b, demand: {cpu: 9223372036854775807m, memory: 9223372036854775807}}
)",
                                   "f.yaml");
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  EXPECT_EQ(MakeEntitlementInput(*file).capacity.Get(kCpu),
            std::numeric_limits<std::int64_t>::max());
}

TEST(FairshareFile, TheExampleIsSound) {
  const auto file =
      LoadFairshare(std::string(FAIRLEAD_SOURCE_DIR) + "/config/examples/fairshare.yaml");
  EXPECT_TRUE(file.ok()) << file.error().ToString();
}

TEST(FairshareFile, AFileThatIsNotThereIsNamed) {
  const auto file = LoadFairshare("/nowhere/tree.yaml");
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().ToString(), HasSubstr("/nowhere/tree.yaml"));
}

}  // namespace
}  // namespace fairlead::cli
