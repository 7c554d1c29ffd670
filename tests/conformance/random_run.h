// Runs one random sequence at two servers, and cuts it down where they differ.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/conformance/random_requests.h"

namespace fairlead::conformance {

struct RandomOutcome {
  int sent = 0;
  int refused = 0;     // answers of 400 and more
  std::string report;  // empty: no difference
};
// `name` is part of the names of what is made; it is not used twice at a server.
RandomOutcome RunRandomSequence(std::uint64_t seed, const Target& real, const std::string& name,
                                bool shorten = true);

}  // namespace fairlead::conformance
