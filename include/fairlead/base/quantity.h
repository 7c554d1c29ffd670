// The Kubernetes quantity grammar, exactly and in integers.
//
//   quantity = [sign] digits ["." digits] [suffix]    (also "." digits, and digits ".")
//   suffix   = n u m "" k M G T P E | Ki Mi Gi Ti Pi Ei | e<integer> | E<integer>
//
// The result is the quantity times `scale`, as an integer: scale 1000 gives milli-units (CPU),
// scale 1 gives units (bytes, counts). Requests round up, capacities down, so that rounding never
// oversubscribes. A negative quantity, one that does not fit 63 bits after scaling, and any other
// text are errors that name what was expected.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fairlead/base/result.h"

namespace fairlead {

enum class Rounding : std::uint8_t { kUp, kDown };

Result<std::int64_t> ParseQuantity(std::string_view text, std::int64_t scale, Rounding rounding);

// CPU in milli-units: "250m", "4".  Bytes: "256Gi" where that is exact, else plain digits.
std::string FormatMilli(std::int64_t milli);
std::string FormatBytes(std::int64_t bytes);

}  // namespace fairlead
