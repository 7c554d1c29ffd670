#include "scheduler/cycle/queue_book.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "fairlead/queues/amounts.h"

namespace fairlead {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kUnlimited = Allowance::kUnlimited;

std::int64_t Times(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kUnlimited : product;
}

std::int64_t Sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kUnlimited : sum;
}

std::int64_t Part(std::int64_t amount, std::int64_t millionths) {
  return static_cast<std::int64_t>(Wide{amount} * millionths / kWeightOne);
}

}  // namespace

struct QueueBook::Need {
  std::vector<std::pair<ResourceId, std::int64_t>> fixed;
  // GPUs (milli) that any of several models can serve.
  std::vector<std::pair<std::vector<ResourceId>, std::int64_t>> gpus;
};

QueueBook::QueueBook(const Snapshot& snapshot, const Policy& policy, const QueueContext& context)
    : snapshot_(snapshot), policy_(policy), context_(context), lines_(policy.queues.size()) {
  for (const QueueId queue : context.tree.DepthFirst()) SetLimits(queue);
  CountHeld();
  CountUsers();
}

void QueueBook::SetLimits(QueueId queue) {
  const QueueSpec& spec = Spec(queue);
  Line& line = lines_[queue.index()];
  const std::vector<std::string>& names = snapshot_.names->resources;
  line.guarantee = ToVector(context_.tree.Guarantee(queue), names);
  line.limit = ToLimits(spec.limit, names);
  line.limited = !spec.limit.empty() || !spec.borrowing;
  if (!spec.borrowing) {
    for (std::uint32_t r = 0; r < names.size(); ++r) {
      const ResourceId id(r);
      const std::int64_t guarantee = line.guarantee.Get(id);
      const bool open = (id == kPods || id == kEphemeralStorage) && guarantee == 0;
      if (!open) line.limit.Set(id, std::min(guarantee, line.limit.Get(id).value_or(guarantee)));
    }
  }
  line.bounded = line.limited || spec.max_running_gangs || spec.user_limit < kWeightOne;
  const QueueId parent = context_.tree.parent(queue);
  if (parent.valid()) line.bounded = line.bounded || lines_[parent.index()].bounded;
}

void QueueBook::CountHeld() {
  for (std::size_t c = 0; c < context_.claims.size(); ++c) {
    const QueueId queue = context_.claims[c].queue;
    if (!queue.valid()) continue;
    lines_[queue.index()].allocated += snapshot_.claims[c].allocated;
    lines_[queue.index()].running += RunningGangs(snapshot_.claims[c]);
  }
  const std::vector<QueueId>& order = context_.tree.DepthFirst();
  for (auto queue = order.rbegin(); queue != order.rend(); ++queue) {
    const QueueId parent = context_.tree.parent(*queue);
    if (!parent.valid()) continue;
    lines_[parent.index()].allocated += lines_[queue->index()].allocated;
    lines_[parent.index()].running += lines_[queue->index()].running;
  }
}

void QueueBook::CountUsers() {
  const auto counts = [](const QueueSpec& spec) {
    return spec.user_limit < kWeightOne || spec.order == LeafOrder::kFairUsers;
  };
  if (std::none_of(policy_.queues.begin(), policy_.queues.end(), counts)) return;
  for (std::size_t c = 0; c < context_.claims.size(); ++c) {
    const Claim& claim = snapshot_.claims[c];
    for (QueueId q = context_.claims[c].queue; q.valid(); q = context_.tree.parent(q)) {
      if (counts(Spec(q))) users_[{q, claim.user}] += claim.allocated;
    }
  }
}

const ResourceVector& QueueBook::UserHeld(QueueId queue, ClaimId claim) const {
  static const ResourceVector nothing;
  const auto held = users_.find({queue, snapshot_.claims[claim.index()].user});
  return held == users_.end() ? nothing : held->second;
}

Share QueueBook::UserShare(ClaimId claim) const {
  return DominantShare(UserHeld(context_.claims[claim.index()].queue, claim), context_.capacity);
}

void QueueBook::Keep(std::vector<ResourceVector> kept, ResourceVector free) {
  free_ = std::move(free);
  for (std::size_t q = 0; q < kept.size(); ++q) {
    all_kept_ += kept[q];
    lines_[q].kept = std::move(kept[q]);
  }
  keeping_ = !all_kept_.IsZero();
  if (!keeping_) return;
  for (Line& line : lines_) line.bounded = true;
}

std::int64_t QueueBook::KeptFromOthers(QueueId leaf, ResourceId r) const {
  std::int64_t kept = all_kept_.Get(r);
  for (QueueId q = leaf; q.valid(); q = context_.tree.parent(q)) {
    kept -= lines_[q.index()].kept.Get(r);
  }
  return kept;
}

// What the user may hold of the resource in the queue; nullopt where the queue does not say.
std::optional<std::int64_t> QueueBook::UserMay(QueueId queue, ResourceId r) const {
  const std::int64_t part = Spec(queue).user_limit;
  if (part >= kWeightOne) return std::nullopt;
  std::int64_t size = context_.capacity.Get(r);
  for (QueueId q = queue; q.valid(); q = context_.tree.parent(q)) {
    size = std::min(size, lines_[q.index()].limit.Get(r).value_or(size));
  }
  return Part(size, part);
}

Allowance QueueBook::AllowanceOf(const Candidate& candidate) const {
  Allowance allowance;
  allowance.left.assign(snapshot_.names->resources.size(), kUnlimited);
  const auto lower = [&allowance](ResourceId r, std::int64_t most, std::int64_t held) {
    std::int64_t& left = allowance.left[r.index()];
    left = std::min(left, std::max<std::int64_t>(0, most - held));
  };
  for (std::uint32_t i = 0; i < allowance.left.size(); ++i) {
    const ResourceId r(i);
    for (QueueId q = candidate.queue; q.valid(); q = context_.tree.parent(q)) {
      const Line& line = lines_[q.index()];
      if (const auto limit = line.limit.Get(r)) lower(r, *limit, line.allocated.Get(r));
      if (const auto may = UserMay(q, r)) {
        lower(r, *may, UserHeld(q, candidate.gang->claim).Get(r));
      }
    }
    if (!keeping_) continue;
    const std::int64_t kept = KeptFromOthers(candidate.queue, r);
    if (kept > 0) lower(r, free_.Get(r), kept);
  }
  return allowance;
}

QueueBook::Need QueueBook::NeedOf(const Candidate& candidate) const {
  Need need;
  std::map<ResourceId, std::int64_t> fixed;
  const auto add = [&](ShapeId shape_id, std::int64_t count) {
    const ResourceVector& requests = (*snapshot_.shape_requests)[shape_id.index()];
    for (std::uint32_t r = 0; r < requests.size(); ++r) {
      const std::int64_t amount = requests.Get(ResourceId(r));
      if (amount == 0) continue;
      std::int64_t& sum = fixed[ResourceId(r)];
      sum = Sum(sum, Times(amount, count));
    }
    const std::int64_t each = GpusWanted(snapshot_, context_, shape_id);
    if (each == 0) return;
    const std::int64_t gpus = Times(each, count);
    const std::vector<ResourceId>& models = AcceptedGpus(snapshot_, context_, shape_id);
    if (models.size() == 1) {
      std::int64_t& sum = fixed[models.front()];
      sum = Sum(sum, gpus);
    } else if (!models.empty()) {
      need.gpus.emplace_back(models, gpus);
    }
  };
  if (candidate.shape.valid()) {
    add(candidate.shape, candidate.need);
  } else if (candidate.need == candidate.placeable) {
    for (const MemberGroup& group : GroupByShape(*candidate.gang)) {
      add(group.shape, static_cast<std::int64_t>(group.members.size()));
    }
  }
  need.fixed.assign(fixed.begin(), fixed.end());
  return need;
}

std::string QueueBook::Amount(ResourceId r, std::int64_t amount) const {
  return FormatAmount(Name(r), amount);
}

std::optional<Refusal> QueueBook::RefuseByCap(const Candidate& candidate) const {
  if (candidate.running) return std::nullopt;
  for (QueueId q = candidate.queue; q.valid(); q = context_.tree.parent(q)) {
    const auto cap = Spec(q).max_running_gangs;
    if (!cap || Running(q) < *cap) continue;
    return Refusal{ReasonCode::kQueueCap,
                   fmt::format("queue \"{}\" runs {} gangs and may run {} (max_running_gangs)",
                               Spec(q).name, Running(q), *cap)};
  }
  return std::nullopt;
}

std::optional<Refusal> QueueBook::RefuseAmount(const Candidate& candidate, ResourceId r,
                                               std::int64_t needed) const {
  for (QueueId q = candidate.queue; q.valid(); q = context_.tree.parent(q)) {
    const Line& line = lines_[q.index()];
    const std::int64_t held = line.allocated.Get(r);
    const std::optional<std::int64_t> limit = line.limit.Get(r);
    if (limit && needed > *limit - held) {
      const bool guarantee = !Spec(q).borrowing && *limit == line.guarantee.Get(r);
      return Refusal{
          ReasonCode::kQueueLimit,
          fmt::format("{} {} of queue \"{}\": {}, held {}, the gang needs {}",
                      guarantee ? "guarantee (no borrowing)" : "limit", Name(r), Spec(q).name,
                      Amount(r, *limit), Amount(r, held), Amount(r, needed))};
    }
  }
  for (QueueId q = candidate.queue; q.valid(); q = context_.tree.parent(q)) {
    const std::optional<std::int64_t> may = UserMay(q, r);
    const std::int64_t held = may ? UserHeld(q, candidate.gang->claim).Get(r) : 0;
    if (may && needed > *may - held) {
      return Refusal{
          ReasonCode::kUserLimit,
          fmt::format("user \"{}\" may hold {} {} of queue \"{}\" (user_limit) and holds {}, the "
                      "gang needs {}",
                      snapshot_.claims[candidate.gang->claim.index()].user, Amount(r, *may),
                      Name(r), Spec(q).name, Amount(r, held), Amount(r, needed))};
    }
  }
  const std::int64_t kept = keeping_ ? KeptFromOthers(candidate.queue, r) : 0;
  const std::int64_t free = free_.Get(r);
  if (kept > 0 && needed <= free && needed > free - kept) {
    return Refusal{ReasonCode::kReservedForGuarantee,
                   fmt::format("{} {} are free and {} kept for guarantees of other queues that are "
                               "not lent, the gang needs {}",
                               Amount(r, free), Name(r), Amount(r, kept), Amount(r, needed))};
  }
  return std::nullopt;
}

// Why too little is left of these models together, in the words of the one with the least left.
std::optional<Refusal> QueueBook::RefuseModels(const Candidate& candidate,
                                               const std::vector<ResourceId>& models,
                                               std::int64_t needed,
                                               const Allowance& allowance) const {
  // In order of names: ids depend on which node was seen first.
  std::vector<ResourceId> sorted = models;
  std::sort(sorted.begin(), sorted.end(),
            [this](ResourceId a, ResourceId b) { return Name(a) < Name(b); });
  std::int64_t left = 0;
  std::vector<std::string> names;
  for (const ResourceId model : sorted) {
    left = Sum(left, allowance.Left(model));
    names.push_back(Name(model));
  }
  if (needed <= left) return std::nullopt;
  std::optional<Refusal> first;
  for (const ResourceId model : sorted) {
    if (!first) first = RefuseAmount(candidate, model, needed);
  }
  const ReasonCode code = first ? first->code : ReasonCode::kQueueLimit;
  return Refusal{code, fmt::format("limits and guarantees leave {} of {} to queue \"{}\", the gang "
                                   "needs {}",
                                   Amount(models.front(), left), fmt::join(names, ", "),
                                   Spec(candidate.queue).name, Amount(models.front(), needed))};
}

std::optional<Refusal> QueueBook::Refuse(const Candidate& candidate) const {
  if (!Bounded(candidate.queue)) return std::nullopt;
  if (auto refusal = RefuseByCap(candidate)) return refusal;
  const Need need = NeedOf(candidate);
  for (const auto& [resource, amount] : need.fixed) {
    if (auto refusal = RefuseAmount(candidate, resource, amount)) return refusal;
  }
  if (need.gpus.empty()) return std::nullopt;
  const Allowance allowance = AllowanceOf(candidate);
  for (const auto& [models, amount] : need.gpus) {
    if (auto refusal = RefuseModels(candidate, models, amount, allowance)) return refusal;
  }
  return std::nullopt;
}

Refusal QueueBook::Cut(const Candidate& candidate) const {
  if (auto refusal = Refuse(candidate)) return *refusal;
  return {ReasonCode::kQueueLimit,
          fmt::format("limits of queue \"{}\" and the queues above it leave room for fewer than "
                      "the {} pods that the gang needs",
                      Spec(candidate.queue).name, candidate.need)};
}

void QueueBook::Charge(const Candidate& candidate, const ResourceVector& amounts) {
  for (QueueId q = candidate.queue; q.valid(); q = context_.tree.parent(q)) {
    Line& line = lines_[q.index()];
    line.allocated += amounts;
    if (!candidate.running) ++line.running;
    const QueueSpec& spec = Spec(q);
    if (spec.user_limit < kWeightOne || spec.order == LeafOrder::kFairUsers) {
      users_[{q, snapshot_.claims[candidate.gang->claim.index()].user}] += amounts;
    }
  }
  if (!keeping_) return;
  for (std::uint32_t r = 0; r < amounts.size(); ++r) {
    const ResourceId id(r);
    free_.Set(id, std::max<std::int64_t>(0, free_.Get(id) - amounts.Get(id)));
  }
}

}  // namespace fairlead
