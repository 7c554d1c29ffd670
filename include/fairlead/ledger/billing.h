// Billing: what usage costs. One YAML document:
//
//   currency: EUR            # three letters
//   digits: 2                # after the point of an amount
//   zone: Europe/Berlin      # of days and months
//   issuer: Platform team    # who issues the statement
//   idle: none               # none | even | weighted: who pays for what nobody held
//   charge_reserved: false   # time between a decision and its binding
//   rates:
//     - {resource: gpu, price: 2.50}                      # per GPU-hour
//     - {resource: gpu, price: 1.25, class: borrowed}
//     - {resource: gpu, price: 4, model: H100, from: 2026-01-01, to: 2026-07-01}
//     - {resource: cpu, price: 0.04, tenant: research}
//   budgets:
//     - {tenant: research, amount: 1500, period: month, thresholds: [50, 80, 100]}
//
// Resources: cpu (per core-hour), memory (per GiB-hour), gpu (per GPU-hour), storage (per GiB and
// month: what is kept for a whole month of the zone's calendar). Of the rates that are valid and
// match, the most specific one counts: tenant before class before model.
//
// I1: no two rates that say the same of model, class and tenant are valid at once.
// I2: prices are whole nano-units of the currency: at most nine digits after the point.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"
#include "fairlead/ledger/interval.h"

namespace fairlead::ledger {

enum class Resource : std::uint8_t { kCpu, kMemory, kGpu, kStorage };
inline constexpr Resource kResources[] = {Resource::kCpu, Resource::kMemory, Resource::kGpu,
                                          Resource::kStorage};
std::string_view ResourceName(Resource resource);  // "cpu"
std::string_view ResourceUnit(Resource resource);  // "core-hours"
std::optional<Resource> ParseResource(std::string_view text);

struct Rate {
  Resource resource = Resource::kCpu;
  std::int64_t nano = 0;                      // of the currency, per unit
  std::string model = {};                     // empty = any
  std::string tenant = {};                    // empty = any
  std::optional<UseClass> use_class = {};     // absent = any
  std::optional<Instant> from = {}, to = {};  // absent = always

  friend bool operator==(const Rate&, const Rate&) = default;
};

enum class IdleSharing : std::uint8_t { kNone, kEven, kWeighted };
enum class BudgetAction : std::uint8_t { kNone, kBlockBorrow, kBlockNew };

struct Budget {
  std::string tenant;
  std::int64_t amount_nano = 0;  // of the currency; 0 where it is of GPU-hours
  std::int64_t gpu_hours_micro = 0;
  std::string period = "month";                          // month | quarter
  std::vector<std::int64_t> thresholds = {50, 80, 100};  // percent
  BudgetAction action = BudgetAction::kNone;

  friend bool operator==(const Budget&, const Budget&) = default;
};

struct Billing {
  std::string currency = "USD";
  std::int64_t digits = 2;
  std::string zone = "UTC";
  std::string issuer = "Fairlead";
  IdleSharing idle = IdleSharing::kNone;
  bool charge_reserved = false;
  std::vector<Rate> rates;
  std::vector<Budget> budgets;

  friend bool operator==(const Billing&, const Billing&) = default;
};

// 0.05 per core-hour, 0.01 per GiB-hour, 2.50 per GPU-hour, 0.10 per GiB-month, in USD.
Billing DefaultBilling();
// Absent rates: the default ones. Errors with line, column and field.
Result<Billing> ParseBilling(std::string_view yaml, const std::string& file);

struct RateQuery {
  Resource resource = Resource::kCpu;
  std::string_view model, tenant;
  UseClass use_class = UseClass::kEntitled;
  Instant at;
};
// The rate that counts at that time, or null: a gap.
const Rate* FindRate(const Billing& billing, const RateQuery& query);
// All moments inside (from, to) at which some rate begins or ends, ascending.
std::vector<Instant> RateChanges(const Billing& billing, Instant from, Instant to);

}  // namespace fairlead::ledger
