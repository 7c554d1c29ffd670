#include "fairlead/queues/amounts.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace fairlead {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Amounts, TheNameTellsTheUnit) {
  struct Case {
    std::string name;
    std::string text;
    std::int64_t amount;
    std::string shown;
  };
  for (const Case& c : std::vector<Case>{
           {"cpu", "64", 64'000, "64"},
           {"cpu", "1.5", 1'500, "1500m"},
           {"cpu", "0", 0, "0"},
           {"cpu", "9223372036854775807m", kMax, "9223372036854775807m"},
           {"memory", "512Gi", std::int64_t{512} << 30, "512Gi"},
           {"memory", "1k", 1000, "1000"},
           {"memory", "9223372036854775807", kMax, "9223372036854775807"},
           {"ephemeral-storage", "2Ti", std::int64_t{2} << 40, "2Ti"},
           {"hugepages-2Mi", "1Gi", std::int64_t{1} << 30, "1Gi"},
           {"gpu/H100", "8", 8'000, "8"},
           {"gpu/A100", "500m", 500, "500m"},
           {"gpu/A100|H100", "3", 3'000, "3"},
           {"gpu/", "3", 3'000, "3"},
           {"pods", "2048", 2048, "2048"},
           {"example.com/fpga", "2k", 2000, "2000"},
           {"gpus", "1024", 1024, "1024"},
       }) {
    const Result<std::int64_t> amount = ParseExactAmount(c.name, c.text);
    ASSERT_TRUE(amount.ok()) << c.name << " " << c.text << ": " << amount.error().message;
    EXPECT_EQ(*amount, c.amount) << c.name << " " << c.text;
    EXPECT_EQ(FormatAmount(c.name, c.amount), c.shown);
    EXPECT_EQ(*ParseExactAmount(c.name, c.shown), c.amount);
  }
}

TEST(Amounts, AreRoundedOnlyWhereTheCallerSaysHow) {
  struct Case {
    std::string name;
    std::string text;
    std::int64_t down;
    std::string error;
  };
  for (const Case& c : std::vector<Case>{
           {"cpu", "0.0001", 0,
            "'0.0001' of cpu is not exact: expected a multiple of 1m (milli-CPU)"},
           {"gpu/H100", "2.00050", 2'000,
            "'2.00050' of gpu/H100 is not exact: expected a multiple of 1m (milli-GPU)"},
           {"memory", "1500m", 1,
            "'1500m' of memory is not exact: expected a multiple of 1 (byte)"},
           {"pods", "1.5", 1, "'1.5' of pods is not exact: expected a multiple of 1"},
           // Rounded up it would not fit.
           {"pods", "9223372036854775807.5", kMax,
            "'9223372036854775807.5' of pods is not exact: expected a multiple of 1"},
       }) {
    EXPECT_EQ(*ParseAmount(c.name, c.text, Rounding::kDown), c.down);
    if (c.down < kMax) {
      EXPECT_EQ(*ParseAmount(c.name, c.text, Rounding::kUp), c.down + 1);
    }
    const Result<std::int64_t> exact = ParseExactAmount(c.name, c.text);
    ASSERT_FALSE(exact.ok()) << c.text;
    EXPECT_EQ(exact.error().message, c.error);
  }
}

TEST(Amounts, WhatIsNoAmountIsRefusedWithTheReason) {
  const std::string expected = "expected a number such as 2, 0.5, 250m, 1.5Gi or 1e3";
  const std::string milli =
      "expected at most 9223372036854775807/1000, to fit in 64-bit milli-units";
  struct Case {
    std::string name;
    std::string text;
    std::string error;
  };
  for (const Case& c : std::vector<Case>{
           {"cpu", "1E", "'1E' is too large: " + milli},
           {"gpu/H100", "9223372036854776", "'9223372036854776' is too large: " + milli},
           {"memory", "8Ei",
            "'8Ei' is too large: expected at most 9223372036854775807, to fit in 64-bit units"},
           {"pods", "1e40",
            "'1e40' is too large: expected at most 9223372036854775807, to fit in 64-bit units"},
           {"cpu", "NaN", "'NaN' is not a quantity: " + expected},
           {"cpu", "", "'' is not a quantity: " + expected},
           {"memory", "inf", "'inf' is not a quantity: " + expected},
           {"memory", "-1Gi", "'-1Gi' is negative: expected a quantity of 0 or more"},
       }) {
    for (const Result<std::int64_t>& result :
         {ParseAmount(c.name, c.text, Rounding::kDown), ParseExactAmount(c.name, c.text)}) {
      ASSERT_FALSE(result.ok()) << c.text;
      EXPECT_EQ(result.error().message, c.error);
    }
  }
}

TEST(Amounts, GpusGoByModelAndOtherNamesAreThoseOfKubernetes) {
  for (const char* name :
       {"cpu", "memory", "ephemeral-storage", "pods", "hugepages-1Gi", "gpu/H100", "gpu/",
        "gpu/NVIDIA-A100-SXM4-80GB", "gpu/a_b.c", "example.com/fpga", "nvidia.com/mig-1g.5gb"}) {
    EXPECT_EQ(ResourceNameProblem(name), std::nullopt) << name;
  }
  const std::string by_model =
      ": GPUs are counted by model: expected gpu/<model>, such as gpu/H100, or gpu/ for GPUs of "
      "nodes without a model";
  const std::string other =
      " is no resource: expected cpu, memory, ephemeral-storage, pods, gpu/<model> or an extended "
      "resource such as example.com/fpga";
  const std::string model = " names no GPU model: expected gpu/ and one model, such as gpu/H100";
  for (const auto& [name, problem] : std::vector<std::pair<std::string, std::string>>{
           {"gpu", by_model},
           {"nvidia.com/gpu", by_model},
           {"amd.com/gpu", by_model},
           {"gpu/A100|H100", model},
           {"gpu/A 100", model},
           {"gpu/-", model},
           {"cpus", other},
           {"CPU", other},
           {"", other},
           {"ephemeral_storage", other},
           {"/fpga", other},
           {"example.com/", other},
           {"a/b/c", other},
           {"Example.com/fpga", other},
           {"a..b/c", other},
       }) {
    EXPECT_EQ(ResourceNameProblem(name), "'" + name + "'" + problem);
  }
}

TEST(Amounts, ListsAreSortedAndTheirErrorsNameTheEntry) {
  const Result<NamedAmounts> amounts =
      ParseNamedAmounts({{"memory", "1Ki"}, {"cpu", "2"}, {"gpu/H100", "1"}, {"a.b/c", "0"}});
  ASSERT_TRUE(amounts.ok());
  EXPECT_EQ(*amounts,
            (NamedAmounts{{"a.b/c", 0}, {"cpu", 2'000}, {"gpu/H100", 1'000}, {"memory", 1024}}));
  EXPECT_EQ(FormatAmounts(*amounts), "a.b/c 0, cpu 2, gpu/H100 1, memory 1Ki");
  EXPECT_EQ(FormatAmounts({}), "nothing");

  using Texts = std::vector<std::pair<std::string, std::string>>;
  for (const auto& [texts, error] : std::vector<std::pair<Texts, std::string>>{
           {{{"cpu", "1"}, {"memory", "x"}},
            "memory: 'x' is not a quantity: expected a number such as 2, 0.5, 250m, 1.5Gi or 1e3"},
           {{{"pods", "0.5"}}, "pods: '0.5' of pods is not exact: expected a multiple of 1"},
           {{{"cpu", "1"}, {"pods", "1"}, {"cpu", "1"}}, "cpu: 'cpu' twice: expected it once"},
           {{{"gpu/|", "1"}},
            "gpu/|: 'gpu/|' names no GPU model: expected gpu/ and one model, such as gpu/H100"},
       }) {
    const Result<NamedAmounts> result = ParseNamedAmounts(texts);
    ASSERT_FALSE(result.ok()) << error;
    EXPECT_EQ(result.error().ToString(), error);
  }
}

TEST(Amounts, SumsStopWhereTheyDoNotFit) {
  NamedAmounts sum{{"cpu", 1}, {"pods", kMax - 1}};
  EXPECT_EQ(AddAmounts({{"a/b", 5}, {"cpu", 2}, {"memory", 7}, {"pods", 1}, {"z/z", 9}}, &sum),
            std::nullopt);
  const NamedAmounts full{{"a/b", 5}, {"cpu", 3}, {"memory", 7}, {"pods", kMax}, {"z/z", 9}};
  EXPECT_EQ(sum, full);
  EXPECT_EQ(AddAmounts({{"cpu", 1}, {"pods", 1}, {"z/z", 1}}, &sum), "pods");
  EXPECT_EQ(FindAmount(sum, "cpu"), 4);
  EXPECT_EQ(FindAmount(sum, "pods"), kMax);
  EXPECT_EQ(FindAmount(sum, "z/z"), 9);
}

// What the cluster does not have is dropped; what is not named is 0 of a vector and free of a
// limit.
TEST(Amounts, BecomeVectorsOfTheClusterAndBack) {
  const std::vector<std::string> names = {"cpu", "memory", "pods", "ephemeral-storage", "gpu/H100"};
  const NamedAmounts amounts{{"cpu", 2'000}, {"gpu/B200", 1'000}, {"gpu/H100", 8'000}, {"pods", 0}};
  const ResourceVector vector = ToVector(amounts, names);
  EXPECT_EQ(vector.Get(ResourceId(0)), 2'000);
  EXPECT_EQ(vector.Get(ResourceId(1)), 0);
  EXPECT_EQ(vector.Get(ResourceId(4)), 8'000);
  EXPECT_EQ(vector.size(), 5U);
  EXPECT_EQ(ToNamed(vector, names), (NamedAmounts{{"cpu", 2'000}, {"gpu/H100", 8'000}}));
  const ResourceLimits limits = ToLimits(amounts, names);
  EXPECT_EQ(limits.Get(ResourceId(0)), 2'000);
  EXPECT_EQ(limits.Get(ResourceId(1)), std::nullopt);
  EXPECT_EQ(limits.Get(ResourceId(2)), 0);
  EXPECT_EQ(limits.Get(ResourceId(4)), 8'000);
  EXPECT_TRUE(ToVector({}, names).IsZero());
  EXPECT_EQ(ToLimits({}, names).Get(ResourceId(0)), std::nullopt);
  EXPECT_EQ(ToNamed({}, names), NamedAmounts{});
}

}  // namespace
}  // namespace fairlead
