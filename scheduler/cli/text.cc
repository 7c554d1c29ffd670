#include "scheduler/cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fairlead::cli {
namespace {

constexpr std::array<int, 6> kPalette = {39, 214, 114, 205, 229, 141};
constexpr std::int64_t kPerMille = 1'000;

}  // namespace

std::string Paint(std::string_view text, std::string_view code, bool colour) {
  return colour ? fmt::format("{}{}{}", code, text, kPlain) : std::string(text);
}

std::string PaletteCode(std::size_t n) {
  return fmt::format("\x1b[38;5;{}m", kPalette.at(n % kPalette.size()));
}

std::string Fit(std::string_view text, int width) {
  const auto limit = static_cast<std::size_t>(std::max(width, 0));
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit > 2 ? limit - 2 : 0;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + (limit > 2 ? ".." : "");
}

std::string Percent(std::int64_t part, std::int64_t whole) {
  const std::int64_t tenths = whole == 0 ? 0 : (part * kPerMille + whole / 2) / whole;
  return fmt::format("{}.{} %", tenths / 10, tenths % 10);
}

std::string Decimal(std::int64_t value, int digits) {
  std::int64_t one = 1;
  for (int i = 0; i < digits; ++i) one *= 10;
  std::string text = fmt::format("{}", value / one);
  if (value % one == 0) return text;
  std::string fraction = fmt::format("{:0{}}", value % one, digits);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return text + "." + fraction;
}

std::string Weight(std::int64_t weight) { return Decimal(weight, 6); }

std::string Count(std::int64_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string Seconds(Duration duration) {
  const std::int64_t tenths = duration.ns / 100'000'000;
  return fmt::format("{}.{}s", tenths / 10, tenths % 10);
}

std::string DrawBar(int width, int held, int wanted, int mark, bool unicode) {
  const std::string_view full = unicode ? "\u2588" : "#";
  const std::string_view shade = unicode ? "\u2591" : "-";
  std::string bar;
  for (int i = 0; i < width; ++i) {
    if (i == mark) {
      bar += "|";
    } else if (i < held) {
      bar += full;
    } else {
      bar += i < wanted ? shade : " ";
    }
  }
  return bar;
}

std::string WithoutControls(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

}  // namespace fairlead::cli
