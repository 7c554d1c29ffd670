// What the answers about queues have in common, `fairlead queues` and `fairlead fairshare`.
#pragma once

#include <string>
#include <string_view>

#include "fairlead/base/json.h"
#include "fairlead/base/share.h"
#include "fairlead/queues/spec.h"

namespace fairlead::cli {

// In lowest terms: "2/3".
std::string Ratio(const Share& share);

// "key":{"cpu":"1500m"}, with amounts as Kubernetes writes them, exactly.
void WriteAmounts(std::string_view key, const NamedAmounts& amounts, JsonWriter* json);

}  // namespace fairlead::cli
