#include "fairlead/ledger/billing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "fairlead/ledger/calendar.h"
#include "fairlead/yaml/document.h"

namespace fairlead::ledger {
namespace {

constexpr int kNanoDigits = 9;
constexpr std::int64_t kMostNano = 1'000'000'000'000'000;  // a million per hour
constexpr yaml::Bounds kBounds{4UL << 20, 16, 200'000};

struct ResourceWords {
  Resource resource;
  std::string_view name, unit;
};
constexpr std::array<ResourceWords, 4> kWords = {{{Resource::kCpu, "cpu", "core-hours"},
                                                  {Resource::kMemory, "memory", "GiB-hours"},
                                                  {Resource::kGpu, "gpu", "GPU-hours"},
                                                  {Resource::kStorage, "storage", "GiB-months"}}};

template <typename Enum, std::size_t N>
void ReadChoice(yaml::MapReader* reader, std::string_view key,
                const std::array<std::pair<std::string_view, Enum>, N>& choices, Enum* out) {
  const yaml::Node* node = reader->Child(key);
  if (node == nullptr) return;
  std::string expected;
  for (const auto& [name, value] : choices) {
    if (node->kind == yaml::Kind::kScalar && node->scalar == name) {
      *out = value;
      return;
    }
    expected += fmt::format("{}{}", expected.empty() ? "" : ", ", name);
  }
  reader->Fail(*node, key, "expected one of " + expected);
}

constexpr std::array<std::pair<std::string_view, IdleSharing>, 3> kIdle = {
    {{"none", IdleSharing::kNone},
     {"even", IdleSharing::kEven},
     {"weighted", IdleSharing::kWeighted}}};
constexpr std::array<std::pair<std::string_view, BudgetAction>, 3> kActions = {
    {{"none", BudgetAction::kNone},
     {"block_borrow", BudgetAction::kBlockBorrow},
     {"block_new", BudgetAction::kBlockNew}}};
constexpr std::array<std::pair<std::string_view, UseClass>, 3> kClasses = {
    {{"guaranteed", UseClass::kGuaranteed},
     {"entitled", UseClass::kEntitled},
     {"borrowed", UseClass::kBorrowed}}};
constexpr std::array<std::pair<std::string_view, Resource>, 4> kResourceNames = {
    {{"cpu", Resource::kCpu},
     {"memory", Resource::kMemory},
     {"gpu", Resource::kGpu},
     {"storage", Resource::kStorage}}};

void ReadTime(yaml::MapReader* reader, std::string_view key, const std::string& zone,
              std::optional<Instant>* out) {
  const yaml::Node* node = reader->Child(key);
  if (node == nullptr) return;
  std::string text;
  reader->String(key, &text);
  if (node->kind != yaml::Kind::kScalar) return;
  const Result<Instant> time = ParseDayOrInstant(text, zone);
  if (time.ok()) {
    *out = *time;
  } else {
    reader->Fail(*node, key, time.error().message);
  }
}

Result<Rate> ReadRate(const yaml::Node& node, const std::string& file, const std::string& path,
                      const std::string& zone) {
  yaml::MapReader reader(node, file, path);
  Rate rate;
  reader.Require("resource");
  reader.Require("price");
  ReadChoice(&reader, "resource", kResourceNames, &rate.resource);
  reader.Decimal("price", kNanoDigits, 0, kMostNano, &rate.nano);
  reader.String("model", &rate.model);
  reader.String("tenant", &rate.tenant);
  if (reader.Has("class")) ReadChoice(&reader, "class", kClasses, &rate.use_class.emplace());
  ReadTime(&reader, "from", zone, &rate.from);
  ReadTime(&reader, "to", zone, &rate.to);
  if (!rate.model.empty() && rate.resource != Resource::kGpu) {
    reader.Fail(node, "model", "only GPUs have models: expected none");
  }
  if (rate.from && rate.to && *rate.to <= *rate.from) {
    reader.Fail(node, "to", "expected a time after 'from'");
  }
  if (Status read = reader.Finish(); !read) return read.error();
  return rate;
}

bool SameSelection(const Rate& a, const Rate& b) {
  return a.resource == b.resource && a.model == b.model && a.tenant == b.tenant &&
         a.use_class == b.use_class;
}

bool Overlap(const Rate& a, const Rate& b) {
  const bool a_before_b = a.to && b.from && *a.to <= *b.from;
  const bool b_before_a = b.to && a.from && *b.to <= *a.from;
  return !a_before_b && !b_before_a;
}

Status ReadRates(const yaml::Node& list, const std::string& file, Billing* billing) {
  if (list.kind != yaml::Kind::kSequence) {
    return Error{"expected a list of rates", file, list.line, list.column, "rates"};
  }
  billing->rates.clear();
  billing->rates.reserve(list.items.size());
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const yaml::Node& item = list.items[i];
    const std::string path = fmt::format("rates[{}]", i);
    Result<Rate> rate = ReadRate(item, file, path, billing->zone);
    if (!rate.ok()) return rate.error();
    for (std::size_t j = 0; j < i; ++j) {
      if (!SameSelection(billing->rates[j], *rate) || !Overlap(billing->rates[j], *rate)) continue;
      return Error{fmt::format("rates[{}] says the same and is valid at the same time: expected "
                               "'to' of one at or before 'from' of the other",
                               j),
                   file, item.line, item.column, path};
    }
    billing->rates.push_back(std::move(*rate));
  }
  return Ok{};
}

Result<Budget> ReadBudget(const yaml::Node& node, const std::string& file,
                          const std::string& path) {
  yaml::MapReader reader(node, file, path);
  Budget budget;
  reader.Require("tenant");
  reader.String("tenant", &budget.tenant);
  reader.Decimal("amount", kNanoDigits, 1, INT64_MAX, &budget.amount_nano);
  reader.Decimal("gpu_hours", 6, 1, INT64_MAX, &budget.gpu_hours_micro);
  reader.String("period", &budget.period);
  ReadChoice(&reader, "action", kActions, &budget.action);
  std::vector<std::string> thresholds;
  const yaml::Node* list = reader.Child("thresholds");
  if (list != nullptr) {
    reader.Strings("thresholds", &thresholds);
    budget.thresholds.clear();
  }
  for (const std::string& text : thresholds) {
    const bool number = !text.empty() && text.size() < 5 &&
                        text.find_first_not_of("0123456789") == std::string::npos;
    if (!number) reader.Fail(*list, "thresholds", "expected percentages such as 80");
    if (number) budget.thresholds.push_back(std::stoll(text));
  }
  if (budget.period != "month" && budget.period != "quarter") {
    reader.Fail(node, "period", "expected month or quarter");
  }
  if ((budget.amount_nano > 0) == (budget.gpu_hours_micro > 0)) {
    reader.Fail(node, "amount", "expected either an amount or gpu_hours");
  }
  if (Status read = reader.Finish(); !read) return read.error();
  return budget;
}

Status ReadBudgets(const yaml::Node& list, const std::string& file, Billing* billing) {
  if (list.kind != yaml::Kind::kSequence) {
    return Error{"expected a list of budgets", file, list.line, list.column, "budgets"};
  }
  billing->budgets.reserve(list.items.size());
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const std::string path = fmt::format("budgets[{}]", i);
    Result<Budget> budget = ReadBudget(list.items[i], file, path);
    if (!budget.ok()) return budget.error();
    billing->budgets.push_back(std::move(*budget));
  }
  return Ok{};
}

// Higher = more specific.
int Specificity(const Rate& rate) {
  return (rate.tenant.empty() ? 0 : 4) + (rate.use_class ? 2 : 0) + (rate.model.empty() ? 0 : 1);
}

bool Matches(const Rate& rate, const RateQuery& query) {
  return rate.resource == query.resource && (rate.model.empty() || rate.model == query.model) &&
         (rate.tenant.empty() || rate.tenant == query.tenant) &&
         (!rate.use_class || *rate.use_class == query.use_class) &&
         (!rate.from || *rate.from <= query.at) && (!rate.to || query.at < *rate.to);
}

}  // namespace

std::string_view ResourceName(Resource resource) {
  return kWords.at(static_cast<std::size_t>(resource)).name;
}
std::string_view ResourceUnit(Resource resource) {
  return kWords.at(static_cast<std::size_t>(resource)).unit;
}
std::optional<Resource> ParseResource(std::string_view text) {
  for (const ResourceWords& words : kWords) {
    if (words.name == text) return words.resource;
  }
  return std::nullopt;
}

Billing DefaultBilling() {
  Billing billing;
  billing.rates = {{.resource = Resource::kCpu, .nano = 50'000'000},
                   {.resource = Resource::kMemory, .nano = 10'000'000},
                   {.resource = Resource::kGpu, .nano = 2'500'000'000},
                   {.resource = Resource::kStorage, .nano = 100'000'000}};
  return billing;
}

Result<Billing> ParseBilling(std::string_view text, const std::string& file) {
  const Result<yaml::Node> root = yaml::Parse(text, file, kBounds);
  if (!root.ok()) return root.error();
  yaml::MapReader reader(*root, file, "");
  Billing billing = DefaultBilling();
  reader.String("currency", &billing.currency);
  reader.Int("digits", 0, 9, &billing.digits);
  reader.String("zone", &billing.zone);
  reader.String("issuer", &billing.issuer);
  ReadChoice(&reader, "idle", kIdle, &billing.idle);
  reader.Bool("charge_reserved", &billing.charge_reserved);
  const yaml::Node* rates = reader.Child("rates");
  const yaml::Node* budgets = reader.Child("budgets");
  const bool letters =
      billing.currency.size() == 3 &&
      billing.currency.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
  if (!letters) {
    reader.Fail(*root->Find("currency"), "currency", "expected three capital letters such as EUR");
  }
  const Status zone = CheckZone(billing.zone);
  if (!zone.ok()) reader.Fail(*root->Find("zone"), "zone", zone.error().message);
  if (Status read = reader.Finish(); !read) return read.error();
  Status status = rates == nullptr ? Status(Ok{}) : ReadRates(*rates, file, &billing);
  if (status.ok() && budgets != nullptr) status = ReadBudgets(*budgets, file, &billing);
  if (!status.ok()) return status.error();
  return billing;
}

const Rate* FindRate(const Billing& billing, const RateQuery& query) {
  const Rate* best = nullptr;
  for (const Rate& rate : billing.rates) {
    if (!Matches(rate, query)) continue;
    if (best == nullptr || Specificity(rate) > Specificity(*best)) best = &rate;
  }
  return best;
}

std::vector<Instant> RateChanges(const Billing& billing, Instant from, Instant to) {
  std::set<Instant> changes;
  for (const Rate& rate : billing.rates) {
    for (const std::optional<Instant>& at : {rate.from, rate.to}) {
      if (at && from < *at && *at < to) changes.insert(*at);
    }
  }
  return {changes.begin(), changes.end()};
}

}  // namespace fairlead::ledger
