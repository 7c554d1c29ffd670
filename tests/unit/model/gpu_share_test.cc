// What parts of GPUs cost, and what is left of a GPU beside them.
#include "fairlead/model/gpu_share.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead {
namespace {

constexpr std::int64_t kGib = std::int64_t{1} << 30;

GpuShare Part(std::int64_t millionths, std::int64_t memory = 0) {
  return {.devices = 1, .millionths = millionths, .memory_bytes = memory, .share_class = ""};
}

TEST(GpuShare, CostsTheLargerOfShareAndMemoryRoundedUp) {
  const GpuKind kind{.slices = 4, .memory_bytes = 40 * kGib};
  struct Case {
    GpuShare share;
    std::int32_t slices;
  };
  for (const Case& c : std::vector<Case>{
           {Part(1), 1},
           {Part(250'000), 1},
           {Part(250'001), 2},
           {Part(999'999), 4},
           {Part(0, 1), 1},
           {Part(0, 10 * kGib), 1},
           {Part(0, 10 * kGib + 1), 2},
           {Part(0, 40 * kGib), 4},
           {Part(0, 40 * kGib + 1), 0},
           {Part(500'000, 30 * kGib), 3},
           {Part(500'000, 10 * kGib), 2},
       }) {
    EXPECT_EQ(SlicesFor(c.share, kind), c.slices)
        << c.share.millionths << " " << c.share.memory_bytes;
  }
  EXPECT_EQ(SlicesFor(Part(100'000), {1, 0}), 1) << "not shared: all of it";
  EXPECT_EQ(SlicesFor(Part(0, 1), {4, 0}), 0) << "memory is not known";
}

TEST(GpuShare, ReadsDecimalsExactly) {
  struct Case {
    std::string text;
    std::int64_t millionths;  // 0 = refused
  };
  for (const Case& c : std::vector<Case>{{"0.25", 250'000},
                                         {"0.000001", 1},
                                         {"1", kWholeGpu},
                                         {"1.000000", kWholeGpu},
                                         {"0.999999", 999'999},
                                         {"0", 0},
                                         {"0.0", 0},
                                         {"1.000001", 0},
                                         {"1.5", 0},
                                         {"-1", 0},
                                         {"0.0000001", 0},
                                         {"", 0},
                                         {".5", 0},
                                         {"0.", 0},
                                         {"half", 0},
                                         {"0.5 ", 0},
                                         {"0,5", 0},
                                         {"1e-1", 0},
                                         {"2", 0},
                                         {"00.5", 0},
                                         {"0.-5", 0}}) {
    std::int64_t millionths = 0;
    EXPECT_EQ(ParseGpuShare(c.text, &millionths), c.millionths > 0) << c.text;
    EXPECT_EQ(millionths, c.millionths) << c.text;
  }
}

TEST(GpuShare, CountsNoMoreThanTheGpu) {
  EXPECT_EQ(GpuMilli(2, {}), 2000);
  EXPECT_EQ(GpuMilli(1, {1, 4}), 250);
  EXPECT_EQ(GpuMilli(3, {1, 3}), 999);
  EXPECT_EQ(GpuMilli(1, {3, 3}), 1000);
}

TEST(GpuShare, GrantsOfAnotherCutKeepTheirPart) {
  const std::vector<GpuGrant> quarters = {{1, 4}, {1, 4}};
  EXPECT_EQ(SlicesLeft(quarters, 4), 2);
  EXPECT_EQ(SlicesLeft(quarters, 2), 1);
  EXPECT_EQ(SlicesLeft(quarters, 3), 1);
  EXPECT_EQ(SlicesLeft(quarters, 1), 0);
  const std::vector<GpuGrant> mixed = {{1, 3}, {1, 2}, {1, 6}};
  EXPECT_EQ(SlicesLeft(mixed, 64), 0);
  EXPECT_EQ(SlicesLeft({}, 7), 7);
  // Denominators that no 64 bits hold: less is left, never more.
  std::vector<GpuGrant> odd;
  for (const std::int32_t of : {61, 59, 53, 47, 43, 41, 37, 31, 29, 23, 19, 17, 13}) {
    odd.push_back({1, of});
  }
  EXPECT_LE(SlicesLeft(odd, 64), 36);  // 64 x (1 - 0.43...)
  EXPECT_GE(SlicesLeft(odd, 64), 30);
}

}  // namespace
}  // namespace fairlead
