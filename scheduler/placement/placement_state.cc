#include "fairlead/placement/placement_state.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace fairlead {
namespace {

// A shape that no decision used for so long is forgotten.
constexpr std::uint64_t kRoundsKept = 64;
// Noted changes, before the shapes are brought up to date and the list starts anew.
constexpr std::size_t kMostTouched = 65'536;

bool Test(const RankBits& bits, std::uint32_t rank) {
  return (bits[rank / 64] >> (rank % 64) & 1) != 0;
}

}  // namespace

PlacementState::PlacementState(Room room, Outlook outlook)
    : room_(std::move(room)), outlook_(std::move(outlook)) {}

ShapeState& PlacementState::Of(const Snapshot& snapshot, const NodeClasses& classes,
                               ShapeId shape) {
  if (shape.index() >= shapes_.size()) shapes_.resize(snapshot.shapes->size());
  std::unique_ptr<ShapeState>& state = shapes_[shape.index()];
  if (!state) {
    state = std::make_unique<ShapeState>();
    state->need = NeedOf(snapshot, shape);
    state->feasible = classes.Feasible(shape);
    state->open = state->feasible;
    state->tiers = classes.Tiers(shape);
  }
  if (state->scales.empty()) RankAll(snapshot, shape, state.get());
  state->used = round_;
  return *state;
}

// Under a new outlook, or for the first time. A node that is full now is ranked when its room
// changes.
void PlacementState::RankAll(const Snapshot& snapshot, ShapeId shape, ShapeState* state) {
  const std::int64_t milli_cpu = (*snapshot.shape_requests)[shape.index()].Get(kCpu);
  const std::vector<std::int64_t>& gpu_milli = state->need.gpu_milli;
  state->scales.reserve(gpu_milli.size() + 1);
  for (std::size_t m = 0; m < gpu_milli.size(); ++m) {
    state->scales.emplace_back(outlook_, milli_cpu, gpu_milli[m],
                               m < outlook_.scarcity.size() ? outlook_.scarcity[m] : 0);
  }
  state->scales.emplace_back(outlook_, milli_cpu, 0, 0);
  state->ranking = Ranking(outlook_.ratio > 0 ? room_.ranks() : 0);
  state->seen = touched_.size();
  caught_up_ = touched_.size();
  if (outlook_.ratio == 0) return;
  const NodeTable& nodes = *snapshot.nodes;
  for (std::size_t w = 0; w < state->open.size(); ++w) {
    for (std::uint64_t word = state->open[w]; word != 0; word &= word - 1) {
      const auto bit = static_cast<std::uint32_t>(std::countr_zero(word));
      Rank(nodes, static_cast<std::uint32_t>(w * 64) + bit, state);
    }
  }
}

// Of feasible nodes. The higher the merit the lower the number; of equal merit, the less scarce
// model comes first.
void PlacementState::Rank(const NodeTable& nodes, std::uint32_t rank, ShapeState* state) const {
  const NodeId node = room_.NodeAt(rank);
  const ModelId model = nodes.model[node.index()];
  const bool gpus = state->need.gpus > 0 && model.valid() && nodes.gpus[node.index()] > 0;
  const MeritScale& scale = gpus ? state->scales[model.index()] : state->scales.back();
  const std::int32_t merit = scale.Of(room_.FreeAmount(kCpu, node), room_.FreeMilli(node));
  const std::int64_t scarcity =
      gpus && model.index() < outlook_.scarcity.size() ? outlook_.scarcity[model.index()] : 0;
  const std::int64_t number = (100 - merit) * (Outlook::kScarcest + 1) + scarcity;
  state->ranking.Set(rank, static_cast<Ranking::Number>(number));
}

void PlacementState::CatchUp(const NodeTable& nodes, ShapeState* state) {
  if (outlook_.ratio > 0) {
    for (std::size_t i = state->seen; i < touched_.size(); ++i) {
      if (Test(state->feasible, touched_[i])) Rank(nodes, touched_[i], state);
    }
  }
  state->seen = touched_.size();
  caught_up_ = touched_.size();
}

void PlacementState::Restored(std::size_t mark) {
  if (caught_up_ <= mark) {
    touched_.resize(mark);
    return;
  }
  // A shape has seen some of it.
  for (std::size_t i = mark, end = touched_.size(); i < end; ++i) touched_.push_back(touched_[i]);
}

void PlacementState::ForgetClasses() {
  for (std::unique_ptr<ShapeState>& state : shapes_) {
    if (state) state->standings.clear();
  }
}

void PlacementState::NextRound() {
  ++round_;
  for (std::unique_ptr<ShapeState>& state : shapes_) {
    if (state && round_ - state->used > kRoundsKept) state.reset();
  }
}

void PlacementState::Follow(const Snapshot& snapshot, Outlook outlook) {
  NextRound();
  const bool same_outlook = outlook == outlook_;
  outlook_ = std::move(outlook);
  const NodeTable& nodes = *snapshot.nodes;
  std::vector<std::uint32_t> changed;
  for (const NodeId node : room_.Follow(snapshot)) {
    if (nodes.present[node.index()]) changed.push_back(nodes.name_rank[node.index()]);
  }
  touched_.insert(touched_.end(), changed.begin(), changed.end());
  const bool full = touched_.size() > kMostTouched;
  for (std::unique_ptr<ShapeState>& state : shapes_) {
    if (!state) continue;
    state->at_most = ShapeState::kUnbounded;
    for (const std::uint32_t rank : changed) {
      const std::uint64_t bit = std::uint64_t{1} << (rank % 64);
      state->open[rank / 64] |= state->feasible[rank / 64] & bit;
    }
    if (!same_outlook) state->scales.clear();
    if (!full) continue;
    if (!state->scales.empty()) CatchUp(nodes, state.get());
    state->seen = 0;
  }
  if (full) touched_.clear();
  caught_up_ = touched_.size();
}

}  // namespace fairlead
