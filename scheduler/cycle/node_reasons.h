// Why nodes do not take one more member, in kube-scheduler's words, since people and autoscalers
// read them.
//
// A node counts under its first failing filter: cordon, taints, selector with node affinity,
// accepted GPU models, ports of the host, resources, volumes, topology spread, affinity between
// pods. The resources filter names every resource that is short. What is wrong with the claims of a
// pod themselves is said before all that, once for all nodes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fairlead/placement/placer.h"

namespace fairlead {

class NodeReasons {
 public:
  // About a member of this shape and kind, with the room that the placer has now. What is given
  // must outlive this.
  NodeReasons(const Snapshot& snapshot, const NodeClasses& classes, Placer* placer, ShapeId shape,
              PeerBook::Kind kind);

  // "0/N nodes are available: ", then per reason the number of nodes that it removes, as texts in
  // bytewise order.
  std::string Summary() const;
  // On the node at this rank of names; empty = it takes the member.
  std::vector<std::string> On(std::uint32_t rank) const;

 private:
  // Reasons are numbers, so that they can be counted fast: what node classes fail comes first, then
  // resources, GPUs, and rules between pods.
  using Reason = std::size_t;
  Reason ShortOf(std::uint32_t resource) const { return fixed_.size() + resource; }
  Reason ShortOfGpus() const { return fixed_.size() + requests_.size(); }
  Reason Breaks(PeerRule rule) const { return ShortOfGpus() + 1 + static_cast<std::size_t>(rule); }

  template <typename Each>
  void ForEach(std::uint32_t rank, Each each) const;
  std::string Text(Reason reason) const;
  std::string FixedText(std::uint32_t node_class) const;

  const Snapshot& snapshot_;
  const NodeClasses& classes_;
  const Placer& placer_;
  const PodShape& shape_;
  const ResourceVector& requests_;
  const ShapeNeed& need_;
  PeerBook::Kind kind_;
  std::vector<Verdict> fixed_;  // by node class
};

}  // namespace fairlead
