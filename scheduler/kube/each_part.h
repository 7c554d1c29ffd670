// Texts that are lists: "a,b,c".
#pragma once

#include <string_view>

namespace fairlead::kube {

// Calls visit(part) for each part between commas while it returns true; the last result.
template <typename Visit>
bool EachPart(std::string_view text, Visit visit) {
  while (true) {
    const std::size_t comma = text.find(',');
    if (!visit(text.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace fairlead::kube
