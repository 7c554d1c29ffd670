// Runs every scenario of tests/golden: NAME.yaml through decide gives, byte for byte, NAME.json.
// With FAIRLEAD_UPDATE_GOLDEN set in the environment a differing file is written anew (and the test
// still fails, so that nobody leaves it set): read the change before you keep it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "fairlead/yaml/document.h"
#include "scheduler/cli/decide_file.h"
#include "scheduler/cli/files.h"

namespace fairlead::cli {
namespace {

const std::string kFolder = std::string(FAIRLEAD_SOURCE_DIR) + "/tests/golden/";

std::vector<std::string> Scenarios() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, DecidesAsExpected) {
  const auto file = LoadDecideFile(kFolder + GetParam() + ".yaml", std::nullopt);
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  const DecideInput input{*file->snapshot, file->config.policy, file->now};
  const Decision decision = Decide(input);
  EXPECT_EQ(Verify(*file->snapshot, file->config.policy, decision.plan),
            std::vector<std::string>{});
  const std::string plan = PlanToJson(*file->snapshot, decision.plan);
  const std::string path = kFolder + GetParam() + ".json";
  const auto expected = yaml::ReadFile(path);
  const bool same = expected.ok() && *expected == plan;
  if (!same && std::getenv("FAIRLEAD_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteFile(path, plan).ok());
  }
  ASSERT_TRUE(expected.ok()) << expected.error().ToString();
  EXPECT_EQ(plan, *expected);
}

TEST_P(Golden, ReplaysTheSame) {
  const auto file = LoadDecideFile(kFolder + GetParam() + ".yaml", std::nullopt);
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  const DecideInput input{*file->snapshot, file->config.policy, file->now, 7};
  const Decision decision = Decide(input);
  const std::string dump = DumpDecision(input, decision.plan);
  const auto record = LoadDecision(dump);
  ASSERT_TRUE(record.ok()) << record.error().ToString();
  EXPECT_EQ(record->policy, file->config.policy);
  EXPECT_EQ(record->now, file->now);
  const DecideInput again{record->snapshot, record->policy, record->now, record->seed,
                          record->step_budget};
  const Decision replayed = Decide(again);
  EXPECT_EQ(PlanToJson(record->snapshot, replayed.plan), record->plan_json);
  EXPECT_EQ(replayed.steps, decision.steps);
  EXPECT_EQ(DumpDecision(again, replayed.plan), dump);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Golden, testing::ValuesIn(Scenarios()),
                         [](const auto& scenario) { return scenario.param; });

}  // namespace
}  // namespace fairlead::cli
