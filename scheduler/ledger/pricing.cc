#include "scheduler/ledger/pricing.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

namespace fairlead::ledger {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr std::int64_t kMicro = 1'000'000;

Big ToBig(Int128 value) {
  const bool negative = value < 0;
  __extension__ using Unsigned = unsigned __int128;
  const Unsigned magnitude =
      negative ? -static_cast<Unsigned>(value) : static_cast<Unsigned>(value);
  Big big = static_cast<std::uint64_t>(magnitude >> 64U);
  big <<= 64;
  big += static_cast<std::uint64_t>(magnitude);
  return negative ? Big(-big) : big;
}

Int128 AmountOf(Resource resource, const Amounts128& sums) {
  switch (resource) {
    case Resource::kCpu:
      return sums.cpu_milli_ns;
    case Resource::kMemory:
      return sums.memory_byte_ns;
    case Resource::kGpu:
      return sums.gpu_slice_ns;
    case Resource::kStorage:
      return sums.storage_byte_ns;
  }
  return 0;
}

struct Gap {
  Resource resource;
  std::string model, tenant;
  UseClass use_class;
  Instant from, to;
};

Error GapError(const Gap& gap) {
  Error error;
  error.field = "rates";
  std::string what(ResourceName(gap.resource));
  if (gap.resource == Resource::kGpu && !gap.model.empty()) what += " " + gap.model;
  error.message = fmt::format(
      "no rate is valid for {} (class {}, tenant {}) from {} to {}, and there is usage: expected a "
      "rate for that time",
      what, UseClassName(gap.use_class), gap.tenant, FormatInstant(gap.from),
      FormatInstant(gap.to));
  return error;
}

// Prices the segments of one resource of one cell.
class CellPricer {
 public:
  CellPricer(const Billing& billing, const Tally& tally, const Cell& cell, Resource resource)
      : billing_(billing), tally_(tally), cell_(cell), resource_(resource) {}

  Status Price(const std::string& corrects, LineBook* book) {
    for (std::size_t segment = 0; segment < cell_.by_segment.size(); ++segment) {
      if (AmountOf(resource_, cell_.by_segment[segment]) == 0) continue;
      const Instant at = tally_.bounds()[segment];
      const Rate* rate = RateAt(at);
      if (rate == nullptr) return GapError(GapFrom(segment));
      StatementLine line;
      line.kind = !corrects.empty()                 ? LineKind::kCorrection
                  : resource_ == Resource::kStorage ? LineKind::kStorage
                                                    : LineKind::kUsage;
      line.tenant = cell_.tenant;
      if (line.kind == LineKind::kUsage) line.group = cell_.group;
      line.resource = resource_;
      if (resource_ == Resource::kGpu) line.model = cell_.model;
      line.use_class = cell_.use_class;
      line.period = corrects;
      line.rate_nano = rate->nano;
      Exact month_ns = 1;
      if (resource_ == Resource::kStorage) {
        const Period month = MonthsBetween(at, Instant{at.ns + 1}, billing_.zone).front();
        month_ns = Exact((month.to - month.from).ns);
        if (corrects.empty()) line.period = month.name;
      }
      book->Add(line, QuantityOf(resource_, cell_, segment, month_ns));
    }
    return Ok{};
  }

 private:
  const Rate* RateAt(Instant at) const {
    return FindRate(billing_, {.resource = resource_,
                               .model = cell_.model,
                               .tenant = cell_.tenant,
                               .use_class = cell_.use_class,
                               .at = at});
  }
  Gap GapFrom(std::size_t segment) const {
    Gap gap{resource_, cell_.model, cell_.tenant, cell_.use_class, tally_.bounds()[segment], {}};
    while (segment < cell_.by_segment.size() && RateAt(tally_.bounds()[segment]) == nullptr) {
      gap.to = tally_.bounds()[++segment];
    }
    return gap;
  }

  const Billing& billing_;
  const Tally& tally_;
  const Cell& cell_;
  Resource resource_;
};

}  // namespace

LineBook::LineBook(const Billing& billing) {
  Big minor = 1;
  for (std::int64_t d = 0; d < billing.digits; ++d) minor *= 10;
  minor_per_nano_ = Exact(minor, Big(1'000'000'000));
}

void LineBook::Add(const StatementLine& line, const Exact& quantity) {
  const Key key{line.kind,  line.group,     line.tenant, line.resource,
                line.model, line.use_class, line.period, line.rate_nano};
  const auto [it, added] = lines_.try_emplace(key);
  if (added) it->second.line = line;
  it->second.quantity += quantity;
  it->second.cost += quantity * Exact(line.rate_nano) * minor_per_nano_;
}

std::vector<ExactLine> LineBook::Take() const {
  std::vector<ExactLine> lines;
  lines.reserve(lines_.size());
  for (const auto& [key, line] : lines_) {
    if (line.quantity != 0) lines.push_back(line);
  }
  return lines;
}

Exact QuantityOf(Resource resource, const Cell& cell, std::size_t segment, const Exact& month_ns) {
  const Exact amount(ToBig(AmountOf(resource, cell.by_segment[segment])));
  switch (resource) {
    case Resource::kCpu:
      return amount / Exact(Big(kHourNs) * 1000);
    case Resource::kMemory:
      return amount / Exact(Big(kHourNs) << 30);
    case Resource::kGpu:
      return amount / Exact(Big(kHourNs) * cell.slices_per_gpu);
    case Resource::kStorage:
      return amount / (month_ns * Exact(Big(1) << 30));
  }
  return 0;
}

Status PriceCells(const Billing& billing, const Tally& tally, const std::string& corrects,
                  LineBook* book) {
  for (const Cell& cell : tally.cells()) {
    for (const Resource resource : kResources) {
      CellPricer pricer(billing, tally, cell, resource);
      if (Status priced = pricer.Price(corrects, book); !priced) return priced;
    }
  }
  return Ok{};
}

std::vector<StatementLine> RoundLines(const std::vector<ExactLine>& exact) {
  Exact total = 0;
  Big floors = 0;
  std::vector<StatementLine> lines;
  std::vector<Exact> rests;
  lines.reserve(exact.size());
  rests.reserve(exact.size());
  for (const ExactLine& line : exact) {
    total += line.cost;
    const Big floor = FloorOf(line.cost);
    floors += floor;
    rests.push_back(line.cost - Exact(floor));
    StatementLine& rounded = lines.emplace_back(line.line);
    rounded.cost = ToInt64(floor);
    rounded.quantity_micro = ToInt64(RoundOf(line.quantity * Exact(kMicro)));
  }
  std::vector<std::size_t> order(lines.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rests[a] != rests[b] ? rests[a] > rests[b] : a < b;
  });
  // Less than one per line, so that each gets at most one.
  const std::int64_t missing = ToInt64(RoundOf(total) - floors);
  for (std::int64_t i = 0; i < missing; ++i) ++lines[order[static_cast<std::size_t>(i)]].cost;
  return lines;
}

}  // namespace fairlead::ledger
