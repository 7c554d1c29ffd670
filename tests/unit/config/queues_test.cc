// Queues of the configuration: every field, amounts, and trees with both ends of what is wrong.
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

std::string Outcome(const std::string& text) {
  const Result<Config> config = ParseConfig(text, "f");
  return config.ok() ? "ok" : config.error().ToString();
}

void Expect(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(Outcome(c.text), c.error) << c.text;
}

// The amounts stand at column 31 of line 1.
std::string Guarantee(const std::string& amounts) {
  return "queues: [{name: a, guarantee: {" + amounts + "}}]";
}

TEST(ConfigQueues, HaveEveryField) {
  const Result<Config> config = ParseConfig(R"(
queues:
  - name: nlp
    parent: research
    weight: 0.5
    guarantee: {memory: 512Gi, cpu: 64, gpu/H100: "8", gpu/A100: 500m, gpu/: 1}
    limit: {gpu/H100: 16, pods: 0, example.com/fpga: 2k}
    lending_limit: {cpu: 1.5}
    borrowing: false
    priority: -5
    order: fair_users
    reclaimable: false
    min_runtime: 10m
    state: hold
    max_pending_gangs: 100
    max_running_gangs: 0
    user_limit: 0.25
    tenants: [t]
  - {name: research, lendable: false}
tenants: [{name: t}]
policy:
  aging: {step: 30m, max: 7}
  history: {half_life: 1d, strength: 0.5}
)",
                                            "f");
  ASSERT_TRUE(config.ok()) << config.error().ToString();
  QueueSpec nlp{"nlp", 500'000, "research"};
  nlp.guarantee = {{"cpu", 64'000},
                   {"gpu/", 1'000},
                   {"gpu/A100", 500},
                   {"gpu/H100", 8'000},
                   {"memory", std::int64_t{512} << 30}};
  nlp.limit = {{"example.com/fpga", 2'000}, {"gpu/H100", 16'000}, {"pods", 0}};
  nlp.lending_limit = {{"cpu", 1'500}};
  nlp.borrowing = false;
  nlp.priority = -5;
  nlp.order = LeafOrder::kFairUsers;
  nlp.reclaimable = false;
  nlp.min_runtime = Duration::Seconds(600);
  nlp.state = QueueState::kHold;
  nlp.max_pending_gangs = 100;
  nlp.max_running_gangs = 0;
  nlp.user_limit = 250'000;
  nlp.tenants = {"t"};
  QueueSpec research{"research"};
  research.lendable = false;
  Policy expected;
  expected.queues = {nlp, research};
  expected.tenants = {{"t", {}, {}, "nlp"}};
  expected.aging = {Duration::Seconds(1'800), 7};
  expected.history = {Duration::Seconds(86'400), 500'000};
  EXPECT_TRUE(config->policy == expected);
}

TEST(ConfigQueues, AmountsAreExactOrRefused) {
  const std::string quantity = "expected a number such as 2, 0.5, 250m, 1.5Gi or 1e3";
  const std::string list = "expected a quantity of each resource, such as {cpu: 64}";
  Expect({
      {Guarantee("cpu: 1E"),
       "f:1:37: queues[0].guarantee.cpu: '1E' is too large: expected at most "
       "9223372036854775807/1000, to fit in 64-bit milli-units"},
      {Guarantee("memory: 8Ei"),
       "f:1:40: queues[0].guarantee.memory: '8Ei' is too large: expected at most "
       "9223372036854775807, to fit in 64-bit units"},
      {Guarantee("cpu: NaN"),
       "f:1:37: queues[0].guarantee.cpu: 'NaN' is not a quantity: " + quantity},
      {Guarantee("cpu: .inf"),
       "f:1:37: queues[0].guarantee.cpu: '.inf' is not a quantity: " + quantity},
      {Guarantee("cpu: ''"), "f:1:37: queues[0].guarantee.cpu: '' is not a quantity: " + quantity},
      {Guarantee("cpu: -1"),
       "f:1:37: queues[0].guarantee.cpu: '-1' is negative: expected a quantity of 0 or more"},
      {Guarantee("cpu: 0.5m"),
       "f:1:37: queues[0].guarantee.cpu: '0.5m' of cpu is not exact: expected a multiple of 1m "
       "(milli-CPU)"},
      {Guarantee("pods: 1, example.com/fpga: 100m"),
       "f:1:59: queues[0].guarantee.example.com/fpga: '100m' of example.com/fpga is not exact: "
       "expected a multiple of 1"},
      {Guarantee("cpu:"), "f:1:32: queues[0].guarantee.cpu: " + list},
      {Guarantee("cpu: [1]"), "f:1:37: queues[0].guarantee.cpu: " + list},
      {Guarantee("cpu: 1, cpu: 2"), "f:1:40: duplicate key 'cpu': expected it once, first at 1:32"},
      {"queues: [{name: a, limit: 5}]", "f:1:27: queues[0].limit: " + list},
      {"queues:\n  - name: a\n    lending_limit:\n", "f:3:5: queues[0].lending_limit: " + list},
  });
}

TEST(ConfigQueues, GpusGoByModel) {
  const std::string by_model =
      ": GPUs are counted by model: expected gpu/<model>, such as gpu/H100, or gpu/ for GPUs of "
      "nodes without a model";
  Expect({
      {Guarantee("gpu: 8"), "f:1:32: queues[0].guarantee.gpu: 'gpu'" + by_model},
      {Guarantee("cpu: 1, nvidia.com/gpu: 8"),
       "f:1:40: queues[0].guarantee.nvidia.com/gpu: 'nvidia.com/gpu'" + by_model},
      {Guarantee("gpu/A100|H100: 8"),
       "f:1:32: queues[0].guarantee.gpu/A100|H100: 'gpu/A100|H100' names no GPU model: expected "
       "gpu/ and one model, such as gpu/H100"},
      {Guarantee("cpus: 8"),
       "f:1:32: queues[0].guarantee.cpus: 'cpus' is no resource: expected cpu, memory, "
       "ephemeral-storage, pods, gpu/<model> or an extended resource such as example.com/fpga"},
      // Whatever counts GPUs in this cluster.
      {"queues: [{name: a}, {name: b, limit: {intel.com/xe: 8}}]\n"
       "gpu: {resources: [nvidia.com/gpu, intel.com/xe]}",
       "f:1:39: queues[1].limit.intel.com/xe: 'intel.com/xe' is one of gpu.resources, and GPUs are "
       "counted by model: expected gpu/<model>, such as gpu/H100"},
      {"queues: [{name: b, limit: {intel.com/xe: 8}}]", "ok"},
  });
}

TEST(ConfigQueues, ValuesHaveRanges) {
  const auto with = [](const std::string& field) { return "queues: [{name: a, " + field + "}]"; };
  Expect({
      {with("parent: ''"),
       "f:1:28: queues[0].parent: '': expected 1 to 128 letters, digits, '-', '_', '.' and '/'"},
      {with("lendable: 1"), "f:1:30: queues[0].lendable: '1': expected true or false"},
      {with("priority: 1000000001"),
       "f:1:30: queues[0].priority: '1000000001': expected an integer from -1000000000 to "
       "1000000000"},
      {with("order: fifo"),
       "f:1:27: queues[0].order: 'fifo': expected one of priority_fifo, fifo_strict, "
       "shortest_first, fair_users"},
      {with("state: closed"),
       "f:1:27: queues[0].state: 'closed': expected one of open, hold, drain"},
      {with("state: [open]"), "f:1:27: queues[0].state: a list: expected a string"},
      {with("min_runtime: 366d"),
       "f:1:33: queues[0].min_runtime: '366d': expected a duration from 0s to 365d"},
      {with("max_pending_gangs: -1"),
       "f:1:39: queues[0].max_pending_gangs: '-1': expected an integer from 0 to 1000000000"},
      {with("max_running_gangs: ~"),
       "f:1:20: queues[0].max_running_gangs: nothing: expected an integer from 0 to 1000000000"},
      {with("user_limit: 0"),
       "f:1:32: queues[0].user_limit: '0': expected a number from 0.000001 to 1 with at most 6 "
       "digits after the point"},
      {with("user_limit: 1.5"),
       "f:1:32: queues[0].user_limit: '1.5': expected a number from 0.000001 to 1 with at most 6 "
       "digits after the point"},
      {with("tenants: []"), "f:1:29: queues[0].tenants: a list of 0: expected 1 to 10000 strings"},
      {with("tenants: [T]"),
       "f:1:30: queues[0].tenants[0]: 'T': expected 1 to 63 lower-case letters, digits and '-', "
       "with a letter or digit at both ends"},
  });
}

// Both ends, each with its place.
TEST(ConfigQueues, TreesThatAreNoneNameBothEnds) {
  Expect({
      {"queues:\n  - name: a\n    parent: b\n  - {name: b, parent: a}\n",
       "f:3:13: queues[0].parent: cycle: a -> b -> a: expected parents that end below the root "
       "(see queues[1] at 4:5)"},
      {"queues: [{name: a, parent: x}]",
       "f:1:28: queues[0].parent: \"a\" has the unknown parent \"x\": expected a declared queue, "
       "or none for a queue below the root"},
      // The queue that is added where none of the name is declared has no place in the tree.
      {"queues: [{name: a, parent: default}]",
       "f:1:28: queues[0].parent: \"a\" has the unknown parent \"default\": expected a declared "
       "queue, or none for a queue below the root"},
      {"queues:\n  - name: research\n    guarantee: {gpu/H100: 64, cpu: 8}\n"
       "  - {name: nlp, parent: research, guarantee: {gpu/H100: 40}}\n"
       "  - {name: vision, parent: research, guarantee: {gpu/H100: 32}}\n",
       "f:3:27: queues[0].guarantee.gpu/H100: guarantee gpu/H100 of the children of \"research\" "
       "is 72 (nlp 40, vision 32), its own is 64: expected at most its own (see queues[1] at "
       "4:5)"},
      // The parent does not name the resource: its amounts are the place.
      {"queues:\n  - name: research\n    guarantee: {cpu: 8}\n"
       "  - {name: nlp, parent: research, guarantee: {memory: 1Gi}}\n",
       "f:3:16: queues[0].guarantee.memory: guarantee memory of the children of \"research\" is "
       "1Gi (nlp 1Gi), its own guarantee names none: expected 1Gi or more, or no guarantee of its "
       "own, which is then the sum (see queues[1] at 4:5)"},
      {"queues:\n  - name: research\n    limit: {cpu: 8}\n"
       "  - name: nlp\n    parent: research\n    guarantee: {cpu: 10}\n",
       "f:6:22: queues[1].guarantee.cpu: guarantee cpu 10 of \"nlp\" is above limit cpu 8 of its "
       "ancestor \"research\": expected at most 8 (see queues[0] at 2:5)"},
      {"queues: [{name: a, lending_limit: {example.com/fpga: 1}}]",
       "f:1:54: queues[0].lending_limit.example.com/fpga: lending_limit example.com/fpga 1 of "
       "\"a\", which has no guarantee of example.com/fpga: expected one, since only unused "
       "guarantee is lent"},
      {"queues: [{name: a, order: fifo_strict}, {name: b, parent: a}]",
       "f:1:27: queues[0].order: order of \"a\", which has no gangs of its own but children such "
       "as \"b\": expected it on queues without children (see queues[1] at 1:41)"},
  });
}

TEST(ConfigQueues, NameDeclaredTenants) {
  const std::string tenants = "\ntenants: [{name: t, queues: [a]}]";
  Expect({
      {"queues: [{name: a, tenants: [t]}]" + tenants, "ok"},
      {"queues: [{name: a, tenants: [t, u]}]" + tenants,
       "f:1:33: queues[0].tenants[1]: queue 'a' names the unknown tenant 'u': expected one "
       "declared under 'tenants'"},
      {"queues: [{name: a, tenants: [t]}]",
       "f:1:30: queues[0].tenants[0]: queue 'a' names the unknown tenant 't': expected one "
       "declared under 'tenants'"},
      {"queues: [{name: a, tenants: [t, t]}]" + tenants,
       "f:1:33: queues[0].tenants[1]: 't' twice: expected it once, first at queues[0].tenants[0] "
       "(1:30)"},
  });
}

// r has the children a and b; c stands alone.
TEST(ConfigQueues, ATenantsDefaultIsALeafThatItMayUse) {
  const std::string queues =
      "queues: [{name: r, tenants: [t]}, {name: b, parent: r}, {name: a, parent: r}, {name: c}]\n";
  const auto chosen = [&](const std::string& tenant) {
    const Result<Config> config =
        ParseConfig(queues + "tenants: [{name: t" + tenant + "}, {name: u, queues: [r]" +
                        (tenant.empty() ? "" : ", default_queue: a") + "}]",
                    "f");
    return config.ok() ? config->policy.tenants[0].default_queue : config.error().ToString();
  };
  EXPECT_EQ(chosen(", queues: [r, c]"), "c");  // the first leaf of its list
  EXPECT_EQ(chosen(", queues: [b, a]"), "b");
  EXPECT_EQ(chosen(", default_queue: b"), "b");  // below a queue that names the tenant
  EXPECT_EQ(chosen(", queues: [c], default_queue: a"), "a");
  EXPECT_EQ(chosen(", default_queue: c"),
            "f:2:36: tenants[0].default_queue: 'c' is none of the queues of tenant 't': expected "
            "one of a, b");
  EXPECT_EQ(chosen(", default_queue: r"),
            "f:2:36: tenants[0].default_queue: 'r' has no gangs of its own but children such as "
            "'a': expected one of a, b");
  EXPECT_EQ(chosen(", default_queue: x, queues: [c]"),
            "f:2:36: tenants[0].default_queue: 'x' is none of the queues of tenant 't': expected "
            "one of c, a, b");
  EXPECT_EQ(chosen(""),
            "f:2:11: tenants[0].default_queue: missing, and all queues of tenant 't' have "
            "children: expected one of a, b");
}

}  // namespace
}  // namespace fairlead
