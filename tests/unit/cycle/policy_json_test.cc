#include "scheduler/cycle/policy_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead {
namespace {

std::string Written(const Policy& policy) {
  JsonWriter json;
  WritePolicy(policy, &json);
  return json.Take();
}

// As it was before queues had more than a weight: records of that time stay readable, and what
// uses nothing else still gives the same bytes.
TEST(PolicyJson, DefaultsAreLeftOut) {
  const std::string plain =
      R"({"queues":[{"name":"a","weight":1500000},{"name":"default","weight":1000000}],)"
      R"("tenants":[{"name":"t","namespaces":["n"],"queues":["a"],"default_queue":"a"}],)"
      R"("max_gang_size":10000,"bind_timeout_ns":30000000000})";
  Policy policy;
  policy.queues = {{"a", 1'500'000}, {"default", kWeightOne}};
  policy.tenants = {{"t", {"n"}, {"a"}, "a"}};
  EXPECT_EQ(Written(policy), plain);
  const Result<Policy> read = ReadPolicyJson(plain);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_TRUE(*read == policy);
}

TEST(PolicyJson, EveryFieldComesBack) {
  QueueSpec leaf{"leaf", 2 * kWeightOne, "top"};
  leaf.guarantee = {{"cpu", 1'500}, {"gpu/H100", 8'000}};
  leaf.limit = {{"gpu/H100", 16'000}, {"pods", 0}};
  leaf.borrowing = false;
  leaf.lending_limit = {{"cpu", 1}};
  leaf.priority = -2'147'483'648;
  leaf.order = LeafOrder::kFairUsers;
  leaf.reclaimable = false;
  leaf.min_runtime = Duration::Seconds(90);
  leaf.max_pending_gangs = 0;
  leaf.max_running_gangs = 7;
  leaf.user_limit = 1;
  leaf.tenants = {"t", "u"};
  QueueSpec top{"top"};
  top.lendable = false;
  top.state = QueueState::kDrain;
  Policy policy;
  policy.queues = {leaf, top};
  policy.stale_grace = Duration{};
  policy.aging = {Duration::Seconds(1'800), 5};
  policy.history = {Duration::Seconds(3'600), 500'000};
  policy.topology = {{"zone", "topology.kubernetes.io/zone"}, {"rack", "rack"}};
  const std::string json = Written(policy);
  EXPECT_EQ(json,
            R"({"queues":[{"name":"leaf","weight":2000000,"parent":"top",)"
            R"("guarantee":{"cpu":1500,"gpu/H100":8000},"limit":{"gpu/H100":16000,"pods":0},)"
            R"("borrowing":false,"lending_limit":{"cpu":1},"priority":-2147483648,)"
            R"("order":"fair_users","reclaimable":false,"min_runtime_ns":90000000000,)"
            R"("max_pending_gangs":0,"max_running_gangs":7,"user_limit":1,"tenants":["t","u"]},)"
            R"({"name":"top","weight":1000000,"lendable":false,"state":"drain"}],"tenants":[],)"
            R"("max_gang_size":10000,"bind_timeout_ns":30000000000,"stale_grace_ns":0,)"
            R"("aging":{"step_ns":1800000000000,"max":5},)"
            R"("history":{"half_life_ns":3600000000000,"strength":500000},)"
            R"("topology":[{"name":"zone","label":"topology.kubernetes.io/zone"},)"
            R"({"name":"rack","label":"rack"}]})");
  const Result<Policy> read = ReadPolicyJson(json);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_TRUE(*read == policy);
}

TEST(PolicyJson, RefusesWhatIsNoPolicy) {
  const std::string good =
      R"({"queues":[{"name":"a","weight":1,"guarantee":{"cpu":5},"order":"fifo_strict","parent":"b"},)"
      R"({"name":"b","weight":1}],"tenants":[],"max_gang_size":1,"bind_timeout_ns":0,)"
      R"("aging":{"step_ns":1,"max":1},"history":{"half_life_ns":1,"strength":1}})";
  ASSERT_TRUE(ReadPolicyJson(good).ok());
  struct Case {
    std::string from, to, error;
  };
  for (const Case& c : std::vector<Case>{
           {"{\"queues\"", "[\"queues\"", "policy: expected a JSON object"},
           {"\"weight\":1,", "\"weight\":0,",
            "queues.weight: expected an integer from 1 to 9223372036854775807"},
           {"\"cpu\":5", "\"cpu\":\"5\"", "queues.guarantee: expected integers"},
           {"\"cpu\":5", "\"cpu\":9223372036854775808", "queues.guarantee: expected integers"},
           {"{\"cpu\":5}", "5", "queues.guarantee: expected an object"},
           {"fifo_strict", "fifo", "queues.order: expected a known value"},
           {"\"step_ns\":1", "\"step_ns\":-1",
            "aging.step_ns: expected an integer from 0 to 9223372036854775807"},
           {"\"strength\":1", "\"strength\":1000001",
            "history.strength: expected an integer from 0 to 1000000"},
           // What CheckTree says.
           {"\"cpu\":5", "\"cpu\":-5",
            "policy.queues[0].guarantee.cpu: guarantee cpu of \"a\" is -5: expected 0 or more"},
           {"\"cpu\":5", "\"cpu\":5,\"cpu\":6",
            "policy.queues[0].guarantee.cpu: guarantee of \"a\" has \"cpu\" after \"cpu\": "
            "expected "
            "names once, in order"},
           {"\"name\":\"b\"", "\"name\":\"a\"",
            "policy.queues[1].name: \"a\" twice: expected it once"},
           {"\"name\":\"b\",\"weight\":1", "\"name\":\"b\",\"weight\":1,\"parent\":\"a\"",
            "policy.queues[0].parent: cycle: a -> b -> a: expected parents that end below the "
            "root"},
       }) {
    std::string bad = good;
    const std::size_t at = bad.find(c.from);
    ASSERT_NE(at, std::string::npos) << c.from;
    bad.replace(at, c.from.size(), c.to);
    const Result<Policy> read = ReadPolicyJson(bad);
    ASSERT_FALSE(read.ok()) << bad;
    EXPECT_EQ(read.error().ToString(), c.error);
  }
}

}  // namespace
}  // namespace fairlead
