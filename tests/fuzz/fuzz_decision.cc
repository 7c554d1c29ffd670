// Dumped decisions, as `fairlead replay` reads them. What loads is dumped again to the same text.
#include <string>

#include "fairlead/cycle/decide.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto record = fairlead::LoadDecision(FuzzInput(data, size));
  if (!record.ok()) return 0;
  const std::string dumped = fairlead::DumpSnapshot(record->snapshot);
  const auto again = fairlead::LoadSnapshot(dumped);
  FAIRLEAD_CHECK(again.ok() && fairlead::DumpSnapshot(*again) == dumped, "not a round trip");
  return 0;
}
