// The properties can fail: each broken variant of the reference is noticed by the properties that
// are there for it, within a fixed number of cases from a fixed seed.
#include <gtest/gtest.h>

#include <string>

#include "tests/property/fair_properties.h"
#include "tests/support/fair_reference.h"

namespace fairlead::testing_support {
namespace {

constexpr std::uint64_t kSeed = 7;
constexpr int kCases = 2000;

struct MutantCase {
  std::string name;
  Mutant mutant;
  FairProperty noticed_by;
};

class FairMutation : public testing::TestWithParam<MutantCase> {};

TEST_P(FairMutation, IsNoticed) {
  EXPECT_FALSE(Holds(GetParam().noticed_by, Reference(GetParam().mutant),
                     {.cases = kCases, .seed = kSeed, .quietly = true}));
}

INSTANTIATE_TEST_SUITE_P(
    All, FairMutation,
    testing::Values(
        // Levels and who grows.
        MutantCase{"WeightsIgnored", Mutant::kWeightsIgnored, GivesSharingIncentive},
        MutantCase{"WeightsIgnoredInLp", Mutant::kWeightsIgnored, EqualsLinearProgram},
        MutantCase{"WeightsIgnoredSingleResource", Mutant::kWeightsIgnored,
                   IsMaxMinOfASingleResource},
        MutantCase{"WeightsIgnoredAtBottleneck", Mutant::kWeightsIgnored,
                   IsFairAtACommonBottleneck},
        MutantCase{"WeightsIgnoredBelowRoot", Mutant::kWeightsIgnored,
                   SingleClassBelowTheRootGetsItsFraction},
        MutantCase{"InnerWeightsIgnored", Mutant::kInnerWeightsIgnored, EqualsReference},
        MutantCase{"PriorityIgnored", Mutant::kPriorityIgnored, EqualsReference},
        MutantCase{"NoRescale", Mutant::kNoRescale, EqualsReference},
        MutantCase{"FrozenLeftOut", Mutant::kFrozenLeftOut, SingleClassBelowTheRootGetsItsFraction},
        MutantCase{"SaturatedKept", Mutant::kSaturatedKept, EqualsReference},
        MutantCase{"SumOfShares", Mutant::kSumOfShares, GivesSharingIncentive},
        MutantCase{"SumOfSharesInLp", Mutant::kSumOfShares, EqualsLinearProgram},
        MutantCase{"BaseInLevel", Mutant::kBaseInLevel, EqualsReference},
        MutantCase{"ClassesMerged", Mutant::kClassesMerged, IsParetoOptimal},
        MutantCase{"LaterWeighMore", Mutant::kLaterWeighMore, OrderOfQueuesDoesNotMatter},
        MutantCase{"LaterWeighMoreEnvied", Mutant::kLaterWeighMore, IsEnvyFree},
        MutantCase{"RawAmounts", Mutant::kRawAmounts, UnitsOfResourcesDoNotMatter},
        MutantCase{"WeightPlusOne", Mutant::kWeightPlusOne, UnitOfWeightsDoesNotMatter},
        MutantCase{"DemandWeighs", Mutant::kDemandWeighs, LyingDoesNotPay},
        MutantCase{"CrowdFavorsFirst", Mutant::kCrowdFavorsFirst, IsPopulationMonotone},
        // Guarantees.
        MutantCase{"GuaranteeIgnored", Mutant::kGuaranteeIgnored, GuaranteesHold},
        MutantCase{"InnerGuaranteeIgnored", Mutant::kInnerGuaranteeIgnored, GuaranteesHold},
        MutantCase{"KeptIgnored", Mutant::kKeptIgnored, GuaranteesHold},
        MutantCase{"CutIgnored", Mutant::kCutIgnored, IsFeasible},
        // Constraints.
        MutantCase{"BorrowingIgnored", Mutant::kBorrowingIgnored, IsFeasible},
        MutantCase{"LimitIgnored", Mutant::kLimitIgnored, IsFeasible},
        MutantCase{"LimitCutsDemand", Mutant::kLimitCutsDemand, EqualsReference},
        MutantCase{"LimitOnSurplusOnly", Mutant::kLimitOnSurplusOnly, IsFeasible},
        MutantCase{"SingleModelSetsOnly", Mutant::kSingleModelSetsOnly, IsFeasible},
        MutantCase{"FullModelSetOnly", Mutant::kFullModelSetOnly, IsFeasible},
        // Reasons.
        MutantCase{"LimitOnSurplusOnlyAsBound", Mutant::kLimitOnSurplusOnly, IsBoundAsReference},
        MutantCase{"CutIgnoredAsBound", Mutant::kCutIgnored, IsBoundAsReference},
        // Whole units.
        MutantCase{"FloorEverywhere", Mutant::kFloorEverywhere, WholeUnitsKeepSums},
        MutantCase{"RoundById", Mutant::kRoundById, OrderOfQueuesDoesNotMatter},
        MutantCase{"RoundByIdAsReference", Mutant::kRoundById, RoundsAsReference}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace fairlead::testing_support
