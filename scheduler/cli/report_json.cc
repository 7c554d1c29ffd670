#include "scheduler/cli/report_json.h"

#include <fmt/format.h>

#include <numeric>

#include "fairlead/queues/amounts.h"

namespace fairlead::cli {

std::string Ratio(const Share& share) {
  const std::int64_t divisor = std::gcd(share.num, share.den);
  return fmt::format("{}/{}", share.num / divisor, share.den / divisor);
}

void WriteAmounts(std::string_view key, const NamedAmounts& amounts, JsonWriter* json) {
  json->Key(key).BeginObject();
  for (const auto& [name, amount] : amounts) json->Field(name, FormatAmount(name, amount));
  json->EndObject();
}

}  // namespace fairlead::cli
