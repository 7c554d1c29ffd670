// How tables of queues look: columns for people, JSON for programs. Pure text in, text out.
#pragma once

#include <string>
#include <string_view>

#include "fairlead/cycle/queue_report.h"
#include "scheduler/cli/text.h"

namespace fairlead::cli {

// Wide enough for every column.
inline constexpr int kAnyWidth = 1 << 20;

// A header, then for each queue one line per resource that it names, children below their parent
// and indented. Columns that do not fit into style.columns are left out, the least important first;
// where all fit and room is left, a bar is drawn: what the queue holds (full), what it should have
// (the mark), as parts of the cluster. Every line ends with a line break.
std::string QueueTableText(const QueueTable& table, const ScreenStyle& style);

// The table under a title, in at most style.rows lines, without a break after the last.
std::string QueueFrame(const QueueTable& table, std::string_view title, const ScreenStyle& style);

// "2026-01-01T12:00:00Z  2 queues, 3 gangs wait, 1 runs": of the leaves.
std::string QueueTitle(const QueueTable& table);

// One line: {"at","version","queues":[...]}. Amounts are Kubernetes quantities, shares exact ratios
// ("2/3"), both as strings; times are integers of milliseconds.
std::string QueueTableJson(const QueueTable& table);

// An amount in a table: cpu and gpu/<model> from thousandths ("1.5"), memory and ephemeral-storage
// with one digit after the point ("63.9Gi"), others as they are.
std::string AmountText(std::string_view resource, std::int64_t amount);

}  // namespace fairlead::cli
