#include "scheduler/ledger/idle.h"

#include <algorithm>
#include <map>
#include <string>

#include "fairlead/ledger/balance.h"

namespace fairlead::ledger {
namespace {

// The exact cost of all tenants' usage, by tenant.
Result<std::map<std::string, Exact>> UsageCosts(const IdleInput& input) {
  StatementRequest request = input.request;
  request.tenant.reset();
  Billing billing = input.billing;
  billing.idle = IdleSharing::kNone;
  request.billing = billing;
  const Result<Statement> all = MakeStatement(input.store, request);
  if (!all.ok()) return all.error();
  std::map<std::string, Exact> costs;
  for (const StatementLine& line : all->lines) {
    if (line.kind == LineKind::kUsage) costs[line.tenant] += Exact(line.cost);
  }
  return costs;
}

struct IdleAmount {
  StatementLine line;
  Exact quantity;
};

Exact IdleQuantity(const BalanceKey& key, const Balance& balance, Resource* resource) {
  constexpr std::int64_t kHourNs = 3'600'000'000'000;
  const Big idle(static_cast<std::int64_t>(balance.idle / kHourNs));
  const Big rest(static_cast<std::int64_t>(balance.idle % kHourNs));
  const Exact hours = Exact(idle) + Exact(rest, Big(kHourNs));
  if (key.unit == kCpuUnit) {
    *resource = Resource::kCpu;
    return hours / Exact(1000);
  }
  if (key.unit == kMemoryUnit) {
    *resource = Resource::kMemory;
    return hours / Exact(Big(1) << 30);
  }
  *resource = Resource::kGpu;
  return hours / Exact(std::max<std::int64_t>(key.slices_per_gpu, 1));
}

Result<std::vector<IdleAmount>> IdleAmounts(const IdleInput& input) {
  std::vector<Instant> bounds = RateChanges(input.billing, input.period.from, input.period.to);
  bounds.insert(bounds.begin(), input.period.from);
  bounds.push_back(input.period.to);
  const Result<BalanceSheet> sheet =
      BalanceOf(input.store, bounds, input.request.as_of, input.up_to_seq);
  if (!sheet.ok()) return sheet.error();
  std::vector<IdleAmount> amounts;
  amounts.reserve(sheet->size());
  for (const auto& [key, balance] : *sheet) {
    if (balance.idle == 0) continue;
    IdleAmount amount;
    amount.quantity = IdleQuantity(key, balance, &amount.line.resource);
    const Rate* rate = FindRate(input.billing, {.resource = amount.line.resource,
                                                .model = key.model,
                                                .tenant = "",
                                                .use_class = UseClass::kEntitled,
                                                .at = key.hour});
    if (rate == nullptr) {
      return Error{"no rate is valid for idle " + std::string(ResourceName(amount.line.resource)) +
                       " from " + FormatInstant(key.hour) + ": expected one for that time",
                   "", 0, 0, "rates"};
    }
    amount.line.kind = LineKind::kIdle;
    amount.line.model = key.model;
    amount.line.rate_nano = rate->nano;
    amounts.push_back(std::move(amount));
  }
  return amounts;
}

}  // namespace

Status ShareIdle(const IdleInput& input, LineBook* book) {
  const Result<std::map<std::string, Exact>> costs = UsageCosts(input);
  if (!costs.ok()) return costs.error();
  Exact all = 0;
  for (const auto& [tenant, cost] : *costs) all += cost;
  if (all == 0) return Ok{};
  const Result<std::vector<IdleAmount>> amounts = IdleAmounts(input);
  if (!amounts.ok()) return amounts.error();
  for (const auto& [tenant, cost] : *costs) {
    if (input.request.tenant && *input.request.tenant != tenant) continue;
    const Exact part = input.billing.idle == IdleSharing::kEven ? Exact(Big(1), Big(costs->size()))
                                                                : Exact(cost / all);
    for (const IdleAmount& amount : *amounts) {
      StatementLine line = amount.line;
      line.tenant = tenant;
      book->Add(line, amount.quantity * part);
    }
  }
  return Ok{};
}

}  // namespace fairlead::ledger
