#include "fairlead/placement/placer.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <set>
#include <utility>

#include "fairlead/base/check.h"
#include "fairlead/model/gpu_share.h"

namespace fairlead {
namespace {

GpuMask LowestBits(GpuMask mask, std::int32_t count) {
  GpuMask taken = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    const GpuMask lowest = mask & (~mask + 1);
    taken |= lowest;
    mask &= ~lowest;
  }
  return taken;
}

}  // namespace

Placer::Placer(const Snapshot& snapshot, const NodeClasses& classes, PlacementState* state,
               PeerBook peers, ResourceVector capacity)
    : snapshot_(snapshot),
      classes_(classes),
      state_(*state),
      room_(state->room()),
      peers_(std::move(peers)),
      capacity_(std::move(capacity)),
      returned_(snapshot.nodes->size(), 0) {
  for (std::uint32_t m = 0; m < snapshot.names->models.size(); ++m) {
    model_resources_.push_back(GpuResource(*snapshot.names, ModelId(m)));
  }
}

ShapeState& Placer::StateOf(ShapeId shape) {
  ShapeState& state = state_.Of(snapshot_, classes_, shape);
  if (std::exchange(state.fresh, false)) steps_ += room_.ranks();
  return state;
}

void Placer::SortHardestFirst(std::vector<MemberGroup>* groups) {
  if (groups->size() < 2) return;
  const auto dominant = [this](const MemberGroup& group) {
    return DominantShare((*snapshot_.shape_requests)[group.shape.index()], capacity_);
  };
  std::sort(groups->begin(), groups->end(), [&](const MemberGroup& a, const MemberGroup& b) {
    const ShapeNeed& na = StateOf(a.shape).need;
    const ShapeNeed& nb = StateOf(b.shape).need;
    // Whole GPUs before shares.
    if (na.slices.empty() != nb.slices.empty()) return na.slices.empty();
    if (na.gpus != nb.gpus) return na.gpus > nb.gpus;
    const Share sa = dominant(a);
    const Share sb = dominant(b);
    if (sa != sb) return sa > sb;
    return a.members.front() < b.members.front();
  });
}

// No more members than this can be placed now.
std::int64_t Placer::Bound(const std::vector<MemberGroup>& groups) {
  std::int64_t bound = 0;
  for (const MemberGroup& group : groups) {
    bound +=
        std::min(static_cast<std::int64_t>(group.members.size()), StateOf(group.shape).at_most);
  }
  return bound;
}

bool Placer::PlaceGang(const GangView& gang, std::int64_t need, std::vector<Placement>* out,
                       Allowance* allowance) {
  FAIRLEAD_CHECK(need > 0, "gang {} needs {}", gang.id.value(), need);
  ++steps_;
  std::vector<MemberGroup> groups = GroupNeeded(gang);
  if (Bound(groups) < need) return false;
  SortHardestFirst(&groups);
  const std::size_t first = out->size();
  return Place(groups, need, out, allowance) && PlaceMore(gang, first, out, allowance);
}

// Of a gang with roles: what it has beside what it needs, as far as that fits. True.
bool Placer::PlaceMore(const GangView& gang, std::size_t first, std::vector<Placement>* out,
                       Allowance* allowance) {
  if (gang.terms.roles.empty()) return true;
  std::vector<MemberGroup> rest = Unplaced(GroupByShape(gang), *out, first);
  SortHardestFirst(&rest);
  if (!rest.empty()) Place(rest, 1, out, allowance);
  return true;
}

bool Placer::Place(const std::vector<MemberGroup>& groups, std::int64_t need,
                   std::vector<Placement>* out, Allowance* allowance) {
  Begin();
  const std::size_t out_before = out->size();
  const bool may_flow = groups.size() > 1 && MayFlow(groups);
  const Allowance before = may_flow && allowance != nullptr ? *allowance : Allowance{};
  placed_of_.clear();
  std::int64_t placed = 0;
  std::int64_t untried = 0;
  for (const MemberGroup& group : groups)
    untried += static_cast<std::int64_t>(group.members.size());
  for (const MemberGroup& group : groups) {
    untried -= static_cast<std::int64_t>(group.members.size());
    placed_of_.push_back(PlaceGroup(group, out, allowance));
    placed += placed_of_.back();
    if (peers_.idle() && placed + untried < need) break;
  }
  placed += PlaceRest(groups, out_before, out, allowance);
  if (placed < need) {
    Undo();
    out->resize(out_before);
    if (!may_flow) return false;
    if (allowance != nullptr) *allowance = before;
    if (PlaceByFlow(groups, need, out, allowance) >= need) return true;
    Undo();
    out->resize(out_before);
    return false;
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    ShapeState& state = StateOf(groups[g].shape);
    if (state.at_most != ShapeState::kUnbounded) state.at_most -= placed_of_[g];
  }
  return true;
}

// What found no place and may have a partner by now that it waited for. Returns how many more are
// placed.
std::int64_t Placer::PlaceRest(const std::vector<MemberGroup>& groups, std::size_t first,
                               std::vector<Placement>* out, Allowance* allowance) {
  const bool ruled = std::any_of(groups.begin(), groups.end(),
                                 [this](const MemberGroup& group) { return Ruled(group); });
  const std::size_t before = out->size();
  while (ruled) {
    const std::size_t placed = out->size();
    for (const MemberGroup& group : Unplaced(groups, *out, first)) {
      PlaceGroup(group, out, allowance);
    }
    if (out->size() == placed) break;
  }
  return static_cast<std::int64_t>(out->size() - before);
}

FillResult Placer::Fill(std::vector<MemberGroup> groups) {
  SortHardestFirst(&groups);
  Begin();
  counting_ = true;
  FillResult result;
  std::vector<Placement>& out = filled_;
  out.clear();
  for (const MemberGroup& group : groups) {
    const std::int64_t placed = PlaceGroup(group, &out, nullptr);
    const bool all = placed == static_cast<std::int64_t>(group.members.size());
    if (!all && !result.short_shape.valid()) result.short_shape = group.shape;
  }
  PlaceRest(groups, 0, &out, nullptr);
  counting_ = false;
  result.placed = static_cast<std::int64_t>(out.size());
  if (peers_.idle() || !result.short_shape.valid()) return result;
  const std::vector<MemberGroup> rest = Unplaced(groups, out, 0);
  result.short_shape = rest.empty() ? ShapeId::None() : rest.front().shape;
  if (!rest.empty()) result.short_kind = KindOf(rest.front(), rest.front().members.front());
  return result;
}

void Placer::Begin() {
  room_.Commit();
  mark_ = state_.Mark();
  peers_.Begin();
  closed_.clear();
}

// As many members, `want` at most, as the allowance lets on the node; without a node: on any.
std::int64_t Placer::Allowed(const ShapeState& state, const Allowance& allowance, NodeId node,
                             std::int64_t want) const {
  for (const auto& [resource, amount] : state.need.amounts) {
    if (amount > 0) want = std::min(want, allowance.Left(resource) / amount);
  }
  if (state.need.gpus == 0 || !node.valid()) return want;
  const ModelId kind = snapshot_.nodes->model[node.index()];
  const std::int64_t milli = kind.valid() ? state.need.gpu_milli[kind.index()] : 0;
  if (milli == 0) return want;
  return std::min(want, allowance.Left(model_resources_[kind.index()]) / milli);
}

void Placer::Use(const ShapeState& state, NodeId node, std::int64_t count,
                 Allowance* allowance) const {
  const auto use = [allowance](ResourceId r, std::int64_t amount) {
    if (allowance->Left(r) != Allowance::kUnlimited) allowance->left[r.index()] -= amount;
  };
  for (const auto& [resource, amount] : state.need.amounts) use(resource, amount * count);
  if (state.need.gpus == 0) return;
  const ModelId kind = snapshot_.nodes->model[node.index()];
  use(model_resources_[kind.index()], state.need.gpu_milli[kind.index()] * count);
}

PeerBook::Kind Placer::KindOf(const MemberGroup& group, std::uint32_t member) {
  return peers_.KindOf(group.gang->members[member]);
}

std::vector<PeerBook::Kind> Placer::KindsOf(const MemberGroup& group) {
  std::vector<PeerBook::Kind> kinds;
  for (const std::uint32_t member : group.members) {
    const PeerBook::Kind kind = KindOf(group, member);
    if (kinds.empty() || kinds.back() != kind) kinds.push_back(kind);
  }
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  return kinds;
}

bool Placer::Ruled(const MemberGroup& group) {
  return !peers_.idle() &&
         std::any_of(group.members.begin(), group.members.end(),
                     [&](std::uint32_t member) { return peers_.Ruled(KindOf(group, member)); });
}

std::int64_t Placer::PlaceGroup(const MemberGroup& group, std::vector<Placement>* out,
                                Allowance* allowance) {
  if (!OneByOne(group)) return PlaceAlike(group, PeerBook::kPlain, out, allowance);
  std::int64_t placed = 0;
  std::set<PeerBook::Kind> stuck;  // until the rest of the gang is tried again
  MemberGroup one{group.gang, group.shape, {0}};
  for (const std::uint32_t member : group.members) {
    const PeerBook::Kind kind = KindOf(group, member);
    if (stuck.contains(kind)) continue;
    one.members.front() = member;
    const std::int64_t found = PlaceAlike(one, kind, out, allowance);
    if (found == 0) stuck.insert(kind);
    placed += found;
  }
  return placed;
}

// Members whose place depends on no other pod (kPlain), or a single one.
std::int64_t Placer::PlaceAlike(const MemberGroup& group, PeerBook::Kind kind,
                                std::vector<Placement>* out, Allowance* allowance) {
  const bool first = room_.Mark() == 0;
  const auto members = static_cast<std::int64_t>(group.members.size());
  GroupRun run{group, StateOf(group.shape), kind, out, allowance, members, 0, nullptr};
  if (allowance != nullptr) {
    run.want = Allowed(run.state, *allowance, NodeId::None(), members);
    if (run.want < members) allowance->cut = true;
  }
  if (state_.outlook().ratio == 0 || counting_) {
    PlaceOnTier(nullptr, &run);
  } else {
    state_.CatchUp(*snapshot_.nodes, &run.state);
    for (const Ranking::Tier& tier : run.state.ranking.tiers()) {
      if (run.placed < run.want && tier.nodes > 0) PlaceOnTier(&tier, &run);
    }
  }
  // Exact, since nothing else has been taken since Begin: the whole cluster is full for the shape.
  const bool cut = allowance != nullptr && allowance->cut;
  const bool everywhere = within_ == nullptr && !peers_.Ruled(kind);
  if (run.placed < run.want && first && !cut && everywhere) run.state.at_most = run.placed;
  return run.placed;
}

// On nodes of one merit; null: on any.
void Placer::PlaceOnTier(const Ranking::Tier* tier, GroupRun* run) {
  run->tier = tier;
  const bool shares = !run->state.need.slices.empty();
  if (shares && room_.Shares()) PlaceOnShared(run);
  const std::int32_t least = shares ? 1 : run->state.need.gpus;
  const std::int32_t levels = room_.levels();
  for (std::int32_t level = 0; level < levels && run->placed < run->want; ++level) {
    if (room_.LevelGpus(level) >= least && !room_.LevelEmpty(level)) PlaceOnLevel(level, run);
  }
}

// Calls take(rank) for the nodes of a set that are open to the run, those that its shape prefers
// first, until the run has what it wants. A copy of a word stays right: a node that takes members
// leaves for a set that was walked before, and no node comes to this one.
template <typename Take>
void Placer::Walk(const RankBits& nodes, GroupRun* run, Take take) {
  if (peers_.Prefers(run->kind)) {
    std::vector<Choice> choices = Choices(nodes, run);
    while (!choices.empty() && run->placed < run->want) {
      std::pop_heap(choices.begin(), choices.end(), std::greater<>());
      const std::uint32_t rank = choices.back().rank;
      choices.pop_back();
      if (MayTake(*run, rank)) take(rank);
    }
    return;
  }
  const auto walk = [&](const RankBits* preferred) {
    const auto at = [&](std::size_t w) {
      if (nodes[w] == 0) return;  // most words of most sets
      std::uint64_t word = nodes[w];
      if (run->tier != nullptr) word &= run->tier->bits[w];
      if (preferred != nullptr) word &= (*preferred)[w];
      WalkWord(w, word, run, take);
    };
    if (run->tier == nullptr || run->tier->nodes >= nodes.size()) {
      for (std::size_t w = 0; w < nodes.size() && run->placed < run->want; ++w) at(w);
      return;
    }
    const RankBits& words = run->tier->words;
    for (std::size_t ww = 0; ww < words.size(); ++ww) {
      for (std::uint64_t some = words[ww]; some != 0; some &= some - 1) {
        at(ww * 64 + static_cast<std::size_t>(std::countr_zero(some)));
        if (run->placed == run->want) return;
      }
    }
  };
  if (run->state.tiers.empty()) return walk(nullptr);
  for (const RankBits& tier : run->state.tiers) {
    if (run->placed < run->want) walk(&tier);
  }
}

template <typename Take>
void Placer::WalkWord(std::size_t w, std::uint64_t word, GroupRun* run, Take take) {
  word &= run->state.open[w];
  if (within_ != nullptr) word &= (*within_)[w];
  for (; word != 0 && run->placed < run->want; word &= word - 1) {
    const auto bit = static_cast<std::uint32_t>(std::countr_zero(word));
    const std::uint32_t rank = static_cast<std::uint32_t>(w * 64) + bit;
    if (MayTake(*run, rank)) take(rank);
  }
}

// On GPUs that are shared already, those first on which the fewest slices are free. A GPU that
// gives slices away shows under a smaller number, which was walked before.
void Placer::PlaceOnShared(GroupRun* run) {
  for (std::int32_t free = 1; free < kMaxGpuSlices && run->placed < run->want; ++free) {
    if (room_.NoneWithFreeSlices(free)) continue;
    Walk(room_.WithFreeSlices(free), run, [&](std::uint32_t rank) { TakeShares(rank, true, run); });
  }
}

// As many members as find shares on the node; false where the node is what keeps one out.
bool Placer::TakeShares(std::uint32_t rank, bool only_shared, GroupRun* run) {
  const NodeId node = room_.NodeAt(rank);
  ++steps_;
  const std::int64_t want = run->want - run->placed;
  const std::int64_t allowed =
      run->allowance == nullptr ? want : Allowed(run->state, *run->allowance, node, want);
  for (std::int64_t i = 0; i < allowed; ++i) {
    const GpuMask devices = room_.TakeShare(run->state.need, node, only_shared);
    if (devices == 0) return false;
    if (run->allowance != nullptr) Use(run->state, node, 1, run->allowance);
    Assign(*run, 1, rank, devices);
    ++run->placed;
  }
  if (allowed == want) return true;
  if (room_.Fits(run->state.need, node, 1) == 0) return false;
  run->allowance->cut = true;
  return true;
}

void Placer::PlaceOnLevel(std::int32_t level, GroupRun* run) {
  Walk(room_.Level(level), run, [&](std::uint32_t rank) { PlaceOnNode(rank, run); });
}

// Do rules between pods let the member on the node?
bool Placer::MayTake(const GroupRun& run, std::uint32_t rank) {
  if (!peers_.Ruled(run.kind)) return true;
  ++steps_;
  return peers_.Broken(run.kind, rank) == PeerRule::kNone;
}

void Placer::PlaceOnNode(std::uint32_t rank, GroupRun* run) {
  const NodeId node = room_.NodeAt(rank);
  if (!run->state.need.slices.empty()) {
    if (!TakeShares(rank, false, run)) Close(rank, run);
    return;
  }
  ++steps_;
  const std::int64_t want = run->want - run->placed;
  const std::int64_t room = room_.Fits(run->state.need, node, want);
  std::int64_t fits = room;
  if (run->allowance != nullptr && room > 0) {
    fits = Allowed(run->state, *run->allowance, node, room);
    if (fits < room) run->allowance->cut = true;
  }
  if (fits > 0) {
    if (run->allowance != nullptr) Use(run->state, node, fits, run->allowance);
    const GpuMask devices = room_.Take(run->state.need, node, fits);
    Assign(*run, fits, rank, devices);
    run->placed += fits;
  }
  if (room < want && fits == room) Close(rank, run);
}

// The node is full for the shape.
void Placer::Close(std::uint32_t rank, GroupRun* run) {
  run->state.open[rank / 64] &= ~(std::uint64_t{1} << (rank % 64));
  closed_.push_back({&run->state, rank});
}

void Placer::Assign(const GroupRun& run, std::int64_t count, std::uint32_t rank, GpuMask devices) {
  state_.Touch(room_.NodeAt(rank), *snapshot_.nodes);
  for (std::int64_t i = run.placed; i < run.placed + count; ++i) {
    const GpuMask gpus = LowestBits(devices, run.state.need.gpus);
    devices &= ~gpus;
    const std::uint32_t member = run.group.members[static_cast<std::size_t>(i)];
    run.out->push_back({run.group.gang->id, member, room_.NodeAt(rank), gpus});
    if (!peers_.idle()) peers_.Add(KindOf(run.group, member), rank);
  }
}

void Placer::Undo() {
  peers_.Undo();
  std::vector<NodeId> nodes;
  room_.Rollback(0, [&](NodeId node) {
    returned_[node.index()] = 1;
    nodes.push_back(node);
  });
  // A node found full keeps that mark only if nothing was given back on it.
  for (const Closed& closed : closed_) {
    if (returned_[room_.NodeAt(closed.rank).index()] != 0) {
      closed.shape->open[closed.rank / 64] |= std::uint64_t{1} << (closed.rank % 64);
    }
  }
  closed_.clear();
  for (const NodeId node : nodes) returned_[node.index()] = 0;
  state_.Restored(mark_);
}

}  // namespace fairlead
