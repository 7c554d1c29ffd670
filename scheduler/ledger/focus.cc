#include "fairlead/ledger/focus.h"

#include <fmt/format.h>

#include <array>

#include "fairlead/base/json.h"
#include "fairlead/ledger/statement_text.h"

namespace fairlead::ledger {
namespace {

constexpr std::string_view kHeader =
    "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"
    "BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription,ChargeFrequency,"
    "ChargePeriodEnd,ChargePeriodStart,ConsumedQuantity,ConsumedUnit,ContractedCost,"
    "ContractedUnitPrice,EffectiveCost,HostProviderName,InvoiceIssuerName,ListCost,ListUnitPrice,"
    "PricingQuantity,PricingUnit,ServiceCategory,ServiceName,ServiceProviderName,SkuId,SkuPriceId,"
    "SubAccountId,SubAccountName,Tags,x_Kind,x_UsageClass\r\n";

std::string OrNull(std::string_view text) { return text.empty() ? "NULL" : CsvCell(text); }

std::string TagsOf(const Statement& s, const StatementLine& line) {
  if (line.group.empty()) return "NULL";
  JsonWriter json;
  json.BeginObject().Field(s.by, line.group).EndObject();
  return CsvCell(json.text());
}

std::string SkuOf(const StatementLine& line) {
  std::string sku(ResourceName(line.resource));
  if (!line.model.empty()) sku += "/" + line.model;
  return fmt::format("{}/{}", sku, UseClassName(line.use_class));
}

std::string DescriptionOf(const StatementLine& line) {
  std::string text = fmt::format("{} {}", LineKindName(line.kind), ResourceName(line.resource));
  if (!line.model.empty()) text += " " + line.model;
  if (!line.period.empty()) text += " " + line.period;
  return text;
}

// A period of another month is what a correction is about.
Period ChargePeriodOf(const Statement& s, const StatementLine& line) {
  if (line.period.empty() || line.period == s.period.name) return s.period;
  const Result<Period> period = ParsePeriod(line.period, s.zone);
  return period.ok() ? *period : s.period;
}

std::string RowOf(const Statement& s, const StatementLine& line) {
  const std::string cost = FixedDecimal(line.cost, s.digits);
  const std::string quantity = ShortDecimal(line.quantity_micro, 6);
  const std::string price = ShortDecimal(line.rate_nano, 9);
  const std::string issuer = OrNull(s.issuer);
  const std::string sku = SkuOf(line);
  const bool correction = line.kind == LineKind::kCorrection;
  const Period charge = correction ? ChargePeriodOf(s, line) : s.period;
  const std::string tenant = OrNull(line.tenant);
  const bool storage = line.resource == Resource::kStorage;
  const std::array<std::string, 33> cells = {cost,
                                             issuer,
                                             issuer,
                                             s.currency,
                                             FormatInstant(s.period.to),
                                             FormatInstant(s.period.from),
                                             "Usage",
                                             correction ? "Correction" : "NULL",
                                             CsvCell(DescriptionOf(line)),
                                             "Usage-Based",
                                             FormatInstant(charge.to),
                                             FormatInstant(charge.from),
                                             quantity,
                                             std::string(ResourceUnit(line.resource)),
                                             cost,
                                             price,
                                             cost,
                                             issuer,
                                             issuer,
                                             cost,
                                             price,
                                             quantity,
                                             std::string(ResourceUnit(line.resource)),
                                             storage ? "Storage" : "Compute",
                                             storage ? "Cluster storage" : "Cluster compute",
                                             issuer,
                                             CsvCell(sku),
                                             CsvCell(fmt::format("{}@{}", sku, price)),
                                             tenant,
                                             tenant,
                                             TagsOf(s, line),
                                             std::string(LineKindName(line.kind)),
                                             std::string(UseClassName(line.use_class))};
  std::string row;
  for (const std::string& cell : cells) row += (row.empty() ? "" : ",") + cell;
  return row + "\r\n";
}

}  // namespace

std::string FocusCsv(const Statement& statement) {
  std::string text(kHeader);
  for (const StatementLine& line : statement.lines) text += RowOf(statement, line);
  return text;
}

std::string FocusBillingPeriods(const std::vector<FocusPeriod>& periods,
                                const std::string& issuer) {
  std::string text =
      "BillingPeriodCreated,BillingPeriodEnd,BillingPeriodLastUpdated,BillingPeriodStart,"
      "BillingPeriodStatus,InvoiceIssuerName\r\n";
  for (const FocusPeriod& p : periods) {
    text += fmt::format("{},{},{},{},{},{}\r\n", FormatInstant(p.created),
                        FormatInstant(p.period.to), FormatInstant(p.updated),
                        FormatInstant(p.period.from), p.closed ? "Closed" : "Open", OrNull(issuer));
  }
  return text;
}

}  // namespace fairlead::ledger
