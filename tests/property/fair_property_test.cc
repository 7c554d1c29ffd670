// Random trees and flat instances: what must hold of entitlements.
#include <gtest/gtest.h>

#include "tests/property/fair_properties.h"
#include "tests/support/fair_subject.h"

namespace fairlead::testing_support {
namespace {

void ExpectHolds(FairProperty property, int cases) {
  EXPECT_TRUE(Holds(property, UnderTest(), {.cases = ScaledCases(cases)}));
}

TEST(FairTreeProperty, Feasible) { ExpectHolds(IsFeasible, 800); }
TEST(FairTreeProperty, Guarantees) { ExpectHolds(GuaranteesHold, 800); }
TEST(FairTreeProperty, ParetoOptimal) { ExpectHolds(IsParetoOptimal, 800); }
TEST(FairTreeProperty, OrderOfQueues) { ExpectHolds(OrderOfQueuesDoesNotMatter, 500); }
TEST(FairTreeProperty, UnitOfWeights) { ExpectHolds(UnitOfWeightsDoesNotMatter, 500); }
TEST(FairTreeProperty, UnitsOfResources) { ExpectHolds(UnitsOfResourcesDoNotMatter, 500); }
TEST(FairTreeProperty, SingleClassBelowTheRootGetsItsFraction) {
  ExpectHolds(SingleClassBelowTheRootGetsItsFraction, 800);
}
TEST(FairTreeProperty, WholeUnitsKeepSums) { ExpectHolds(WholeUnitsKeepSums, 500); }
TEST(FairTreeProperty, EqualsReference) { ExpectHolds(EqualsReference, 1000); }
TEST(FairTreeProperty, RoundsAsReference) { ExpectHolds(RoundsAsReference, 500); }
TEST(FairTreeProperty, IsBoundAsReference) { ExpectHolds(IsBoundAsReference, 2000); }

TEST(FairFlatProperty, SharingIncentive) { ExpectHolds(GivesSharingIncentive, 500); }
TEST(FairFlatProperty, EnvyFree) { ExpectHolds(IsEnvyFree, 500); }
TEST(FairFlatProperty, LyingDoesNotPay) { ExpectHolds(LyingDoesNotPay, 800); }
TEST(FairFlatProperty, CommonBottleneck) { ExpectHolds(IsFairAtACommonBottleneck, 500); }
TEST(FairFlatProperty, SingleResource) { ExpectHolds(IsMaxMinOfASingleResource, 500); }
TEST(FairFlatProperty, PopulationMonotone) { ExpectHolds(IsPopulationMonotone, 500); }
TEST(FairFlatProperty, EqualsLinearProgram) { ExpectHolds(EqualsLinearProgram, 800); }

}  // namespace
}  // namespace fairlead::testing_support
