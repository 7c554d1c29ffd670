#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fairlead/config/config.h"

namespace fairlead {
namespace {

struct Case {
  std::string text;
  std::string error;
};

// The outcome of reading the three sections of a file that holds other things too.
std::string Outcome(const std::string& text, Policy* policy) {
  const Result<yaml::Node> root = yaml::Parse(text, "f");
  if (!root.ok()) return "parse: " + root.error().ToString();
  const yaml::Node absent;
  const yaml::Node* queues = root->Find("queues");
  const Status status = ReadPolicy(queues == nullptr ? absent : *queues, root->Find("tenants"),
                                   root->Find("policy"), "f", policy);
  return status.ok() ? "ok" : status.error().ToString();
}

void ExpectRefused(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    Policy policy;
    policy.max_gang_size = 77;
    EXPECT_EQ(Outcome(c.text, &policy), c.error) << c.text;
    EXPECT_EQ(policy.max_gang_size, 77) << c.text;
  }
}

TEST(ReadPolicy, TakesQueuesAlone) {
  Policy policy;
  policy.max_gang_size = 77;  // replaced as a whole
  ASSERT_EQ(
      Outcome("queues:\n  - name: a\n    weight: 1.5\n  - name: default\nnodes: []\n", &policy),
      "ok");
  Policy expected;
  expected.queues = {{"a", 1'500'000}, {"default", kWeightOne}};
  EXPECT_TRUE(policy == expected);
  ASSERT_EQ(Outcome("nodes: []", &policy), "ok");
  EXPECT_TRUE(policy == Policy{});
  ASSERT_EQ(Outcome("policy: {max_gang_size: 5}", &policy), "ok");
  EXPECT_EQ(policy.max_gang_size, 5);
}

TEST(ReadPolicy, RefusesBadQueues) {
  const std::string list = "expected a list of at least one; without queues leave the key out";
  const std::string name = "expected 1 to 128 letters, digits, '-', '_', '.' and '/'";
  ExpectRefused({
      {"queues: []", "f:1:9: queues: " + list},
      {"queues:", "f:1:1: queues: " + list},
      {"queues: {name: a}", "f:1:9: queues: " + list},
      {"queues: [a]", "f:1:10: queues[0]: 'a': expected a map"},
      {"queues: [{weight: 1}]", "f:1:10: queues[0].name: missing: expected a value"},
      {"queues: [{name: ''}]", "f:1:17: queues[0].name: '': " + name},
      {"queues: [{name: a b}]", "f:1:17: queues[0].name: 'a b': " + name},
      {"queues: [{name: " + std::string(129, 'q') + "}]",
       "f:1:17: queues[0].name: '" + std::string(64, 'q') + "...': " + name},
      {"queues:\n  - name: a\n  - name: b\n  - name: a\n",
       "f:4:11: queues[2].name: 'a' twice: expected it once, first at queues[0].name (2:11)"},
  });
}

TEST(ReadPolicy, RefusesBadTenants) {
  const std::string label =
      "expected 1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends";
  const std::string queues = "queues: [{name: a}, {name: b}]\n";
  ExpectRefused({
      {"tenants: []",
       "f:1:10: tenants: expected a list of at least one; without tenants leave the key out"},
      {"tenants: [{name: t}]",
       "f:1:11: tenants[0].queues: missing: expected the queues of tenant 't', here or by "
       "'tenants' of a queue"},
      {"tenants: [{queues: [a]}]", "f:1:11: tenants[0].name: missing: expected a value"},
      {queues + "tenants: [{name: T, queues: [a]}]", "f:2:18: tenants[0].name: 'T': " + label},
      {queues + "tenants: [{name: t-, queues: [a]}]", "f:2:18: tenants[0].name: 't-': " + label},
      {queues + "tenants: [{name: t, namespaces: [n, a_b], queues: [a]}]",
       "f:2:37: tenants[0].namespaces[1]: 'a_b': " + label},
      {queues + "tenants: [{name: t, namespaces: [], queues: [a]}]",
       "f:2:33: tenants[0].namespaces: a list of 0: expected 1 to 10000 strings"},
      {queues + "tenants: [{name: t, queues: []}]",
       "f:2:29: tenants[0].queues: a list of 0: expected 1 to 10000 strings"},
      {queues + "tenants: [{name: t, queues: [a, c]}]",
       "f:2:33: tenants[0].queues[1]: tenant 't' names the unknown queue 'c': expected one "
       "declared "
       "under 'queues'"},
      {queues + "tenants: [{name: t, queues: [a, a]}]",
       "f:2:33: tenants[0].queues[1]: 'a' twice: expected it once, first at tenants[0].queues[0] "
       "(2:30)"},
      {queues + "tenants: [{name: t, queues: [a], default_queue: b}]",
       "f:2:49: tenants[0].default_queue: 'b' is none of the queues of tenant 't': expected one of "
       "a"},
      {queues + "tenants:\n  - {name: t, queues: [a]}\n  - {name: t, queues: [b]}\n",
       "f:4:12: tenants[1].name: 't' twice: expected it once, first at tenants[0].name (3:12)"},
      {queues + "tenants:\n  - {name: t, namespaces: [n], queues: [a]}\n  - {name: u, namespaces: "
                "[m, n], queues: [b]}\n",
       "f:4:31: tenants[1].namespaces[1]: 'n' twice: expected it once, first at "
       "tenants[0].namespaces[0] (3:28)"},
      // Without a list of queues there is none that a tenant could use.
      {"tenants: [{name: t, queues: [default]}]",
       "f:1:30: tenants[0].queues[0]: tenant 't' names the unknown queue 'default': expected one "
       "declared under 'queues'"},
  });
}

TEST(ReadPolicy, LevelsOfTheTopology) {
  Policy policy;
  ASSERT_EQ(Outcome("policy: {topology: [{name: zone, label: topology.kubernetes.io/zone}, "
                    "{name: rack, label: rack}]}",
                    &policy),
            "ok");
  const std::vector<TopologyLevel> levels = {{"zone", "topology.kubernetes.io/zone"},
                                             {"rack", "rack"}};
  EXPECT_TRUE(policy.topology == levels);
  const std::string list = "expected a list of at least one; without topology leave the key out";
  ExpectRefused({
      {"policy: {topology: []}", "f:1:20: policy.topology: " + list},
      {"policy: {topology: [{name: rack}]}",
       "f:1:21: policy.topology[0].label: missing: expected a value"},
      {"policy: {topology: [{name: rack, label: a, depth: 3}]}",
       "f:1:44: policy.topology[0].depth: unknown key: expected one of name, label"},
      {"policy: {topology: [{name: rack, label: a}, {name: rack, label: b}]}",
       "f:1:45: policy.topology[1].name: 'rack' twice: expected it once, first at "
       "policy.topology[0].name (1:21)"},
      {"policy: {topology: [{name: rack, label: a}, {name: row, label: a}]}",
       "f:1:45: policy.topology[1].label: 'a' twice: expected it once, first at "
       "policy.topology[0].label (1:21)"},
  });
}

TEST(ReadPolicy, RefusesBadPolicies) {
  ExpectRefused({
      {"policy: []", "f:1:9: policy: a list: expected a map"},
      {"policy: {aging: 5}", "f:1:17: policy.aging: '5': expected a map"},
      {"policy: {aging: {steps: 1m}}",
       "f:1:18: policy.aging.steps: unknown key: did you mean 'step'?"},
      {"policy: {aging: {step: 31d}}",
       "f:1:24: policy.aging.step: '31d': expected a duration from 0s to 30d"},
      {"policy: {aging: {max: -1}}",
       "f:1:23: policy.aging.max: '-1': expected an integer from 0 to 1000000"},
      {"policy: {history: {half_life: 0s}}",
       "f:1:31: policy.history.half_life: '0s': expected a duration from 1m to 365d"},
      {"policy: {history: {strength: 1.1}}",
       "f:1:30: policy.history.strength: '1.1': expected a number from 0 to 1 with at most 6 "
       "digits after the point"},
      {"policy: {max_gang_size: many}",
       "f:1:25: policy.max_gang_size: 'many': expected an integer from 1 to 100000"},
  });
}

}  // namespace
}  // namespace fairlead
