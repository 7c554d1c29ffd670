#include "scheduler/cli/fairshare_answer.h"

#include <map>
#include <utility>

#include "fairlead/base/check.h"
#include "scheduler/cli/model_flow.h"

namespace fairlead::cli {

ResourceVector UnusedCapacity(const EntitlementInput& input,
                              const std::vector<Entitlement>& entitlements) {
  ResourceVector room = input.capacity;
  std::map<std::vector<ResourceId>, std::int64_t> sums;
  for (std::size_t i = 0; i < input.queues.size(); ++i) {
    if (input.queues[i].parent.valid()) continue;
    room -= entitlements[i].amounts;
    for (const AnyOf& amount : entitlements[i].any_of) sums[amount.models] += amount.amount;
  }
  std::vector<AnyOf> any_of;
  any_of.reserve(sums.size());
  for (const auto& [models, amount] : sums) any_of.push_back({models, amount});
  FAIRLEAD_CHECK(AssignModels(any_of, &room),
                 "the entitlements do not fit in the capacity of the GPU models");
  return room;
}

Result<FairshareAnswer> AnswerFairshare(const FairshareFile& file) {
  const EntitlementInput input = MakeEntitlementInput(file);
  FairshareAnswer answer;
  answer.entitlements = SolveEntitlements(input);
  answer.unused = UnusedCapacity(input, answer.entitlements);
  Result<WholeTasks> whole = GiveWholeTasks(file, input, answer.entitlements);
  if (!whole.ok()) return whole.error();
  answer.whole = std::move(*whole);
  return answer;
}

}  // namespace fairlead::cli
