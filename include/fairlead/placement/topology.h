// Topology: which nodes are near each other, by levels of node labels from the broadest (zone) to
// the tightest (rack, host).
//
// A domain of level l is the set of nodes that agree in the values of the labels of levels 0..l, so
// that racks of the same name in two zones are two domains. A node without one of these labels is
// in no domain of level l. Domains of a level are numbered in order of their values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "fairlead/model/policy.h"
#include "fairlead/model/snapshot.h"

namespace fairlead {

// How near to each other the members of a gang must or should be; levels by position, -1 = none.
struct Nearness {
  std::int32_t required = -1;   // in one domain of this level
  std::int32_t preferred = -1;  // in one domain of this level, or else of one above

  bool any() const { return required >= 0 || preferred >= 0; }
};

class Topology;

struct Domain {
  const Topology& topology;
  std::int32_t level = 0;
  std::uint32_t number = 0;
};

class Topology {
 public:
  static constexpr std::uint32_t kNoDomain = std::numeric_limits<std::uint32_t>::max();

  Topology(const Snapshot& snapshot, const std::vector<TopologyLevel>& levels);

  std::int32_t levels() const { return static_cast<std::int32_t>(levels_.size()); }
  std::uint32_t domains(std::int32_t level) const;
  // The domain of the node of this name rank, or kNoDomain.
  std::uint32_t DomainAt(std::int32_t level, std::uint32_t rank) const;
  // The domain of the level above, of which it is a part; it must not be of level 0.
  std::uint32_t Above(std::int32_t level, std::uint32_t domain) const;
  // Values of the labels from level 0 on: "zone-a/rack-3".
  const std::string& NameOf(std::int32_t level, std::uint32_t domain) const;

 private:
  struct Level {
    std::vector<std::uint32_t> domain_at;  // by name rank
    std::vector<std::string> names;        // by domain
    std::vector<std::uint32_t> above;      // by domain
  };
  std::vector<Level> levels_;
};

}  // namespace fairlead
