#include "fairlead/placement/peer_book.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "fairlead/placement/node_classes.h"

namespace fairlead {
namespace {

std::vector<PodSelector> SelectorsOf(const std::vector<PodTerm>& terms) {
  std::vector<PodSelector> selectors;
  selectors.reserve(terms.size());
  for (const PodTerm& term : terms) selectors.push_back(term.pods);
  return selectors;
}

bool Untolerated(const NodeInfo& node, const PodShape& shape) {
  return std::any_of(node.taints.begin(), node.taints.end(),
                     [&shape](const Taint& taint) { return !GetsPast(taint, shape.tolerations); });
}

}  // namespace

PeerBook PeerBook::Now(const Snapshot& snapshot) { return {snapshot, true}; }
PeerBook PeerBook::Empty(const Snapshot& snapshot) { return {snapshot, false}; }

PeerBook::PeerBook(const Snapshot& snapshot, bool running) {
  kinds_.push_back(&kind_ids_.emplace(KindData{}, kPlain).first->first);
  if (!snapshot.residents) return;
  snapshot_ = &snapshot;
  running_ = running;
  volumes_ = VolumeBook(snapshot, running);
  for (const auto& gang : snapshot.waiting) {
    const MemberView* last = nullptr;
    for (const MemberView& member : gang->members) {
      if (!IsPlaceable(member) || !member.peer || member.peer->rules.empty()) continue;
      if (last != nullptr && last->peer == member.peer && last->shape == member.shape) continue;
      last = &member;
      Register(*member.peer, member.shape);
    }
  }
  if (running_) CountResidents();
}

bool PeerBook::HoldsFor(const PodSelector& selector, const Peer& peer) const {
  return Holds(selector, peer, snapshot_->namespaces.get());
}

bool PeerBook::AllHold(const std::vector<PodSelector>& selectors, const Peer& peer) const {
  return std::all_of(selectors.begin(), selectors.end(),
                     [&](const PodSelector& selector) { return HoldsFor(selector, peer); });
}

void PeerBook::Register(const Peer& peer, ShapeId shape) {
  const PeerRules& rules = peer.rules;
  const auto match = [this](std::vector<PodSelector> selectors, const std::string& label) {
    const auto [it, added] = matching_.try_emplace({std::move(selectors), label}, 0);
    if (!added) return;
    it->second = NewTally(DomainsOf(label));
    tallies_.back().matching = &it->first.first;
  };
  if (running_) {
    for (const PodTerm& term : rules.near) match(SelectorsOf(rules.near), term.topology);
    for (const PodPreference& preference : rules.preferred) {
      match({preference.term.pods}, preference.term.topology);
    }
    if (!rules.spread_softly.empty()) RegisterSpread(rules.spread_softly, shape);
  }
  for (const PodTerm& term : rules.away) {
    match({term.pods}, term.topology);
    RegisterOwned(term);
  }
  for (const HostPort& port : rules.ports) {
    const auto [it, added] = ports_.try_emplace(port, 0);
    if (!added) continue;
    it->second = NewTally(DomainsOf(""));
    tallies_.back().port = &it->first;
  }
  if (!rules.spread.empty()) RegisterSpread(rules.spread, shape);
}

void PeerBook::RegisterOwned(const PodTerm& term) {
  const auto [it, added] = owned_.try_emplace(term, 0);
  if (!added) return;
  it->second = NewTally(DomainsOf(term.topology));
  tallies_.back().owned = &it->first;
}

void PeerBook::RegisterSpread(const std::vector<SpreadRule>& rules, ShapeId shape) {
  const auto [it, added] = spread_.try_emplace({shape, rules}, 0);
  if (!added) return;
  it->second = static_cast<TallyId>(tallies_.size());
  for (const SpreadRule& rule : it->first.second) {
    NewTally(DomainsOf(rule.topology));
    tallies_.back().spread = &rule;
    CountNodes(rules, *(*snapshot_->shapes)[shape.index()], &tallies_.back());
  }
}

PeerBook::TallyId PeerBook::NewTally(const Domains& domains) {
  Tally& tally = tallies_.emplace_back();
  tally.domains = &domains;
  tally.counts.assign(static_cast<std::size_t>(domains.size), 0);
  return static_cast<TallyId>(tallies_.size() - 1);
}

const PeerBook::Domains& PeerBook::DomainsOf(const std::string& label) {
  const auto [it, added] = domains_.try_emplace(label);
  Domains& domains = it->second;
  if (!added) return domains;
  std::unordered_map<std::string_view, std::int32_t> numbers;
  for (const NodeId node : snapshot_->nodes->by_name) {
    const NodeInfo& info = snapshot_->nodes->info[node.index()];
    const std::string* value = label.empty() ? &info.name : FindLabel(info.labels, label);
    std::int32_t number = -1;
    if (value != nullptr) number = numbers.try_emplace(*value, domains.size).first->second;
    if (number == domains.size) ++domains.size;
    domains.at.push_back(number);
  }
  return domains;
}

// A node counts that has the labels of all rules and that this rule's policies do not leave out.
void PeerBook::CountNodes(const std::vector<SpreadRule>& rules, const PodShape& shape,
                          Tally* tally) {
  const SpreadRule& rule = *tally->spread;
  const auto& by_name = snapshot_->nodes->by_name;
  tally->node_counts.assign(by_name.size(), false);
  tally->domain_counts.assign(tally->counts.size(), false);
  for (std::size_t rank = 0; rank < by_name.size(); ++rank) {
    const NodeInfo& info = snapshot_->nodes->info[by_name[rank].index()];
    const bool labelled = std::all_of(rules.begin(), rules.end(), [&info](const SpreadRule& r) {
      return FindLabel(info.labels, r.topology) != nullptr;
    });
    const bool left_out = !labelled || (rule.only_nodes_selected && !Selects(shape, info)) ||
                          (rule.only_nodes_tolerated && Untolerated(info, shape));
    if (left_out) continue;
    tally->node_counts[rank] = true;
    const auto domain = static_cast<std::size_t>(tally->domains->at[rank]);
    if (!tally->domain_counts[domain]) ++tally->domains_counted;
    tally->domain_counts[domain] = true;
  }
}

void PeerBook::CountResidents() {
  for (const Resident& resident : *snapshot_->residents) {
    for (const PodTerm& term : resident.peer->rules.away) RegisterOwned(term);
  }
  std::unordered_map<const Peer*, std::vector<TallyId>> tallies_of;
  for (const Resident& resident : *snapshot_->residents) {
    if (!snapshot_->nodes->present[resident.node.index()]) continue;
    const auto [it, added] = tallies_of.try_emplace(resident.peer.get());
    if (added) it->second = CountedIn(*resident.peer);
    const std::uint32_t rank = snapshot_->nodes->name_rank[resident.node.index()];
    for (const TallyId id : it->second) {
      if (resident.terminating && tallies_[id].spread != nullptr) continue;
      Change(id, rank, 1);
    }
    volumes_.Change(volumes_.UseOf(*resident.peer), rank, 1);
  }
}

std::vector<PeerBook::TallyId> PeerBook::CountedIn(const Peer& peer) const {
  std::vector<TallyId> counted;
  const auto owns = [&peer](const PodTerm& term) {
    return std::find(peer.rules.away.begin(), peer.rules.away.end(), term) != peer.rules.away.end();
  };
  const auto collides = [&peer](const HostPort& port) {
    return std::any_of(peer.rules.ports.begin(), peer.rules.ports.end(),
                       [&port](const HostPort& own) { return Collide(own, port); });
  };
  for (TallyId id = 0; id < tallies_.size(); ++id) {
    const Tally& tally = tallies_[id];
    const bool counts = (tally.matching != nullptr && AllHold(*tally.matching, peer)) ||
                        (tally.owned != nullptr && owns(*tally.owned)) ||
                        (tally.port != nullptr && collides(*tally.port)) ||
                        (tally.spread != nullptr && HoldsFor(tally.spread->pods, peer));
    if (counts) counted.push_back(id);
  }
  return counted;
}

PeerBook::KindData PeerBook::Work(const Peer& peer, ShapeId shape) {
  const PeerRules& rules = peer.rules;
  KindData kind;
  const std::vector<PodSelector> near = SelectorsOf(rules.near);
  if (running_) {
    for (const PodTerm& term : rules.near) {
      kind.near.push_back(matching_.at({near, term.topology}));
    }
    kind.near_self = !near.empty() && AllHold(near, peer);
    for (const PodPreference& preference : rules.preferred) {
      const PodTerm& term = preference.term;
      kind.preferred.emplace_back(matching_.at({{term.pods}, term.topology}), preference.weight);
    }
    if (!rules.spread_softly.empty()) {
      const TallyId first = spread_.at({shape, rules.spread_softly});
      for (std::size_t i = 0; i < rules.spread_softly.size(); ++i) {
        kind.spread_softly.push_back(first + static_cast<TallyId>(i));
      }
    }
  }
  kind.volumes = volumes_.UseOf(peer);
  for (const PodTerm& term : rules.away) {
    kind.away.push_back(matching_.at({{term.pods}, term.topology}));
  }
  for (const auto& [term, tally] : owned_) {
    if (HoldsFor(term.pods, peer)) kind.kept_away.push_back(tally);
  }
  for (const HostPort& port : rules.ports) kind.ports.push_back(ports_.at(port));
  if (!rules.spread.empty()) {
    const TallyId first = spread_.at({shape, rules.spread});
    for (std::size_t i = 0; i < rules.spread.size(); ++i) {
      kind.spread.push_back(first + static_cast<TallyId>(i));
      kind.spread_itself.push_back(HoldsFor(rules.spread[i].pods, peer));
    }
  }
  kind.counted = CountedIn(peer);
  return kind;
}

PeerBook::Kind PeerBook::KindOf(const MemberView& member) {
  if (idle() || !member.peer) return kPlain;
  // Of members without spread the shape does not matter.
  const PeerRules& rules = member.peer->rules;
  const bool spreads = !(rules.spread.empty() && rules.spread_softly.empty());
  const ShapeId shape = spreads ? member.shape : ShapeId::None();
  const auto [known, is_new] = known_.try_emplace({member.peer.get(), shape}, kPlain);
  if (!is_new) return known->second;
  const auto [kind, added] =
      kind_ids_.try_emplace(Work(*member.peer, shape), static_cast<Kind>(kinds_.size()));
  if (added) kinds_.push_back(&kind->first);
  known->second = kind->second;
  return kind->second;
}

PeerRule PeerBook::Broken(Kind number, std::uint32_t rank) const {
  if (number == kPlain) return PeerRule::kNone;
  const KindData& kind = *kinds_[number];
  if (!volumes_.Problem(kind.volumes).empty()) return PeerRule::kClaims;
  if (AnyAt(kind.ports, rank)) return PeerRule::kPorts;
  if (const PeerRule rule = BrokenByVolumes(kind, rank); rule != PeerRule::kNone) return rule;
  for (std::size_t i = 0; i < kind.spread.size(); ++i) {
    if (tallies_[kind.spread[i]].domains->at[rank] < 0) return PeerRule::kSpreadLabel;
    if (SpreadFails(kind.spread[i], kind.spread_itself[i], rank)) return PeerRule::kSpread;
  }
  if (!NearHolds(kind, rank)) return PeerRule::kNear;
  if (AnyAt(kind.away, rank)) return PeerRule::kAway;
  if (AnyAt(kind.kept_away, rank)) return PeerRule::kKeptAway;
  return PeerRule::kNone;
}

PeerRule PeerBook::BrokenByVolumes(const KindData& kind, std::uint32_t rank) const {
  if (kind.volumes == VolumeBook::kNone) return PeerRule::kNone;
  switch (volumes_.Broken(kind.volumes, rank)) {
    case VolumeRule::kInUse:
      return PeerRule::kClaimInUse;
    case VolumeRule::kTooMany:
      return PeerRule::kTooManyVolumes;
    case VolumeRule::kMissing:
      return PeerRule::kVolumeMissing;
    case VolumeRule::kNode:
      return PeerRule::kVolumeNode;
    case VolumeRule::kZone:
      return PeerRule::kVolumeZone;
    case VolumeRule::kNone:
      break;
  }
  return PeerRule::kNone;
}

bool PeerBook::AnyAt(const std::vector<TallyId>& tallies, std::uint32_t rank) const {
  return std::any_of(tallies.begin(), tallies.end(), [this, rank](TallyId id) {
    const Tally& tally = tallies_[id];
    const std::int32_t domain = tally.domains->at[rank];
    return domain >= 0 && tally.counts[static_cast<std::size_t>(domain)] > 0;
  });
}

bool PeerBook::NearHolds(const KindData& kind, std::uint32_t rank) const {
  bool there = true;
  bool anywhere = false;
  for (const TallyId id : kind.near) {
    const Tally& tally = tallies_[id];
    const std::int32_t domain = tally.domains->at[rank];
    if (domain < 0) return false;
    there = there && tally.counts[static_cast<std::size_t>(domain)] > 0;
    anywhere = anywhere || tally.total > 0;
  }
  return there || (!anywhere && kind.near_self);
}

bool PeerBook::SpreadFails(TallyId id, bool itself, std::uint32_t rank) const {
  const Tally& tally = tallies_[id];
  if (tally.fewest < 0) {
    tally.fewest = 0;
    std::int32_t fewest = std::numeric_limits<std::int32_t>::max();
    for (std::size_t d = 0; d < tally.counts.size(); ++d) {
      if (tally.domain_counts[d]) fewest = std::min(fewest, tally.counts[d]);
    }
    const bool enough = tally.domains_counted >= tally.spread->min_domains;
    if (enough && tally.domains_counted > 0) tally.fewest = fewest;
  }
  const auto domain = static_cast<std::size_t>(tally.domains->at[rank]);
  return tally.counts[domain] + (itself ? 1 : 0) - tally.fewest > tally.spread->max_skew;
}

void PeerBook::Change(TallyId id, std::uint32_t rank, std::int32_t by) {
  Tally& tally = tallies_[id];
  const std::int32_t domain = tally.domains->at[rank];
  if (domain < 0 || (tally.spread != nullptr && !tally.node_counts[rank])) return;
  std::int32_t& count = tally.counts[static_cast<std::size_t>(domain)];
  if (count == tally.fewest) tally.fewest = -1;
  count += by;
  tally.total += by;
}

void PeerBook::ChangeAll(const KindData& kind, std::uint32_t rank, std::int32_t by) {
  for (const TallyId id : kind.counted) Change(id, rank, by);
  volumes_.Change(kind.volumes, rank, by);
}

void PeerBook::Add(Kind kind, std::uint32_t rank) {
  if (kind == kPlain) return;
  if (kinds_[kind]->counted.empty() && kinds_[kind]->volumes == VolumeBook::kNone) return;
  ChangeAll(*kinds_[kind], rank, 1);
  log_.emplace_back(kind, rank);
}

void PeerBook::Undo() {
  for (const auto& [kind, rank] : log_) ChangeAll(*kinds_[kind], rank, -1);
  log_.clear();
}

}  // namespace fairlead
