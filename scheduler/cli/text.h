// Pieces of what the commands print for people: colours, cut and padded text, numbers, bars. Pure
// text in, text out; widths are in terminal cells and right for ASCII.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fairlead/base/time.h"

namespace fairlead::cli {

struct ScreenStyle {
  int columns = 80;
  int rows = 24;
  bool colour = true;
  bool unicode = true;
};

inline constexpr std::string_view kPlain = "\x1b[0m";
inline constexpr std::string_view kDim = "\x1b[2m";
inline constexpr std::string_view kBold = "\x1b[1m";
inline constexpr std::string_view kRed = "\x1b[31m";
inline constexpr std::string_view kGreen = "\x1b[32m";
inline constexpr std::string_view kYellow = "\x1b[33m";

// The text in that colour, where there are colours.
std::string Paint(std::string_view text, std::string_view code, bool colour);
// The colour of the n-th of several things; some differ in brightness too, for people who do not
// tell red from green.
std::string PaletteCode(std::size_t n);

// Cut to `width` bytes; what is cut off shows as two dots. Text of ours is ASCII, and a message
// with other characters is cut between them.
std::string Fit(std::string_view text, int width);

// Each control character as '?': what a terminal would take for a command must not come from
// another machine.
std::string WithoutControls(std::string text);

// "33.3 %"
std::string Percent(std::int64_t part, std::int64_t whole);
// value / 10^digits without zeros at the end: "1.5". value >= 0, digits <= 18.
std::string Decimal(std::int64_t value, int digits);
// Millionths: "1.5"
std::string Weight(std::int64_t weight);
// "1 pod", "2 pods"
std::string Count(std::int64_t n, std::string_view what);
// "12.3s"
std::string Seconds(Duration duration);

// `width` cells: the first `held` are full, those up to `wanted` shaded, and a mark stands at cell
// `mark`, if there is one.
std::string DrawBar(int width, int held, int wanted, int mark, bool unicode);

}  // namespace fairlead::cli
