#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fairlead/config/config.h"

namespace fairlead {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config Parsed(const std::string& text) {
  Result<Config> config = ParseConfig(text, "test.yaml");
  EXPECT_TRUE(config.ok()) << config.error().ToString();
  return config.ok() ? *config : Config{};
}

TEST(CompareConfigs, NothingWhereNothingDiffers) {
  const Config config = Parsed("queues: [{name: a, weight: 2}]\n");
  EXPECT_THAT(CompareConfigs(config, config).live, IsEmpty());
  EXPECT_THAT(CompareConfigs(config, config).restart, IsEmpty());
}

TEST(CompareConfigs, NamesWhatTakesEffectWithItsOldAndNewValue) {
  const Config before = Parsed(
      "queues:\n- {name: a, weight: 1.5, guarantee: {cpu: 1}}\n- {name: gone}\n"
      "tenants:\n- {name: t, queues: [a]}\n- {name: u, queues: [a]}\n");
  const Config after = Parsed(
      "queues:\n- {name: a, weight: 2, guarantee: {cpu: 2, memory: 1Gi}, state: hold,"
      " order: fair_users, max_pending_gangs: 3, lendable: false, priority: 4, min_runtime: 30s}\n"
      "- {name: new}\n"
      "tenants:\n- {name: t, queues: [a, new]}\n- {name: v, queues: [a]}\n"
      "policy: {bind_timeout: 60s, aging: {step: 30m}}\n");
  const ConfigChanges changes = CompareConfigs(before, after);
  EXPECT_THAT(
      changes.live,
      ElementsAre("queue a: weight 1.5 -> 2", "queue a: guarantee cpu 1 -> cpu 2, memory 1Gi",
                  "queue a: lendable true -> false", "queue a: priority 0 -> 4",
                  "queue a: order priority_fifo -> fair_users", "queue a: min_runtime 0s -> 30s",
                  "queue a: state open -> hold", "queue a: max_pending_gangs none -> 3",
                  "queue new: added", "queue gone: removed", "tenant t: queues [a] -> [a, new]",
                  "tenant v: added", "tenant u: removed", "policy.bind_timeout 30s -> 1m",
                  "policy.aging.step 0s -> 30m"));
  EXPECT_THAT(changes.restart, IsEmpty());
}

TEST(CompareConfigs, NamesWhatNeedsARestart) {
  const Config before = Parsed("");
  const Config after = Parsed(
      "scheduler_names: [fairlead, other]\nhttp: {port: 9}\nlog: {level: debug}\n"
      "policy: {max_gang_size: 7, bind_timeout: 60s}\n");
  const ConfigChanges changes = CompareConfigs(before, after);
  EXPECT_THAT(changes.live, ElementsAre("policy.bind_timeout 30s -> 1m"));
  EXPECT_THAT(changes.restart,
              ElementsAre("scheduler_names [fairlead] -> [fairlead, other]", "http.port 8470 -> 9",
                          "log.level 'info' -> 'debug'", "policy.max_gang_size 10000 -> 7"));
}

TEST(CompareConfigs, TheLivePartsAreThePolicyWithoutWhatTheDecoderHolds) {
  const Config before = Parsed("");
  const Config after = Parsed("http: {port: 9}\nqueues: [{name: a}]\npolicy: {max_gang_size: 7}\n");
  Config expected = before;
  expected.policy = after.policy;
  expected.policy.max_gang_size = before.policy.max_gang_size;
  EXPECT_EQ(WithLiveParts(before, after), expected);
}

}  // namespace
}  // namespace fairlead
