// Gangs of several shapes on few nodes, against a search of all ways to place them.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "fairlead/placement/placer.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing_support::Cluster;
using testing_support::GangShape;

constexpr int kNodes = 4;
constexpr int kShapes = 3;

int Below(int n) { return *rc::gen::resize(100, rc::gen::inRange(0, n)); }

struct Scene {
  std::vector<int> gpus;                          // by node
  std::vector<int> size;                          // GPUs of a member, by shape
  std::vector<std::vector<std::string>> accepts;  // names of nodes, by shape
  std::vector<int> shape_of;                      // by member
};

Scene RandomScene(bool equal_sizes) {
  Scene scene;
  for (int n = 0; n < kNodes; ++n) scene.gpus.push_back(Below(6));
  const int same = 1 + Below(2);
  for (int s = 0; s < kShapes; ++s) {
    scene.size.push_back(equal_sizes ? same : 1 + Below(3));
    std::vector<std::string>& names = scene.accepts.emplace_back();
    for (int n = 0; n < kNodes; ++n) {
      if (Below(2) == 0) names.push_back(Cluster::Numbered("n", n));
    }
    if (names.empty()) names.push_back(Cluster::Numbered("n", Below(kNodes)));
  }
  for (int m = 2 + Below(7); m > 0; --m) scene.shape_of.push_back(Below(kShapes));
  return scene;
}

// Can the members from `next` on all be placed on what is left?
bool Exists(const Scene& scene, std::size_t next, std::vector<int>* left) {
  if (next == scene.shape_of.size()) return true;
  const auto shape = static_cast<std::size_t>(scene.shape_of[next]);
  for (int n = 0; n < kNodes; ++n) {
    const auto& names = scene.accepts[shape];
    int& free = (*left)[static_cast<std::size_t>(n)];
    const bool accepted =
        std::find(names.begin(), names.end(), Cluster::Numbered("n", n)) != names.end();
    if (!accepted || free < scene.size[shape]) continue;
    free -= scene.size[shape];
    const bool found = Exists(scene, next + 1, left);
    free += scene.size[shape];
    if (found) return true;
  }
  return false;
}

// Is it placed? The plan must be sound.
bool Places(const Scene& scene) {
  Cluster cluster;
  for (int n = 0; n < kNodes; ++n) {
    cluster.Node(Cluster::Numbered("n", n), {.gpus = scene.gpus[static_cast<std::size_t>(n)]});
  }
  for (std::size_t m = 0; m < scene.shape_of.size(); ++m) {
    const auto shape = static_cast<std::size_t>(scene.shape_of[m]);
    GangShape gang{.name = "g", .pods = static_cast<std::int64_t>(scene.shape_of.size())};
    gang.gpus = scene.size[shape];
    gang.milli_cpu = 1 + static_cast<std::int64_t>(shape);  // so that shapes differ
    gang.node_terms = {{{}, {{"", RequirementOp::kIn, scene.accepts[shape]}}}};
    cluster.store().UpsertPod(Cluster::Pod(gang, static_cast<int>(m)), {});
  }
  const auto snapshot = cluster.Take();
  const Plan plan = Decide({*snapshot, Policy(), Instant{}}).plan;
  RC_ASSERT(Verify(*snapshot, Policy(), plan) == std::vector<std::string>{});
  return !plan.bind.empty();
}

RC_GTEST_PROP(MixedGangProperty, OfEqualSizesAPlacementIsFoundIfThereIsOne, ()) {
  const Scene scene = RandomScene(true);
  std::vector<int> left = scene.gpus;
  const bool exists = Exists(scene, 0, &left);
  RC_CLASSIFY(exists, "there is one");
  RC_ASSERT(Places(scene) == exists);
}

RC_GTEST_PROP(MixedGangProperty, OfOtherSizesWhatIsFoundIsOne, ()) {
  const Scene scene = RandomScene(false);
  std::vector<int> left = scene.gpus;
  const bool exists = Exists(scene, 0, &left);
  const bool placed = Places(scene);
  RC_CLASSIFY(placed, "placed");
  RC_CLASSIFY(exists && !placed, "missed");
  RC_ASSERT(exists || !placed);
}

}  // namespace
}  // namespace fairlead
