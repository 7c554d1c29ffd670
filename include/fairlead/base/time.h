// Instants and durations as integer nanoseconds, and their text forms. Only the engine's clock
// makes an Instant from the time of day; everything else gets it as input.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "fairlead/base/result.h"

namespace fairlead {

// Nanoseconds, may be negative.
struct Duration {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Duration, Duration) = default;
  static constexpr Duration Nanoseconds(std::int64_t n) { return {n}; }
  static constexpr Duration Milliseconds(std::int64_t n) { return {n * 1'000'000}; }
  static constexpr Duration Seconds(std::int64_t n) { return {n * 1'000'000'000}; }
};

// Nanoseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Instant, Instant) = default;
};

constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
constexpr Instant operator+(Instant a, Duration d) { return {a.ns + d.ns}; }
constexpr Instant operator-(Instant a, Duration d) { return {a.ns - d.ns}; }
constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }

// RFC 3339 with a zone ("Z" or "+hh:mm") and up to nine fractional digits, years 1970..2261.
Result<Instant> ParseInstant(std::string_view text);

// RFC 3339 in UTC, with a fraction only where there is one: "2026-01-01T12:00:00Z".
std::string FormatInstant(Instant instant);

// One or more of <integer><unit>, units d h m s ms us ns, descending: "1h30m", "250ms".
// Non-negative.
Result<Duration> ParseDuration(std::string_view text);

// Such text in its normal form, each part below the next unit: "1h30m", "0s"; with a leading "-"
// where negative.
std::string FormatDuration(Duration duration);

}  // namespace fairlead
