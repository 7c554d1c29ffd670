// Base64 (RFC 4648, with padding).
#pragma once

#include <string>
#include <string_view>

#include "fairlead/base/result.h"

namespace fairlead::kube {

std::string Base64Encode(std::string_view bytes);
// White space is skipped; anything else outside the alphabet is an error.
Result<std::string> Base64Decode(std::string_view text);

}  // namespace fairlead::kube
