// `fairlead fairshare` with the solver: published examples, exit codes, what is printed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "fairlead/queues/amounts.h"
#include "scheduler/cli/fairshare_answer.h"
#include "scheduler/cli/fairshare_text.h"
#include "scheduler/cli/files.h"
#include "tests/unit/cli/terminal.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;

// A resource of the queue's entitlement, in its unit.
std::int64_t Has(const FairshareFile& file, const FairshareAnswer& answer, const std::string& queue,
                 const std::string& resource) {
  for (std::size_t i = 0; i < file.queues.size(); ++i) {
    if (file.queues[i].spec.name != queue) continue;
    return FindAmount(ToNamed(answer.entitlements[i].amounts, file.names), resource).value_or(0);
  }
  return -1;
}

// Ghodsi et al., NSDI 2011 (drf); Bhattacharya et al., SoCC 2013, and Volcano's tests after it (the
// others). The task of a leaf is 1 of everything that it wants, but for drf.
TEST(Fairshare, PublishedExamples) {
  struct Case {
    const char* what;
    const char* text;
    std::map<std::string, std::int64_t> tasks;
    const char* resource;
    std::map<std::string, std::int64_t> entitled;  // of `resource`
  };
  const std::vector<Case> cases = {
      // Both end at 2/3 when the CPUs are used up: 3 x (1, 4) and 2 x (3, 1).
      {"drf",
       R"(
capacity: {cpu: 9, memory: 18}
queues:
  - {name: a, weight: 1, demand: {cpu: 100, memory: 400}, task: {cpu: 1, memory: 4}}
  - {name: b, weight: 1, demand: {cpu: 300, memory: 100}, task: {cpu: 3, memory: 1}}
)",
       {{"a", 3}, {"b", 2}},
       "memory",
       {{"a", 12}, {"b", 2}}},
      {"complementary demand does not starve",
       R"(
capacity: {cpu: 10, gpu/X: 10}
queues:
  - {name: n1, demand: {gpu/X: 99}, task: {gpu/X: 1}}
  - {name: n2}
  - {name: n21, parent: n2, demand: {cpu: 99}, task: {cpu: 1}}
  - {name: n22, parent: n2, demand: {gpu/X: 99}, task: {gpu/X: 1}}
)",
       {{"n1", 5}, {"n21", 10}, {"n22", 5}},
       "gpu/X",
       {{"n1", 5000}, {"n21", 0}, {"n22", 5000}}},
      {"rescaling",
       R"(
capacity: {cpu: 10, memory: 10}
queues:
  - {name: sci, demand: {cpu: 99, memory: 99}, task: {cpu: 1, memory: 1}}
  - {name: eng}
  - {name: dev, parent: eng, demand: {cpu: 99}, task: {cpu: 1}}
  - {name: prod, parent: eng, demand: {memory: 99}, task: {memory: 1}}
)",
       {{"sci", 5}, {"dev", 5}, {"prod", 5}},
       "memory",
       {{"sci", 5}, {"dev", 0}, {"prod", 5}}},
      // Rescaling alone would give n32 20 and n4 10.
      {"blocked nodes",
       R"(
capacity: {cpu: 30, gpu/X: 30}
queues:
  - {name: n1, demand: {cpu: 99}, task: {cpu: 1}}
  - {name: n2, demand: {cpu: 99}, task: {cpu: 1}}
  - {name: n3}
  - {name: n31, parent: n3, demand: {cpu: 99}, task: {cpu: 1}}
  - {name: n32, parent: n3, demand: {gpu/X: 99}, task: {gpu/X: 1}}
  - {name: n4, demand: {gpu/X: 99}, task: {gpu/X: 1}}
)",
       {{"n1", 10}, {"n2", 10}, {"n31", 10}, {"n32", 15}, {"n4", 15}},
       "gpu/X",
       {{"n31", 0}, {"n32", 15000}, {"n4", 15000}}},
  };
  for (const Case& c : cases) {
    const auto file = ParseFairshare(c.text, "f.yaml");
    ASSERT_TRUE(file.ok()) << file.error().ToString();
    const auto answer = AnswerFairshare(*file);
    ASSERT_TRUE(answer.ok());
    for (const auto& [queue, amount] : c.entitled) {
      EXPECT_EQ(Has(*file, *answer, queue, c.resource), amount) << c.what << ": " << queue;
    }
    for (std::size_t i = 0; i < file->queues.size(); ++i) {
      const auto tasks = c.tasks.find(file->queues[i].spec.name);
      if (tasks == c.tasks.end()) continue;
      EXPECT_EQ(answer->whole.tasks[i], tasks->second) << c.what << ": " << tasks->first;
    }
  }
}

// Guarantee, limit, models and what is left, together.
TEST(Fairshare, AnswersAddUp) {
  const auto file =
      LoadFairshare(std::string(FAIRLEAD_SOURCE_DIR) + "/config/examples/fairshare.yaml");
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  const auto answer = AnswerFairshare(*file);
  ASSERT_TRUE(answer.ok());
  ResourceVector sum = answer->unused;
  std::int64_t any_of = 0;
  for (std::uint32_t i = 0; i < file->queues.size(); ++i) {
    if (file->tree.parent(QueueId(i)).valid()) continue;
    sum += answer->entitlements[i].amounts;
    for (const AnyOf& amount : answer->entitlements[i].any_of) any_of += amount.amount;
  }
  const NamedAmounts total = ToNamed(sum, file->names);
  EXPECT_EQ(FindAmount(total, "cpu"), FindAmount(file->capacity, "cpu"));
  EXPECT_EQ(FindAmount(total, "memory"), FindAmount(file->capacity, "memory"));
  // 32 A100 and 64 H100
  EXPECT_EQ(*FindAmount(total, "gpu/A100") + *FindAmount(total, "gpu/H100") + any_of, 96'000);
  EXPECT_LE(Has(*file, *answer, "vision", "gpu/H100"), 24'000);
  EXPECT_EQ(Has(*file, *answer, "robotics", "gpu/A100"), 8'000);
}

Ran Fairshare(const std::string& arguments) { return Fairlead("fairshare " + arguments); }

std::string Written(const std::string& text) {
  // A file of its own, since tests run side by side.
  const std::string path = testing::TempDir() + "/" + std::to_string(getpid()) + "-fairshare.yaml";
  EXPECT_TRUE(WriteFile(path, text).ok());
  return path;
}

TEST(FairshareCommand, PrintsATableTheOrderAndWhatIsLeft) {
  const std::string path = Written(R"(
capacity: {cpu: 9, memory: 18}
queues:
  - {name: a, weight: 1, demand: {cpu: 100, memory: 400}, task: {cpu: 1, memory: 4}}
  - {name: b, weight: 1, demand: {cpu: 300, memory: 100}, task: {cpu: 3, memory: 1}}
)");
  const Ran text = Fairshare("--order " + path);
  EXPECT_EQ(text.code, 0);
  EXPECT_EQ(text.output,
            "QUEUE  DEMAND               ENTITLEMENT       DOMINANT SHARE  BOUND BY    TASKS\n"
            "a      cpu 100, memory 400  cpu 3, memory 12  66.67 % (2/3)   weight cpu  3\n"
            "b      cpu 300, memory 100  cpu 6, memory 2   66.67 % (2/3)   weight cpu  2\n"
            "order: a b a b a\n"
            "unused: memory 4\n");
  const Ran json = Fairshare("--json " + path);
  EXPECT_EQ(json.code, 0);
  EXPECT_EQ(json.output,
            R"({"queues":[{"name":"a","entitlement":{"cpu":"3","memory":"12"},)"
            R"("dominant_share":"2/3","bound_by":"weight","resource":"cpu","tasks":3},)"
            R"({"name":"b","entitlement":{"cpu":"6","memory":"2"},"dominant_share":"2/3",)"
            R"("bound_by":"weight","resource":"cpu","tasks":2}],)"
            R"("unused":{"cpu":"0","memory":"4"}})"
            "\n");
}

TEST(FairshareCommand, WrongInputIsExitCodeTwo) {
  const Ran typo =
      Fairshare(Written("capacity: {cpu: 1}\nqueues: [{name: a, demand: {memory: 1}}]\n"));
  EXPECT_EQ(typo.code, 2);
  EXPECT_THAT(typo.output, HasSubstr("fairshare.yaml:2:29: queues[0].demand.memory: "));
  EXPECT_EQ(Fairshare("no-such-file.yaml").code, 2);
  EXPECT_EQ(Fairshare("").code, 2);
  const Ran many = Fairshare(Written(
      "capacity: {memory: 1Gi}\nqueues: [{name: a, demand: {memory: 1Gi}, task: {memory: 1}}]\n"));
  EXPECT_EQ(many.code, 2);
  EXPECT_THAT(many.output, HasSubstr("fairshare.yaml: queues: more than 1,000,000 whole tasks"));
}

TEST(FairshareCommand, HelpShowsTheFormatAndExamples) {
  const Ran help = Fairshare("--help");
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.output, HasSubstr("capacity: {cpu: 9, memory: 18}"));
  EXPECT_THAT(help.output, HasSubstr("fairlead fairshare --order tree.yaml"));
}

}  // namespace
}  // namespace fairlead::cli
