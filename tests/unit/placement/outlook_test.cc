#include "fairlead/placement/outlook.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <optional>

#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing_support::Cluster;

// int(100 * sigmoid(gain / 4000)) in real numbers; nullopt too near a step to tell.
std::optional<int> Real(const Outlook& outlook, std::int64_t cpu, std::int64_t gpu,
                        std::int64_t scarcity, std::int64_t free_cpu, std::int64_t free_gpu) {
  const auto imbalance = [&](std::int64_t c, std::int64_t g) {
    return std::abs(static_cast<double>(c) * 1000 / static_cast<double>(outlook.ratio) -
                    static_cast<double>(g));
  };
  const double growth = imbalance(free_cpu - cpu, free_gpu - gpu) - imbalance(free_cpu, free_gpu);
  const double gain = -growth / 2 - static_cast<double>(scarcity * gpu) / 16;
  const double merit = 100 / (1 + std::exp(-gain / 4000));
  if (std::abs(merit - std::round(merit)) < 1e-6) return std::nullopt;
  return static_cast<int>(merit);
}

TEST(MeritScale, IsTheFormula) {
  const Outlook outlook{.ratio = 10'240, .scarcity = {}};
  int compared = 0;
  for (const std::int64_t cpu : {0, 100, 4'000, 32'000, 200'000}) {
    for (const std::int64_t gpu : {0, 250, 1'000, 8'000}) {
      for (const std::int64_t scarcity : {0, 3, 16}) {
        const MeritScale scale(outlook, cpu, gpu, scarcity);
        for (std::int64_t free_cpu = cpu; free_cpu < 300'000; free_cpu += 7'001) {
          for (std::int64_t free_gpu = gpu; free_gpu <= 8'000; free_gpu += 250) {
            const auto real = Real(outlook, cpu, gpu, scarcity, free_cpu, free_gpu);
            if (!real) continue;
            ASSERT_EQ(scale.Of(free_cpu, free_gpu), *real)
                << cpu << " " << gpu << " " << scarcity << " " << free_cpu << " " << free_gpu;
            ++compared;
          }
        }
      }
    }
  }
  EXPECT_GT(compared, 40'000);
}

TEST(MeritScale, HugeAmountsStayInRange) {
  const std::int64_t huge = std::int64_t{1} << 62;
  const Outlook outlook{.ratio = 1'000'000, .scarcity = {}};
  const MeritScale scale(outlook, huge, 64'000, Outlook::kScarcest);
  EXPECT_GE(scale.Of(huge, 64'000), 0);
  EXPECT_LE(scale.Of(0, 0), 99);
}

TEST(Outlook, RatioOfAllThatWaitOrRunToFourBits) {
  Cluster cluster;
  cluster.Node("n", {.cpu = 96, .gpus = 8});
  // 4 pods of 9 CPUs and 1 GPU, one that runs with 10 CPUs and 2 GPUs: 46 CPUs on 6 GPUs, 7,666
  // mCPU each, in four bits 7,168 = 14 * 512.
  cluster.Gang({.name = "a", .pods = 4, .milli_cpu = 9'000, .gpus = 1});
  cluster.Gang({.name = "b", .milli_cpu = 10'000, .gpus = 2, .bound = {"n"}});
  // No GPUs: not looked at.
  cluster.Gang({.name = "c", .pods = 9, .milli_cpu = 1'000});
  EXPECT_EQ(OutlookOf(*cluster.Take()).ratio, 7'168);
  // Those that are gone do not count: 9,000, in four bits 8 * 1,024.
  cluster.store().RemovePod("default", "b-00000", "", Instant{});
  EXPECT_EQ(OutlookOf(*cluster.Take()).ratio, 8'192);
}

TEST(Outlook, WithoutGpusThereIsNothingToTellBy) {
  Cluster cluster;
  cluster.Node("n", {.cpu = 96, .gpus = 8});
  cluster.Gang({.name = "c", .pods = 9, .milli_cpu = 1'000});
  EXPECT_EQ(OutlookOf(*cluster.Take()).ratio, 0);
}

TEST(Outlook, AModelIsScarceAsFarAsOthersCannotDoWithoutIt) {
  Cluster cluster;
  cluster.Nodes("a", 3, {.cpu = 96, .gpus = 8, .model = "A"});
  cluster.Nodes("h", 1, {.cpu = 96, .gpus = 8, .model = "H"});
  // 3 of 24 GPUs asked for are of H only; grown to the capacity of 32 that is 4 of its 8.
  cluster.Gang({.name = "any", .pods = 21, .milli_cpu = 8'000, .gpus = 1});
  cluster.Gang({.name = "h", .pods = 3, .milli_cpu = 8'000, .gpus = 1, .models = {"H"}});
  const auto snapshot = cluster.Take();
  const Outlook outlook = OutlookOf(*snapshot);
  ASSERT_EQ(outlook.scarcity.size(), 2U);
  EXPECT_EQ(outlook.scarcity[snapshot->names->models[0] == "H" ? 0 : 1], 8);
  EXPECT_EQ(outlook.scarcity[snapshot->names->models[0] == "H" ? 1 : 0], 0);
}

}  // namespace
}  // namespace fairlead
