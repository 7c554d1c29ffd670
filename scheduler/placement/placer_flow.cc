// Placer: gangs of several shapes on nodes that not all of them may use (see the header).
#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/successive_shortest_path_nonnegative_weights.hpp>
#include <map>
#include <numeric>
#include <utility>

#include "fairlead/placement/placer.h"

namespace fairlead {
namespace {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
// clang-format off
using Graph = boost::adjacency_list<
    boost::vecS, boost::vecS, boost::directedS, boost::no_property,
    boost::property<boost::edge_capacity_t, std::int64_t,
    boost::property<boost::edge_residual_capacity_t, std::int64_t,
    boost::property<boost::edge_reverse_t, Traits::edge_descriptor,
    boost::property<boost::edge_weight_t, std::int64_t>>>>>;
// clang-format on

constexpr std::size_t kMostFlowSets = 512;
// An arc of the flow takes about as long as so many nodes.
constexpr std::uint64_t kStepsOfArc = 64;

// A flow of GPUs from shapes to sets of nodes.
class Flow {
 public:
  Flow(std::size_t shapes, std::size_t sets) : shapes_(shapes), graph_(shapes + sets + 2) {}

  void Supply(std::size_t shape, std::int64_t gpus) { Arc(Source(), shape, gpus, 0); }
  void Room(std::size_t set, std::int64_t gpus) { Arc(shapes_ + set, Sink(), gpus, 0); }
  void Allow(std::size_t shape, std::size_t set, std::int64_t gpus, std::int64_t cost) {
    arcs_[{shape, set}] = Arc(shape, shapes_ + set, gpus, cost);
  }

  void Solve() { boost::successive_shortest_path_nonnegative_weights(graph_, Source(), Sink()); }

  // GPUs of the shape that go to the set.
  std::int64_t At(std::size_t shape, std::size_t set) {
    const auto arc = arcs_.find({shape, set});
    if (arc == arcs_.end()) return 0;
    return get(boost::edge_capacity, graph_)[arc->second] -
           get(boost::edge_residual_capacity, graph_)[arc->second];
  }

 private:
  std::size_t Source() const { return num_vertices(graph_) - 2; }
  std::size_t Sink() const { return num_vertices(graph_) - 1; }

  Traits::edge_descriptor Arc(std::size_t from, std::size_t to, std::int64_t capacity,
                              std::int64_t cost) {
    const auto there = add_edge(from, to, graph_).first;
    const auto back = add_edge(to, from, graph_).first;
    get(boost::edge_capacity, graph_)[there] = capacity;
    get(boost::edge_capacity, graph_)[back] = 0;
    get(boost::edge_weight, graph_)[there] = cost;
    get(boost::edge_weight, graph_)[back] = -cost;
    get(boost::edge_reverse, graph_)[there] = back;
    get(boost::edge_reverse, graph_)[back] = there;
    return there;
  }

  std::size_t shapes_;
  Graph graph_;
  std::map<std::pair<std::size_t, std::size_t>, Traits::edge_descriptor> arcs_;
};

}  // namespace

// Several shapes, all of whole GPUs or of none, that no rule keeps from a node.
bool Placer::MayFlow(const std::vector<MemberGroup>& groups) {
  std::size_t with_gpus = 0;
  for (const MemberGroup& group : groups) {
    const ShapeNeed& need = StateOf(group.shape).need;
    if (!need.slices.empty() || Ruled(group)) return false;
    if (need.gpus > 0) ++with_gpus;
  }
  return with_gpus >= 2 && groups.size() <= kMostFlowShapes;
}

// Nodes that take as many members of each of these groups, and have as many free devices; of those
// that take any.
std::vector<Placer::NodeSet> Placer::AlikeNodes(const std::vector<MemberGroup>& groups) {
  std::map<std::vector<std::int64_t>, NodeSet> sets;
  const std::vector<std::vector<std::int64_t>> fits = CountFits(groups);
  std::vector<std::int64_t> key(groups.size() + 1);
  for (std::uint32_t rank = 0; rank < room_.ranks(); ++rank) {
    const std::uint64_t bit = std::uint64_t{1} << (rank % 64);
    if (within_ != nullptr && ((*within_)[rank / 64] & bit) == 0) continue;
    for (std::size_t g = 0; g < groups.size(); ++g) key[g] = fits[g][rank];
    key.back() = 0;
    if (std::all_of(key.begin(), key.end(), [](std::int64_t n) { return n == 0; })) continue;
    key.back() = room_.FreeDevices(room_.NodeAt(rank));
    NodeSet& set = sets[key];
    if (set.count++ == 0) {
      set.nodes.assign((room_.ranks() + 63) / 64, 0);
      set.fits.assign(key.begin(), key.end() - 1);
      set.devices = key.back();
    }
    set.nodes[rank / 64] |= bit;
  }
  std::vector<NodeSet> list;
  list.reserve(sets.size());
  for (auto& [same, set] : sets) list.push_back(std::move(set));
  return list;
}

// Can `need` members fit, as far as each shape by itself and all GPUs tell?
bool Placer::WorthAFlow(const std::vector<MemberGroup>& with_gpus, const std::vector<NodeSet>& sets,
                        std::int64_t others, std::int64_t need) {
  if (sets.size() > kMostFlowSets) return false;
  std::int64_t fit = others;
  for (std::size_t g = 0; g < with_gpus.size(); ++g) {
    std::int64_t room = 0;
    for (const NodeSet& set : sets) room += set.count * set.fits[g];
    fit += std::min(room, static_cast<std::int64_t>(with_gpus[g].members.size()));
  }
  return fit >= need;
}

// Takes room as a flow says, and for what is left over as it comes. Returns how many are placed.
std::int64_t Placer::PlaceByFlow(const std::vector<MemberGroup>& groups, std::int64_t need,
                                 std::vector<Placement>* out, Allowance* allowance) {
  std::vector<MemberGroup> with_gpus;
  std::int64_t others = 0;
  for (const MemberGroup& group : groups) {
    if (StateOf(group.shape).need.gpus > 0) {
      with_gpus.push_back(group);
    } else {
      others += static_cast<std::int64_t>(group.members.size());
    }
  }
  const std::size_t first = out->size();
  const std::vector<NodeSet> sets = AlikeNodes(with_gpus);
  if (!WorthAFlow(with_gpus, sets, others, need)) return 0;
  steps_ += kStepsOfArc * sets.size() * with_gpus.size();
  std::int64_t step = 0;  // divides what each member takes
  for (const MemberGroup& group : with_gpus) {
    step = std::gcd(step, std::int64_t{StateOf(group.shape).need.gpus});
  }
  Flow flow(with_gpus.size(), sets.size());
  for (std::size_t s = 0; s < sets.size(); ++s) {
    flow.Room(s, sets[s].count * (sets[s].devices - sets[s].devices % step));
  }
  for (std::size_t g = 0; g < with_gpus.size(); ++g) {
    const std::int64_t gpus = StateOf(with_gpus[g].shape).need.gpus;
    flow.Supply(g, gpus * static_cast<std::int64_t>(with_gpus[g].members.size()));
    for (std::size_t s = 0; s < sets.size(); ++s) {
      const std::int64_t most = sets[s].count * sets[s].fits[g];
      // Fuller nodes first, as where there is one shape.
      if (most > 0) flow.Allow(g, s, gpus * most, sets[s].devices);
    }
  }
  flow.Solve();
  const RankBits* const within = within_;
  for (std::size_t g = 0; g < with_gpus.size(); ++g) {
    auto next = with_gpus[g].members.begin();
    for (std::size_t s = 0; s < sets.size(); ++s) {
      const std::int64_t members = flow.At(g, s) / StateOf(with_gpus[g].shape).need.gpus;
      if (members == 0) continue;
      MemberGroup part{with_gpus[g].gang, with_gpus[g].shape, {next, next + members}};
      next += members;
      within_ = &sets[s].nodes;
      PlaceAlike(part, PeerBook::kPlain, out, allowance);
      within_ = within;
    }
  }
  for (const MemberGroup& group : Unplaced(groups, *out, first)) {
    PlaceAlike(group, PeerBook::kPlain, out, allowance);
  }
  return static_cast<std::int64_t>(out->size() - first);
}

}  // namespace fairlead
