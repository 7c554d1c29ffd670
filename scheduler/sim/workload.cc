#include "fairlead/sim/workload.h"

namespace fairlead::sim {

std::uint32_t Names::Intern(std::string_view name) {
  const auto [it, added] =
      ids_.try_emplace(std::string(name), static_cast<std::uint32_t>(names_.size()));
  if (added) names_.emplace_back(name);
  return it->second;
}

}  // namespace fairlead::sim
