// 128-bit integers as decimal text: what a column of a database can hold of them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace fairlead::ledger {

__extension__ using Int128 = __int128;

inline std::string WideText(Int128 value) {
  const bool negative = value < 0;
  std::string text;
  do {
    const int digit = static_cast<int>(value % 10);
    text += static_cast<char>('0' + (negative ? -digit : digit));
    value /= 10;
  } while (value != 0);
  if (negative) text += '-';
  std::reverse(text.begin(), text.end());
  return text;
}

// Of what WideText wrote.
inline Int128 ParseWide(std::string_view text) {
  const bool negative = text.starts_with('-');
  Int128 value = 0;
  // Downwards, since the least number has no positive counterpart.
  for (const char c : text.substr(negative ? 1 : 0)) value = value * 10 - (c - '0');
  return negative ? value : -value;
}

}  // namespace fairlead::ledger
