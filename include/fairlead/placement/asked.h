// An outlook from a list of kinds of pods, however these are known.
#pragma once

#include <cstdint>
#include <vector>

#include "fairlead/placement/outlook.h"

namespace fairlead {

// Equal pods.
struct Asked {
  std::int64_t pods = 0;
  std::int64_t milli_cpu = 0;  // each
  std::int64_t milli_gpu = 0;  // each; those without are not looked at
  // The kinds of GPU that they accept, where that is not all.
  std::vector<std::uint32_t> kinds;
};

// `capacity`: thousandths of GPUs that there are, by kind.
Outlook MakeOutlook(const std::vector<Asked>& pods, const std::vector<std::int64_t>& capacity);

}  // namespace fairlead
