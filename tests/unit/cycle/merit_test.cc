// Which node of several that fit: what the merit of Outlook does to decisions.
#include <gtest/gtest.h>

#include <string>

#include "fairlead/cycle/decide.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing_support::Cluster;

std::string NodeOf(Cluster* cluster, const std::string& gang) {
  const auto snapshot = cluster->Take();
  for (const Placement& p : Decide({*snapshot, Policy{}, Instant{}}).plan.bind) {
    if (FindGang(*snapshot, p.gang)->key.name == gang) {
      return snapshot->nodes->info[p.node.index()].name;
    }
  }
  return "";
}

TEST(Merit, AScarceModelIsLeftToThoseWhoNeedIt) {
  Cluster cluster;
  cluster.Node("a", {.cpu = 96, .gpus = 8, .model = "H"});
  cluster.Node("b", {.cpu = 96, .gpus = 8, .model = "A"});
  cluster.Gang({.name = "wants-h",
                .pods = 4,
                .milli_cpu = 12'000,
                .gpus = 2,
                .models = {"H"},
                .gated = true});
  cluster.Gang({.name = "any", .milli_cpu = 12'000, .gpus = 1});
  EXPECT_EQ(NodeOf(&cluster, "any"), "b");
}

TEST(Merit, PodsWithManyCpusGoWhereCpusAreMany) {
  Cluster cluster;
  // Pods ask for 8 CPUs a GPU: the first node has too few CPUs for its GPUs already.
  cluster.Node("few", {.cpu = 40, .gpus = 8});
  cluster.Node("many", {.cpu = 128, .gpus = 8});
  cluster.Gang({.name = "usual", .pods = 50, .milli_cpu = 8'000, .gpus = 1, .gated = true});
  cluster.Gang({.name = "hungry", .milli_cpu = 32'000, .gpus = 1});
  EXPECT_EQ(NodeOf(&cluster, "hungry"), "many");
  cluster.store().RemovePod("default", "hungry-00000", "", Instant{});
  cluster.Gang({.name = "modest", .milli_cpu = 1'000, .gpus = 2});
  EXPECT_EQ(NodeOf(&cluster, "modest"), "few");
}

TEST(Merit, OfEqualMeritTheFullestNodeComesFirst) {
  Cluster cluster;
  cluster.Nodes("n", 3, {.cpu = 128, .gpus = 8});
  cluster.Gang({.name = "runs",
                .pods = 2,
                .milli_cpu = 8'000,
                .gpus = 1,
                .bound = {Cluster::Numbered("n", 1), Cluster::Numbered("n", 1)}});
  cluster.Gang({.name = "next", .milli_cpu = 8'000, .gpus = 1});
  EXPECT_EQ(NodeOf(&cluster, "next"), Cluster::Numbered("n", 1));
}

}  // namespace
}  // namespace fairlead
