// Rollups: sums of charged intervals by hour and by what statements are usually made by, so that a
// month's statement reads thousands of rows instead of millions of records. They can be made anew
// from the records at any time, and say the same to the last unit-nanosecond.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "fairlead/ledger/interval.h"
#include "scheduler/ledger/tally.h"

namespace fairlead::ledger {

// The hour (UTC), and the values that are told apart, as text.
using RollupKey = std::pair<std::int64_t, std::string>;
using RollupSums = std::map<RollupKey, Amounts128>;

// Adds the parts of a charged interval that has ended; others do not count.
void AddToRollup(const Interval& interval, RollupSums* sums);

// The values of a key as an interval without time, and amounts as text and back.
Interval RollupValues(std::string_view values);
std::string SumsText(const Amounts128& sums);
Amounts128 ParseSums(std::string_view text);

// Do rollups know what a statement is made by?
bool IsRolledUpBy(std::string_view by);

}  // namespace fairlead::ledger
