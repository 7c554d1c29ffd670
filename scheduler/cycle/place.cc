// place: gang after gang in order, each whole or not at all. A gang that does not fit steps aside;
// the next of its queue may pass.
#include "scheduler/cycle/passes.h"

namespace fairlead {

PlaceResult PlaceGangs(const DecideInput& input, GangLine* line, Placer* placer,
                       std::vector<Outcome>* outcomes) {
  PlaceResult result;
  while (const Candidate* candidate = line->Next()) {
    if (placer->steps() >= input.step_budget) {
      result.exhausted = true;
      return result;
    }
    const std::size_t first = result.bind.size();
    const bool placed = placer->PlaceGang(*candidate->gang, candidate->need, &result.bind);
    (*outcomes)[candidate->position] = placed ? Outcome::kPlaced : Outcome::kFailed;
    if (placed) line->Charge(*candidate, result.bind, first);
  }
  return result;
}

}  // namespace fairlead
