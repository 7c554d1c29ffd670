// What must hold of every solver of entitlements, as properties of a subject: the same property
// runs on the product's solver, on the reference and on the broken variants that it must notice.
//
// Each draws its own input; call them inside rapidcheck only. A property fails by RC_ASSERT.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <optional>

#include "tests/support/fair_exact.h"

namespace fairlead::testing_support {

using FairProperty = void (*)(const Subject& subject);

// Trees.
void IsFeasible(const Subject& subject);
void GuaranteesHold(const Subject& subject);
void IsParetoOptimal(const Subject& subject);
void OrderOfQueuesDoesNotMatter(const Subject& subject);
void UnitOfWeightsDoesNotMatter(const Subject& subject);
void UnitsOfResourcesDoNotMatter(const Subject& subject);
void SingleClassBelowTheRootGetsItsFraction(const Subject& subject);
void WholeUnitsKeepSums(const Subject& subject);
void EqualsReference(const Subject& subject);
void RoundsAsReference(const Subject& subject);
void IsBoundAsReference(const Subject& subject);

// Flat trees of queues with one class each.
void GivesSharingIncentive(const Subject& subject);
void IsEnvyFree(const Subject& subject);
void LyingDoesNotPay(const Subject& subject);
void IsFairAtACommonBottleneck(const Subject& subject);
void IsMaxMinOfASingleResource(const Subject& subject);
void IsPopulationMonotone(const Subject& subject);
void EqualsLinearProgram(const Subject& subject);

// Runs a property `cases` times; true if it held. Prints the counterexample unless `quietly`.
struct RunOptions {
  int cases = 100;
  std::optional<std::uint64_t> seed = {};  // none: as RC_PARAMS says, otherwise random
  bool quietly = false;                    // and without shrinking
};
bool Holds(FairProperty property, const Subject& subject, const RunOptions& options);

// `cases` scaled by the environment: FAIRLEAD_FAIR_CASES is the number for all properties together,
// of which kFairCases is the default.
inline constexpr int kFairCases = 10'000;
int ScaledCases(int cases);

}  // namespace fairlead::testing_support
