// Levels of HierarchyOrder: what a queue counts for in its parent.
#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "fairlead/base/check.h"
#include "queues/hierarchy_tree.h"

namespace fairlead {
namespace {

using queues::Measure;

constexpr Share kInfinite{std::numeric_limits<std::int64_t>::max(), 1};

mpz_class Integer(std::int64_t value) { return static_cast<long>(value); }

// Not in lowest terms: gmpxx compares and adds ratios that were canonicalized only.
mpq_class Ratio(std::int64_t num, std::int64_t den) {
  mpq_class ratio(Integer(num), Integer(den));
  ratio.canonicalize();
  return ratio;
}

mpq_class Ratio(const Share& share) { return Ratio(share.num, share.den); }

// Of a point. Sums of weights are integers.
mpq_class PointOf(const Measure& measure) {
  const queues::Fixed& words = measure.lo;
  if ((words[0] | words[1] | words[3]) == 0) return words[2];
  mpz_class scaled;
  mpz_import(scaled.get_mpz_t(), words.size(), -1, sizeof(mp_limb_t), 0, 0, words.data());
  mpq_class point(scaled, mpz_class(1) << 128);
  point.canonicalize();
  return point;
}

Share ShareIn(const ResourceVector& capacity, std::size_t resource, std::int64_t amount) {
  const std::int64_t all = capacity.Get(ResourceId(static_cast<std::uint32_t>(resource)));
  if (all > 0) return {amount, all};
  return amount == 0 ? Share{} : kInfinite;
}

std::int64_t AmountOf(const ResourceVector& amounts, std::size_t resource) {
  return amounts.Get(ResourceId(static_cast<std::uint32_t>(resource)));
}

// share_a / weight_a against share_b / weight_b, of leaves.
std::strong_ordering CompareLeaves(const Share& a, EffectiveWeight wa, const Share& b,
                                   EffectiveWeight wb) {
  if (wa.den == wb.den) return CompareWeighted(a, wa.num, b, wb.num);
  using Two = std::array<mp_limb_t, 2>;
  using Four = std::array<mp_limb_t, 4>;
  const auto product = [](std::int64_t x, std::int64_t y) {
    Two out = {static_cast<mp_limb_t>(x), 0};
    out[1] = mpn_mul_1(out.data(), out.data(), 1, static_cast<mp_limb_t>(y));
    return out;
  };
  const auto multiply = [](const Two& x, const Two& y) {
    Four out;
    mpn_mul_n(out.data(), x.data(), y.data(), 2);
    return out;
  };
  const Four left = multiply(product(a.num, wa.den), product(b.den, wb.num));
  const Four right = multiply(product(b.num, wb.den), product(a.den, wa.num));
  return mpn_cmp(left.data(), right.data(), 4) <=> 0;
}

}  // namespace

void HierarchyOrder::Tree::Refresh(Index child) {
  Node& node = nodes_[child];
  Withdraw(&node);
  if (HasWork(node)) {
    Evaluate(&node);
    Deposit(&node);
  } else {
    node.counts = Counts::kBlocked;
    nodes_[node.parent].blocked_amounts += node.allocated;
  }
  Place(child);
}

void HierarchyOrder::Tree::Withdraw(Node* child) {
  Node& parent = nodes_[child->parent];
  if (child->counts == Counts::kBlocked) {
    parent.blocked_amounts -= child->allocated;
  } else if (child->counts == Counts::kWild) {
    --parent.wild;
  } else {
    auto& sums = child->counts == Counts::kFully ? parent.full_sum : parent.scaled_sum;
    for (std::size_t r = 0; r < child->part.size(); ++r) {
      if (!child->part[r].IsZero()) queues::Subtract(child->part[r], &sums[r]);
    }
  }
}

Measure HierarchyOrder::Tree::ShareOf(std::size_t resource, std::int64_t amount) const {
  const Share share = ShareIn(capacity_, resource, amount);
  const std::uint64_t residue = queues::ResidueOf(share.num);
  if (share.den == 1) return queues::RatioOf(share.num, share.den, residue);
  return queues::RatioOf(share.num, share.den,
                         queues::ResidueProduct(residue, inverse_capacity_[resource]));
}

// Sets the key of a child that has work, and `sums_` to its rescaled sums.
void HierarchyOrder::Tree::Evaluate(Node* child) {
  Measure level;
  child->exact.reset();
  child->known = child->leaf ? LeafSums(child) : InnerSums(*child);
  child->known = child->known && LevelOf(child, &level) &&
                 queues::Scale(level, child->weight.den, child->weight.num, child->inverse_weight,
                               &child->key);
}

bool HierarchyOrder::Tree::LeafSums(Node* leaf) {
  leaf->share = DominantShare(leaf->allocated, capacity_);
  for (std::size_t r = 0; r < resources_; ++r) {
    const std::int64_t amount = AmountOf(leaf->allocated, r);
    sums_[r] = amount == 0 ? Measure{} : ShareOf(r, amount);
  }
  return true;
}

// That of the lowest key among the children that are not blocked, over or not.
HierarchyOrder::Tree::Index HierarchyOrder::Tree::LowestChild(const Node& node) const {
  const auto& [front, over] = node.heaps;
  if (over.empty()) return front.front();
  return front.empty() || Before(over.front(), front.front()) ? over.front() : front.front();
}

bool HierarchyOrder::Tree::InnerSums(const Node& node) {
  if (node.wild != 0) return false;
  const Measure& f = nodes_[LowestChild(node)].key;
  for (std::size_t r = 0; r < resources_; ++r) {
    Measure& sum = sums_[r];
    const std::int64_t held = AmountOf(node.blocked_amounts, r);
    sum = held == 0 ? Measure{} : ShareOf(r, held);
    if (!node.full_sum[r].IsZero() && !queues::Add(node.full_sum[r], &sum)) return false;
    if (node.scaled_sum[r].IsZero() || f.IsZero()) continue;
    Measure scaled;
    if (!queues::Multiply(node.scaled_sum[r], f, &scaled)) return false;
    if (!queues::Add(scaled, &sum)) return false;
  }
  return true;
}

// The largest of `sums_`, and which it may be: of a leaf all count, of an inner queue the live
// resources. False where the largest cannot be told.
bool HierarchyOrder::Tree::LevelOf(Node* node, Measure* level) const {
  *level = {};
  node->tops.clear();
  bool known = true;
  for (std::size_t r = 0; r < resources_; ++r) {
    if (sums_[r].IsZero() || (!node->leaf && node->live[r] == 0)) continue;
    const auto order = queues::Compare(*level, sums_[r]);
    if (order == std::strong_ordering::greater) continue;
    if (order == std::strong_ordering::less) {
      *level = sums_[r];
      node->tops.clear();
      known = true;
    } else {
      // Equal by their residues, or one that only a third one above both would make clear again.
      // The larger number of the two lies between the larger ends.
      if (mpn_cmp(level->lo.data(), sums_[r].lo.data(), 4) < 0) level->lo = sums_[r].lo;
      if (mpn_cmp(level->hi.data(), sums_[r].hi.data(), 4) < 0) level->hi = sums_[r].hi;
      if (!order) known = false;
    }
    node->tops.push_back(static_cast<std::uint32_t>(r));
  }
  return known;
}

// Is the level that of this resource, beyond doubt?
bool HierarchyOrder::Tree::IsTop(const Node& node, std::size_t resource) const {
  if (node.tops.size() == 1) return node.tops.front() == resource;
  return node.leaf &&
         ShareIn(capacity_, resource, AmountOf(node.allocated, resource)) == node.share;
}

// Adds what the child counts for to the sums of its parent. The root needs no level.
void HierarchyOrder::Tree::Deposit(Node* child) {
  Node& parent = nodes_[child->parent];
  if (child->parent == root()) {
    child->counts = Counts::kFully;
    return;
  }
  child->part.resize(resources_);
  if (!child->known || !MakePart(child)) {
    child->counts = Counts::kWild;
    ++parent.wild;
    return;
  }
  child->counts = child->key.IsZero() ? Counts::kFully : Counts::kScaled;
  auto& sums = child->key.IsZero() ? parent.full_sum : parent.scaled_sum;
  for (std::size_t r = 0; r < resources_; ++r) {
    if (child->part[r].IsZero()) continue;
    const bool added = queues::Add(child->part[r], &sums[r]);
    FAIRLEAD_CHECK(added, "the sum of {} children overflows", parent.children.size());
  }
}

bool HierarchyOrder::Tree::MakePart(Node* child) const {
  Measure inverse;
  const bool zero = child->key.IsZero();
  if (!zero && !queues::Invert(child->key, &inverse)) return false;
  for (std::size_t r = 0; r < resources_; ++r) {
    Measure& part = child->part[r];
    part = {};
    if (sums_[r].IsZero()) continue;
    if (zero) {
      part = sums_[r];
    } else if (IsTop(*child, r)) {
      // key = this sum / weight; so it is exact, where the product with the inverse would not be.
      part = queues::RatioOf(child->weight.num, child->weight.den, child->weight_residue);
    } else if (!queues::Multiply(sums_[r], inverse, &part)) {
      return false;
    }
    if (!queues::IsSummable(part)) return false;
  }
  return true;
}

// The definition, step by step.
HierarchyOrder::Tree::Exact HierarchyOrder::Tree::ExactOf(Index index) const {
  const Node& node = nodes_[index];
  Exact exact{0, std::vector<mpq_class>(resources_)};
  const ResourceVector& whole = node.leaf ? node.allocated : node.blocked_amounts;
  for (std::size_t r = 0; r < resources_; ++r) {
    const Share share = ShareIn(capacity_, r, AmountOf(whole, r));
    exact.sums[r] = Ratio(share);
  }
  std::vector<Exact> children;
  const mpq_class* lowest = nullptr;
  for (const Index child : node.children) {
    if (nodes_[child].counts != Counts::kBlocked) children.push_back(ExactOf(child));
  }
  for (const Exact& child : children) {
    if (lowest == nullptr || child.key < *lowest) lowest = &child.key;
  }
  for (const Exact& child : children) {
    const mpq_class factor = child.key == 0 ? mpq_class(1) : mpq_class(*lowest / child.key);
    for (std::size_t r = 0; r < resources_; ++r) exact.sums[r] += factor * child.sums[r];
  }
  for (std::size_t r = 0; r < resources_; ++r) {
    if ((node.leaf || node.live[r] != 0) && exact.sums[r] > exact.key) exact.key = exact.sums[r];
  }
  exact.key *= Ratio(node.weight.den, node.weight.num);
  return exact;
}

// The key without a look at all children: the sums are at hand, and exact where all that is in them
// are weights (see MakePart). That is how most keys are that are equal.
std::optional<mpq_class> HierarchyOrder::Tree::ReadExact(const Node& node) const {
  if (node.leaf) return mpq_class(Ratio(node.share) * Ratio(node.weight.den, node.weight.num));
  const auto readable = [&node](std::uint32_t r) {
    return node.full_sum[r].IsPoint() && node.scaled_sum[r].IsPoint();
  };
  if (!node.known || !std::all_of(node.tops.begin(), node.tops.end(), readable)) {
    return std::nullopt;
  }
  const mpq_class& lowest = ExactKey(nodes_[LowestChild(node)]);
  mpq_class level = 0;
  for (const std::uint32_t r : node.tops) {
    mpq_class sum = PointOf(node.scaled_sum[r]) * lowest;
    if (!node.full_sum[r].IsZero()) sum += PointOf(node.full_sum[r]);
    const std::int64_t held = AmountOf(node.blocked_amounts, r);
    if (held != 0) sum += Ratio(ShareIn(capacity_, r, held));
    if (sum > level) level = sum;
  }
  return mpq_class(level * Ratio(node.weight.den, node.weight.num));
}

const mpq_class& HierarchyOrder::Tree::ExactKey(const Node& node) const {
  if (!node.exact) node.exact = ReadExact(node);
  if (!node.exact) node.exact = ExactOf(static_cast<Index>(&node - nodes_.data())).key;
  return *node.exact;
}

std::strong_ordering HierarchyOrder::Tree::CompareKeys(const Node& a, const Node& b) const {
  if (a.leaf && b.leaf) return CompareLeaves(a.share, a.weight, b.share, b.weight);
  if (a.known && b.known) {
    if (a.key.IsZero() && b.key.IsZero()) return std::strong_ordering::equal;
    const auto order = queues::Compare(a.key, b.key);
    // That residues agree proves nothing: in one of 2^61 cases they do by chance.
    if (order && std::is_neq(*order)) return *order;
  }
  return cmp(ExactKey(a), ExactKey(b)) <=> 0;
}

}  // namespace fairlead
