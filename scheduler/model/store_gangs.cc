#include <algorithm>
#include <limits>

#include "fairlead/base/check.h"
#include "scheduler/model/store_state.h"

namespace fairlead {
namespace {

MemberState StateOf(PodLife life) {
  switch (life) {
    case PodLife::kAssumed:
      return MemberState::kAssumed;
    case PodLife::kBound:
      return MemberState::kBound;
    case PodLife::kDone:
      return MemberState::kDone;
    case PodLife::kPending:
    case PodLife::kFailed:
      break;
  }
  return MemberState::kPending;
}

bool Counts(const PodRecord& pod) {
  return pod.life == PodLife::kDone || (pod.holds() && !pod.deleting);
}

const GangTerms& NoTerms() {
  static const GangTerms kNone;
  return kNone;
}

const GangTerms& Stated(const PodRecord& pod) { return pod.terms ? *pod.terms : NoTerms(); }

}  // namespace

ClaimId ClusterStore::State::InternClaim(const std::string& ns, const std::string& queue,
                                         const std::string& user) {
  const auto [it, added] = claim_index.emplace(std::make_tuple(ns, queue, user),
                                               ClaimId(static_cast<std::uint32_t>(claims.size())));
  if (added) {
    const auto known = namespaces.find(ns);
    claims.push_back(
        Claim{ns, known == namespaces.end() ? "" : known->second.info.tenant, queue, user, {}, {}});
  }
  return it->second;
}

GangRecord* ClusterStore::State::Gang(GangId id) {
  const auto it = gang_records.find(id.value());
  return it == gang_records.end() ? nullptr : &it->second;
}

void ClusterStore::State::Join(PodIndex index, const GangKey& key, Instant now) {
  PodRecord& pod = pods[index];
  const auto [it, added] = gang_index.emplace(key, GangId(next_gang));
  if (added) {
    ++next_gang;
    GangRecord& fresh = gang_records[it->second.value()];
    fresh.id = it->second;
    fresh.key = key;
  }
  GangRecord& gang = gang_records[it->second.value()];
  const auto place =
      std::lower_bound(gang.members.begin(), gang.members.end(), index,
                       [this](PodIndex a, PodIndex b) { return pods[a].name() < pods[b].name(); });
  const bool leads = place == gang.members.begin();
  gang.members.insert(place, index);
  pod.gang = gang.id;
  // The group's own queue wins; else that of the first member (members that disagree are refused).
  if (leads) SetClaim(&gang);
  Touch(gang.id, now);
}

void ClusterStore::State::Leave(PodIndex index, Instant now) {
  PodRecord& pod = pods[index];
  GangRecord& gang = *Gang(pod.gang);
  const auto it = std::find(gang.members.begin(), gang.members.end(), index);
  FAIRLEAD_CHECK(it != gang.members.end(), "pod {} is not in its gang", *pod.key);
  const bool led = it == gang.members.begin();
  gang.members.erase(it);
  pod.gang = GangId::None();
  if (led && !gang.members.empty()) SetClaim(&gang);
  Touch(gang.id, now);
}

// Moves what the gang's members hold to the claim that its first member, or its group, asks for.
void ClusterStore::State::SetClaim(GangRecord* gang) {
  std::string queue;
  if (gang->key.kind == GangKind::kPodGroup) {
    const auto group = groups.find({gang->key.ns, gang->key.name});
    if (group != groups.end()) queue = group->second.info.queue;
  }
  if (queue.empty()) queue = pods[gang->members.front()].queue;
  const ClaimId claim = InternClaim(gang->key.ns, queue, pods[gang->members.front()].user);
  if (claim == gang->claim) return;
  std::vector<PodIndex> holding;
  for (const PodIndex member : gang->members) {
    if (pods[member].gang == gang->id && pods[member].holds()) holding.push_back(member);
  }
  for (const PodIndex member : holding) Charge(pods[member], -1);
  gang->claim = claim;
  for (const PodIndex member : holding) Charge(pods[member], 1);
}

std::int64_t ClusterStore::State::MinMember(const GangRecord& gang, std::string* missing) const {
  const auto stated = [this, &gang]() -> std::int64_t {
    for (const PodIndex member : gang.members) {
      if (IsMember(pods[member]) && pods[member].gang_size > 0) return pods[member].gang_size;
    }
    return -1;
  }();
  switch (gang.key.kind) {
    case GangKind::kSinglePod:
      return 1;
    case GangKind::kLabel:
      return std::max<std::int64_t>({1, stated, LeastOf(TermsOf(gang).roles)});
    case GangKind::kJob: {
      const std::int64_t roles = LeastOf(TermsOf(gang).roles);
      if (stated > 0) return std::max(stated, roles);
      const auto job = jobs.find({gang.key.ns, gang.key.name, gang.key.uid});
      if (job != jobs.end())
        return std::max<std::int64_t>({1, job->second.info.parallelism, roles});
      *missing = "Job \"" + gang.key.name + "\"";
      return 1;
    }
    case GangKind::kPodGroup: {
      const auto group = groups.find({gang.key.ns, gang.key.name});
      if (group != groups.end()) {
        return std::max<std::int64_t>(
            {1, group->second.info.min_member, LeastOf(TermsOf(gang).roles)});
      }
      *missing = "PodGroup \"" + gang.key.name + "\"";
      return 1;
    }
  }
  return 1;
}

// As the first member states them.
const GangTerms& ClusterStore::State::TermsOf(const GangRecord& gang) const {
  for (const PodIndex member : gang.members) {
    if (IsMember(pods[member])) return Stated(pods[member]);
  }
  return NoTerms();
}

// Has each role its members, or those of them for which no binding is under way?
bool ClusterStore::State::RolesMet(const GangRecord& gang, bool settled_only) const {
  const GangTerms& terms = TermsOf(gang);
  return std::all_of(terms.roles.begin(), terms.roles.end(), [&](const GangRole& role) {
    const auto there =
        std::count_if(gang.members.begin(), gang.members.end(), [&](PodIndex member) {
          const PodRecord& pod = pods[member];
          const bool settled = !settled_only || pod.life != PodLife::kAssumed;
          return Counts(pod) && settled && pod.role == role.name;
        });
    return there >= role.least;
  });
}

// Members must state the same terms.
std::string ClusterStore::State::TermsProblem(const GangRecord& gang) const {
  const GangTerms& terms = TermsOf(gang);
  const PodRecord* first = nullptr;
  for (const PodIndex member : gang.members) {
    const PodRecord& pod = pods[member];
    if (!IsMember(pod)) continue;
    if (first == nullptr) first = &pod;
    const GangTerms& stated = Stated(pod);
    if (stated == terms) continue;
    std::string_view key = "stale-grace";
    if (stated.start_timeout != terms.start_timeout) key = "start-timeout";
    if (stated.most != terms.most) key = "gang-max";
    if (stated.roles != terms.roles) key = "gang-roles";
    return fmt::format(
        "members disagree: pods {} and {} (annotation fairlead.dev/{}; expected the same on every "
        "member)",
        first->name(), pod.name(), key);
  }
  std::string missing;
  const std::int64_t size = MinMember(gang, &missing);
  if (terms.most && missing.empty() && *terms.most < size) {
    return fmt::format(
        "annotation fairlead.dev/gang-max: {}; expected at least the gang's size, {}", *terms.most,
        size);
  }
  return "";
}

// Members must be near each other in one way.
std::string ClusterStore::State::NearnessProblem(const PodRecord& a, const PodRecord& b) const {
  if (a.shape == b.shape) return "";
  const PodShape& of_a = *(*shapes)[a.shape.index()];
  const PodShape& of_b = *(*shapes)[b.shape.index()];
  const auto problem = [&](std::string_view key, const std::string& in_a, const std::string& in_b) {
    if (in_a == in_b) return std::string();
    return fmt::format(
        "members disagree about the topology: \"{}\" in pod {}, \"{}\" in pod {} (annotation "
        "fairlead.dev/{}; expected the same on every member)",
        in_a, a.name(), in_b, b.name(), key);
  };
  std::string text = problem("topology-required", of_a.topology_required, of_b.topology_required);
  if (!text.empty()) return text;
  return problem("topology-preferred", of_a.topology_preferred, of_b.topology_preferred);
}

std::string ClusterStore::State::Invalid(const GangRecord& gang) const {
  const PodRecord* first = nullptr;
  for (const PodIndex member : gang.members) {
    const PodRecord& pod = pods[member];
    if (!IsMember(pod)) continue;
    if (!pod.invalid.empty()) {
      if (gang.key.kind == GangKind::kSinglePod) return pod.invalid;
      return fmt::format("pod {}: {}", pod.name(), pod.invalid);
    }
    if (first == nullptr) first = &pod;
    if (pod.gang_size != first->gang_size) {
      const auto text = [](std::int64_t n) { return n < 0 ? "none" : std::to_string(n); };
      return fmt::format(
          "members disagree about the gang's size: {} in pod {}, {} in pod {} (annotation "
          "fairlead.dev/gang-size; expected the same on every member)",
          text(first->gang_size), first->name(), text(pod.gang_size), pod.name());
    }
    if (pod.queue != first->queue) {
      return fmt::format(
          "members disagree about the queue: \"{}\" in pod {}, \"{}\" in pod {} (label "
          "fairlead.dev/queue; expected the same on every member)",
          first->queue, first->name(), pod.queue, pod.name());
    }
    if (std::string problem = NearnessProblem(*first, pod); !problem.empty()) return problem;
  }
  if (std::string problem = TermsProblem(gang); !problem.empty()) return problem;
  if (gang.key.kind == GangKind::kPodGroup) {
    const auto group = groups.find({gang.key.ns, gang.key.name});
    if (group != groups.end()) return group->second.info.invalid;
  }
  return "";
}

// Marks the gang for recounting and its view for rebuilding, once per snapshot however many members
// change.
void ClusterStore::State::Touch(GangId id, Instant now) {
  GangRecord& gang = *Gang(id);
  if (gang.dirty) return;
  gang.dirty = true;
  gang.touched = now;
  dirty_gangs.push_back(id);
}

// Follows the gang into and out of being partial.
void ClusterStore::State::Recount(GangRecord* gang) const {
  std::string missing;
  const std::int64_t minimum = MinMember(*gang, &missing);
  std::int64_t counted = 0;
  std::int64_t settled = 0;  // counted, and no binding under way
  for (const PodIndex member : gang->members) {
    if (!Counts(pods[member])) continue;
    ++counted;
    if (pods[member].life != PodLife::kAssumed) ++settled;
  }
  if (missing.empty() && settled >= minimum && RolesMet(*gang, true)) gang->started = true;
  const bool partial = counted > 0 && (counted < minimum || !RolesMet(*gang, false));
  if (partial && !gang->partial) gang->partial_since = gang->touched;
  gang->partial = partial;
}

std::shared_ptr<const GangView> ClusterStore::State::BuildView(const GangRecord& gang) const {
  auto view = std::make_shared<GangView>();
  view->id = gang.id;
  view->key = gang.key;
  view->claim = gang.claim;
  view->min_member = MinMember(gang, &view->missing);
  view->terms = TermsOf(gang);
  view->priority = std::numeric_limits<std::int32_t>::max();
  view->submitted = Instant{std::numeric_limits<std::int64_t>::max()};
  view->partial = gang.partial;
  view->partial_since = gang.partial_since;
  view->started = gang.started;
  view->not_before = gang.not_before;
  view->invalid = Invalid(gang);
  view->members.reserve(gang.members.size());
  for (const PodIndex index : gang.members) {
    const PodRecord& pod = pods[index];
    if (!IsMember(pod)) continue;
    MemberView& member = view->members.emplace_back();
    member.pod = std::string(pod.name());
    member.uid = pod.uid;
    member.shape = pod.shape;
    member.state = StateOf(pod.life);
    member.gated = pod.gated;
    member.terminating = pod.deleting && pod.holds();
    member.node = pod.node;
    member.gpus = pod.gpus;
    member.grant = pod.grant;
    member.peer = pod.peer;
    const std::vector<GangRole>& roles = view->terms.roles;
    for (std::uint32_t r = 0; r < roles.size(); ++r) {
      if (roles[r].name == pod.role) member.role = r;
    }
    view->priority = std::min(view->priority, pod.priority);
    view->submitted = std::min(view->submitted, pod.created);
  }
  return view;
}

// Members mostly follow each other with one shape and model: these are summed at once.
ResourceVector ClusterStore::State::HeldBy(const GangRecord& gang, bool* running) const {
  ResourceVector sum;
  *running = false;
  for (std::size_t i = 0; i < gang.members.size();) {
    const PodRecord& first = pods[gang.members[i]];
    if (!first.holds()) {
      ++i;
      continue;
    }
    std::int64_t count = 0;
    for (; i < gang.members.size(); ++i, ++count) {
      const PodRecord& pod = pods[gang.members[i]];
      if (!pod.holds() || pod.shape != first.shape || pod.gpu_charge != first.gpu_charge ||
          pod.grant != first.grant) {
        break;
      }
    }
    *running = true;
    sum.AddTimes((*shape_requests)[first.shape.index()], count);
    if (first.gpu_charge.valid()) sum.Add(first.gpu_charge, count * GpuMilliOf(first));
  }
  return sum;
}

// Takes the gang from the holdings that it was in to those that it is in now.
void ClusterStore::State::CountHoldings(GangRecord* gang,
                                        std::map<ClaimId, std::vector<Holding>>* changed) {
  const auto of = [this, changed](ClaimId claim) {
    const auto [it, added] = changed->try_emplace(claim);
    const auto& known = claims[claim.index()].holdings;
    if (added && known) it->second = *known;
    return &it->second;
  };
  bool running = false;
  ResourceVector holds = HeldBy(*gang, &running);
  const bool same = running == gang->running && holds == gang->held &&
                    (!running || gang->claim == gang->held_claim);
  if (same) return;
  if (gang->running) AddHolding(of(gang->held_claim), gang->held, -1);
  if (running) AddHolding(of(gang->claim), holds, 1);
  gang->running = running;
  gang->held_claim = gang->claim;
  gang->held = std::move(holds);
}

void ClusterStore::State::PublishGang(GangId id) {
  const auto it = gang_records.find(id.value());
  if (it == gang_records.end()) return;
  GangRecord& gang = it->second;
  gang.dirty = false;
  Recount(&gang);
  const bool over = gang.members.empty();
  gang.view = over ? nullptr : BuildView(gang);

  const std::uint32_t number = id.value() / static_cast<std::uint32_t>(kGangChunk);
  std::shared_ptr<GangChunk>& chunk = chunks[number];
  chunk = chunk ? (chunk.use_count() > 1 ? std::make_shared<GangChunk>(*chunk) : chunk)
                : std::make_shared<GangChunk>();
  const auto place =
      std::lower_bound(chunk->begin(), chunk->end(), id,
                       [](const auto& view, GangId wanted) { return view->id < wanted; });
  const bool there = place != chunk->end() && (*place)->id == id;
  if (over) {
    if (there) chunk->erase(place);
    if (chunk->empty()) chunks.erase(number);
  } else if (there) {
    *place = gang.view;
  } else {
    chunk->insert(place, gang.view);
  }

  if (!over && NeedsDecision(*gang.view)) {
    waiting[id] = gang.view;
  } else {
    waiting.erase(id);
  }
  if (over) {
    gang_index.erase(gang.key);
    gang_records.erase(it);
  }
}

void ClusterStore::State::PublishDirty() {
  std::map<ClaimId, std::vector<Holding>> changed;
  for (const GangId id : dirty_gangs) {
    if (GangRecord* gang = Gang(id); gang != nullptr) CountHoldings(gang, &changed);
    PublishGang(id);
  }
  dirty_gangs.clear();
  for (auto& [claim, holdings] : changed) {
    claims[claim.index()].holdings =
        std::make_shared<const std::vector<Holding>>(std::move(holdings));
  }
}

// A Job or PodGroup appeared, changed or went: the gangs that it names are looked at again.
void ClusterStore::State::TouchGangs(const std::string& ns, GangKind kind, const std::string& name,
                                     Instant now) {
  for (auto it = gang_index.lower_bound(GangKey{ns, kind, name, ""});
       it != gang_index.end() && it->first.ns == ns && it->first.kind == kind &&
       it->first.name == name;
       ++it) {
    GangRecord& gang = *Gang(it->second);
    if (!gang.members.empty()) SetClaim(&gang);
    Touch(it->second, now);
  }
  Wake();
}

}  // namespace fairlead
