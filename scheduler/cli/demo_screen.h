// How `fairlead demo` looks: a frame of the live view, lines for terminals that cannot show it, and
// the summary at the end. Pure text in, text out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/cli/demo_view.h"
#include "scheduler/cli/text.h"

namespace fairlead::cli {

// Below these the live view cannot be read.
inline constexpr int kMinColumns = 64;
inline constexpr int kMinRows = 16;

struct DemoHeader {
  std::int64_t nodes = 0;
  std::int64_t gpus = 0;
  std::int64_t speed = 1;
  Duration clock;  // cluster time since the start
};

// At most style.rows lines, each at most style.columns wide as seen, without a line break after the
// last.
std::string DemoFrame(const DemoView& view, const DemoHeader& header, Instant now,
                      const ScreenStyle& style);

// " 12.3s  vision/train-4 starts: 4 pods, 32 GPUs, waited 2.1s"
std::string StartLine(const GangRow& gang, Duration clock);
// " 20.0s  holds vision 158 language 80 robotics 79 of 320 GPUs; 31 gangs run, 12 wait; the longest
// wait: ..."
std::string StateLine(const DemoView& view, const DemoHeader& header, Instant now);

struct DemoSummary {
  DemoResult result;
  std::int64_t double_bookings = 0;
  std::int64_t seconds = 0;  // real
  std::string url;
  // What the run cost, by tenant and in all, in columns; empty: not known.
  std::string statement;
  struct Cost {
    std::string tenant;
    std::string gpu_hours, amount, currency;  // decimals
  };
  std::vector<Cost> costs;
};
std::string SummaryText(const DemoSummary& summary, bool colour);
std::string SummaryJson(const DemoSummary& summary);

}  // namespace fairlead::cli
