// Who may use which queue where no tenants are configured: Queue objects can list tenants that only
// labels of namespaces name.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing_support::Cluster;

TEST(Rights, QueuesThatListTenantsAreTheirs) {
  struct Case {
    const char* label;
    const char* queue;
    const char* message;  // empty: it starts
  };
  const std::vector<Case> cases = {
      {"red", "a", ""},
      {"red", "b", ""},
      {"blue", "b", ""},
      {"blue", "a",
       "queue \"a\" is for tenants red only; namespace \"ns\" belongs to tenant \"blue\""},
      {"", "a", "queue \"a\" is for tenants red only; namespace \"ns\" belongs to no tenant"},
      {"", "b", "queue \"b\" is for tenants blue, red only; namespace \"ns\" belongs to no tenant"},
      {"", "open", ""},
      {"red", "open", ""},
  };
  Policy policy;
  policy.queues = {{.name = "lab", .tenants = {"red"}},
                   {.name = "a", .parent = "lab"},
                   {.name = "b", .parent = "lab", .tenants = {"blue"}},
                   {.name = "open"}};
  for (const Case& c : cases) {
    Cluster cluster;
    cluster.Node("n", {.gpus = 8});
    cluster.store().UpsertNamespace({"ns", c.label});
    cluster.Gang({.name = "g", .ns = "ns", .queue = c.queue, .gpus = 1});
    const auto snapshot = cluster.Take();
    const Plan plan = Decide({*snapshot, policy, Instant{}}).plan;
    EXPECT_TRUE(Verify(*snapshot, policy, plan).empty());
    const std::string message = plan.pending.empty() ? "" : plan.pending.front().message;
    EXPECT_EQ(message, c.message) << c.label << " in " << c.queue;
    EXPECT_EQ(plan.bind.size(), message.empty() ? 1U : 0U);
  }
}

}  // namespace
}  // namespace fairlead
