// Quantities, instants and durations: in bounds, and rounding never crosses over.
#include "fairlead/base/check.h"
#include "fairlead/base/quantity.h"
#include "fairlead/base/time.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  const std::string_view text = FuzzInput(data, size);
  for (const std::int64_t scale : {1, 1000}) {
    const auto up = ParseQuantity(text, scale, Rounding::kUp);
    const auto down = ParseQuantity(text, scale, Rounding::kDown);
    if (!up.ok() || !down.ok()) continue;
    FAIRLEAD_CHECK(*down >= 0 && *down <= *up && *up - *down <= 1, "{} {}", *down, *up);
  }
  if (const auto duration = ParseDuration(text); duration.ok()) {
    const auto again = ParseDuration(FormatDuration(*duration));
    FAIRLEAD_CHECK(again.ok() && *again == *duration);
  }
  if (const auto instant = ParseInstant(text); instant.ok()) {
    const auto again = ParseInstant(FormatInstant(*instant));
    FAIRLEAD_CHECK(again.ok() && *again == *instant);
  }
  return 0;
}
