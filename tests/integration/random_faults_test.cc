// Thousands of random histories with faults, in virtual time; see random_schedule.h. A failure
// names its seed. Environment: FAIRLEAD_FAULT_SCHEDULES, how many histories in all (default 1000);
// FAIRLEAD_FAULT_SEED, this one alone, with the scheduler's log.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "fairlead/engine/log.h"
#include "tests/integration/random_schedule.h"

namespace fairlead::integration {
namespace {

constexpr std::uint64_t kShards = 8;
constexpr std::uint64_t kRepeatEvery = 20;

std::optional<std::uint64_t> FromEnvironment(const char* name) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

struct Totals {
  std::size_t binds = 0;
  std::uint64_t faults = 0;
  std::uint64_t hash = 0;  // the same in every process
};

void RunSeed(std::uint64_t seed, Totals* totals) {
  RandomSchedule schedule(seed);
  for (const std::string& problem : schedule.Run()) {
    ADD_FAILURE() << "FAIRLEAD_FAULT_SEED=" << seed << ": " << problem;
  }
  totals->binds += schedule.binds();
  totals->faults += schedule.faults();
  totals->hash = totals->hash * 31 + schedule.hash();
  if (seed % kRepeatEvery != 0) return;
  RandomSchedule again(seed);
  (void)again.Run();
  EXPECT_EQ(again.hash(), schedule.hash())
      << "FAIRLEAD_FAULT_SEED=" << seed << ": another run does other things";
}

class RandomFaultsTest : public testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }
};

TEST_P(RandomFaultsTest, NothingIsLostDoubledOrHalf) {
  Totals totals;
  if (const auto seed = FromEnvironment("FAIRLEAD_FAULT_SEED")) {
    if (*seed % kShards != GetParam()) GTEST_SKIP() << "another shard's seed";
    SetLogLevel(LogLevel::kInfo);
    return RunSeed(*seed, &totals);
  }
  const std::uint64_t schedules = FromEnvironment("FAIRLEAD_FAULT_SCHEDULES").value_or(1'000);
  for (std::uint64_t seed = GetParam(); seed < schedules; seed += kShards) RunSeed(seed, &totals);
  fmt::print("{} bindings, {} faults, hash {:016x}\n", totals.binds, totals.faults, totals.hash);
  EXPECT_GT(totals.binds, schedules / kShards);
  EXPECT_GT(totals.faults, schedules / kShards);
}

INSTANTIATE_TEST_SUITE_P(Shards, RandomFaultsTest, testing::Range<std::uint64_t>(0, kShards));

}  // namespace
}  // namespace fairlead::integration
