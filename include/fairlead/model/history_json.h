// UsageHistory as JSON text, for the state file and for dumped decisions:
//
//   {"kind":"fairlead-usage","format":1,"tick_ns":...,"queues":[{"name":...,"usage":...,"target":...}]}
//
// Strict: what is not exactly such a text is refused, with the field. Writing what was read gives
// the same bytes.
#pragma once

#include <string>
#include <string_view>

#include "fairlead/base/result.h"
#include "fairlead/queues/history.h"

namespace fairlead {

std::string HistoryToJson(const UsageHistory& history);  // ends in a newline
Result<UsageHistory> HistoryFromJson(std::string_view text);

}  // namespace fairlead
