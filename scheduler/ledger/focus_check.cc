// Rules of FOCUS 1.4 for CostAndUsage, as far as they concern what is written here; each is one
// function of a row, and has a test.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "fairlead/ledger/focus.h"
#include "scheduler/ledger/exact.h"

namespace fairlead::ledger {
namespace {

struct ColumnSpec {
  std::string_view name;
  char type;  // S string, D decimal, T time, J JSON
  bool mandatory;
  bool nullable;
};
constexpr std::array<ColumnSpec, 31> kColumns = {{{"BilledCost", 'D', true, false},
                                                  {"BillingAccountId", 'S', true, false},
                                                  {"BillingAccountName", 'S', true, true},
                                                  {"BillingCurrency", 'S', true, false},
                                                  {"BillingPeriodEnd", 'T', true, false},
                                                  {"BillingPeriodStart", 'T', true, false},
                                                  {"ChargeCategory", 'S', true, false},
                                                  {"ChargeClass", 'S', true, true},
                                                  {"ChargeDescription", 'S', true, true},
                                                  {"ChargeFrequency", 'S', false, false},
                                                  {"ChargePeriodEnd", 'T', true, false},
                                                  {"ChargePeriodStart", 'T', true, false},
                                                  {"ConsumedQuantity", 'D', false, true},
                                                  {"ConsumedUnit", 'S', false, true},
                                                  {"ContractedCost", 'D', true, false},
                                                  {"ContractedUnitPrice", 'D', false, true},
                                                  {"EffectiveCost", 'D', true, false},
                                                  {"HostProviderName", 'S', true, false},
                                                  {"InvoiceIssuerName", 'S', true, false},
                                                  {"ListCost", 'D', true, false},
                                                  {"ListUnitPrice", 'D', false, true},
                                                  {"PricingQuantity", 'D', true, true},
                                                  {"PricingUnit", 'S', true, true},
                                                  {"ServiceCategory", 'S', true, false},
                                                  {"ServiceName", 'S', true, false},
                                                  {"ServiceProviderName", 'S', true, false},
                                                  {"SkuId", 'S', false, true},
                                                  {"SkuPriceId", 'S', false, true},
                                                  {"SubAccountId", 'S', false, true},
                                                  {"SubAccountName", 'S', false, true},
                                                  {"Tags", 'J', false, true}}};

const std::set<std::string_view> kChargeCategories = {"Usage", "Purchase", "Tax", "Credit",
                                                      "Adjustment"};
const std::set<std::string_view> kServiceCategories = {"AI and Machine Learning",
                                                       "Analytics",
                                                       "Business Applications",
                                                       "Compute",
                                                       "Databases",
                                                       "Developer Tools",
                                                       "Multicloud",
                                                       "Identity",
                                                       "Integration",
                                                       "Internet of Things",
                                                       "Management and Governance",
                                                       "Media",
                                                       "Migration",
                                                       "Mobile",
                                                       "Networking",
                                                       "Security",
                                                       "Storage",
                                                       "Web",
                                                       "Other"};

const ColumnSpec* SpecOf(std::string_view name) {
  const auto it = std::find_if(kColumns.begin(), kColumns.end(),
                               [&](const ColumnSpec& c) { return c.name == name; });
  return it == kColumns.end() ? nullptr : &*it;
}

// A decimal as an exact fraction; nothing where it is none.
std::optional<Exact> Decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  std::string after = point == std::string_view::npos ? "" : std::string(text.substr(point + 1));
  const bool sound = !digits.empty() && (point == std::string_view::npos || !after.empty()) &&
                     (digits + after).find_first_not_of("0123456789") == std::string::npos;
  if (!sound) return std::nullopt;
  Big num = 0;
  for (const char c : digits + after) num = num * 10 + (c - '0');
  Big den = 1;
  for (std::size_t i = 0; i < after.size(); ++i) den *= 10;
  return Exact(negative ? Big(-num) : num, den);
}

bool IsNull(const CsvField& field) { return !field.quoted && field.text == "NULL"; }

class Checker {
 public:
  Checker(std::vector<std::vector<CsvField>> rows, std::int64_t digits) : rows_(std::move(rows)) {
    for (std::int64_t d = 0; d < digits; ++d) minor_ /= 10;
  }

  std::vector<FocusFinding> Check() {
    if (rows_.empty()) {
      Find("header", "", "an empty file: expected a header");
      return std::move(findings_);
    }
    CheckHeader();
    for (std::size_t r = 1; r < rows_.size(); ++r) {
      line_ = static_cast<int>(r) + 1;
      if (rows_[r].size() != rows_[0].size()) {
        Find("cells", "", fmt::format("{} cells: expected {}", rows_[r].size(), rows_[0].size()));
        continue;
      }
      row_ = &rows_[r];
      CheckRow();
    }
    return std::move(findings_);
  }

 private:
  void Find(std::string rule, std::string_view column, std::string message) {
    findings_.push_back({std::move(rule), line_, std::string(column), std::move(message)});
  }

  void CheckHeader() {
    line_ = 1;
    bool custom = false;
    for (std::size_t c = 0; c < rows_[0].size(); ++c) {
      const std::string& name = rows_[0][c].text;
      if (!columns_.emplace(name, c).second) Find("duplicate column", name, "stands there twice");
      if (name.starts_with("x_")) {
        custom = true;
      } else if (SpecOf(name) == nullptr) {
        Find("custom column", name, "no column of FOCUS: expected a name that begins with x_");
      } else if (custom) {
        Find("column order", name, "expected before columns of one's own");
      }
    }
    for (const ColumnSpec& spec : kColumns) {
      if (spec.mandatory && !columns_.contains(spec.name)) {
        Find("mandatory column", spec.name, "is missing");
      }
    }
  }

  // Null where the column is absent or the cell has no value.
  const std::string* Text(std::string_view name) const {
    const auto it = columns_.find(name);
    if (it == columns_.end() || IsNull((*row_)[it->second])) return nullptr;
    return &(*row_)[it->second].text;
  }
  std::optional<Exact> Number(std::string_view name) const {
    const std::string* text = Text(name);
    return text == nullptr ? std::nullopt : Decimal(*text);
  }
  std::optional<Instant> Time(std::string_view name) const {
    const std::string* text = Text(name);
    if (text == nullptr) return std::nullopt;
    const Result<Instant> time = ParseInstant(*text);
    return time.ok() ? std::optional<Instant>(*time) : std::nullopt;
  }

  void CheckCell(const ColumnSpec& spec, const CsvField& field) {
    if (IsNull(field)) {
      if (!spec.nullable) Find("null", spec.name, "expected a value");
      return;
    }
    if (field.text.empty()) return Find("empty string", spec.name, "expected NULL or a value");
    if (spec.type == 'D' && !Decimal(field.text)) {
      Find("decimal", spec.name, fmt::format("'{}': expected a decimal", field.text));
    }
    if (spec.type == 'T' && (!ParseInstant(field.text).ok() || !field.text.ends_with('Z'))) {
      Find("time", spec.name, fmt::format("'{}': expected a time in UTC with Z", field.text));
    }
    if (spec.type == 'J') {
      simdjson::dom::parser parser;
      simdjson::dom::object object;
      if (parser.parse(field.text).get(object) != simdjson::SUCCESS) {
        Find("json", spec.name, "expected a JSON object");
      }
    }
  }

  void CheckRow() {
    for (const auto& [name, index] : columns_) {
      const ColumnSpec* spec = SpecOf(name);
      if (spec != nullptr) CheckCell(*spec, (*row_)[index]);
    }
    CheckWords();
    CheckPeriods();
    CheckPrice("ListUnitPrice", "ListCost");
    CheckPrice("ContractedUnitPrice", "ContractedCost");
  }

  void CheckWords() {
    const std::string* category = Text("ChargeCategory");
    const std::string* charge_class = Text("ChargeClass");
    const std::string* service = Text("ServiceCategory");
    const std::string* currency = Text("BillingCurrency");
    if (category != nullptr && !kChargeCategories.contains(*category)) {
      Find("charge category", "ChargeCategory", fmt::format("'{}' is no value of it", *category));
    }
    if (charge_class != nullptr && *charge_class != "Correction") {
      Find("charge class", "ChargeClass", "expected NULL or Correction");
    }
    if (service != nullptr && !kServiceCategories.contains(*service)) {
      Find("service category", "ServiceCategory", fmt::format("'{}' is no value of it", *service));
    }
    const bool code =
        currency == nullptr ||
        (currency->size() == 3 && std::all_of(currency->begin(), currency->end(),
                                              [](char c) { return c >= 'A' && c <= 'Z'; }));
    if (!code) Find("currency", "BillingCurrency", "expected a code of ISO 4217");
    const bool usage = category != nullptr && *category == "Usage" && charge_class == nullptr;
    for (const char* name : {"PricingQuantity", "PricingUnit"}) {
      if (usage && columns_.contains(name) && Text(name) == nullptr) {
        Find("pricing", name, "expected a value for usage");
      }
    }
    if ((Text("ConsumedQuantity") == nullptr) != (Text("ConsumedUnit") == nullptr)) {
      Find("consumed", "ConsumedUnit", "expected a unit exactly where there is a quantity");
    }
  }

  void CheckPeriods() {
    const auto from = Time("BillingPeriodStart");
    const auto to = Time("BillingPeriodEnd");
    const auto charge_from = Time("ChargePeriodStart");
    const auto charge_to = Time("ChargePeriodEnd");
    if (!from || !to || !charge_from || !charge_to) return;
    if (*to <= *from) Find("billing period", "BillingPeriodEnd", "expected after its start");
    if (*charge_to <= *charge_from)
      Find("charge period", "ChargePeriodEnd", "expected after its start");
    const bool inside = *from <= *charge_from && *charge_to <= *to;
    if (!inside && Text("ChargeClass") == nullptr) {
      Find("charge outside", "ChargePeriodStart",
           "outside of the billing period: expected that of corrections only");
    }
  }

  void CheckPrice(const char* price_name, const char* cost_name) {
    const auto price = Number(price_name);
    const auto quantity = Number("PricingQuantity");
    const auto cost = Number(cost_name);
    if (!price || !quantity || !cost) return;
    // One unit of the currency for the line's part of rounding, half a millionth of a unit for the
    // quantity's.
    const Exact allowed = minor_ + abs(*price) * Exact(1, 2'000'000);
    if (abs(*price * *quantity - *cost) >= allowed) {
      Find("unit price", cost_name,
           fmt::format("is not {} x PricingQuantity to a unit of the currency", price_name));
    }
  }

  std::vector<std::vector<CsvField>> rows_;
  Exact minor_ = 1;
  std::map<std::string, std::size_t, std::less<>> columns_;
  const std::vector<CsvField>* row_ = nullptr;
  int line_ = 0;
  std::vector<FocusFinding> findings_;
};

}  // namespace

std::vector<FocusFinding> CheckFocus(std::string_view csv, std::int64_t digits) {
  Result<std::vector<std::vector<CsvField>>> rows = ParseCsv(csv);
  if (!rows.ok()) return {{"csv", rows.error().line, "", rows.error().message}};
  return Checker(std::move(*rows), digits).Check();
}

std::vector<FocusFinding> CheckFocusUnchanged(std::string_view earlier, std::string_view later) {
  const Result<std::vector<std::vector<CsvField>>> before = ParseCsv(earlier);
  const Result<std::vector<std::vector<CsvField>>> after = ParseCsv(later);
  if (!before.ok()) return {{"csv", before.error().line, "", before.error().message}};
  if (!after.ok()) return {{"csv", after.error().line, "", after.error().message}};
  std::vector<FocusFinding> findings;
  const std::size_t rows = std::max(before->size(), after->size());
  for (std::size_t r = 0; r < rows; ++r) {
    if (r < before->size() && r < after->size() && (*before)[r] == (*after)[r]) continue;
    findings.push_back({"closed period", static_cast<int>(r) + 1, "",
                        "differs from what the closed period said before"});
  }
  return findings;
}

Result<std::vector<std::vector<CsvField>>> ParseCsv(std::string_view text) {
  std::vector<std::vector<CsvField>> rows;
  std::vector<CsvField> row;
  CsvField field;
  bool inside = false;
  int line = 1;
  const auto end_row = [&] {
    row.push_back(std::exchange(field, {}));
    rows.push_back(std::exchange(row, {}));
  };
  const auto wrong = [&](const char* message) { return Error{message, "", line, 0, ""}; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (inside) {
      if (c != '"') {
        field.text += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field.text += text[++i];
      } else {
        inside = false;
      }
    } else if (c == '"') {
      if (!field.text.empty() || field.quoted) return wrong("a quote inside a cell");
      inside = field.quoted = true;
    } else if (c == ',') {
      row.push_back(std::exchange(field, {}));
    } else if (c == '\n') {
      end_row();
    } else if (c != '\r' || i + 1 == text.size() || text[i + 1] != '\n') {
      if (field.quoted) return wrong("text after a closing quote");
      field.text += c;
    }
  }
  if (inside) return wrong("a quote that is never closed");
  if (!field.text.empty() || field.quoted || !row.empty()) end_row();
  return rows;
}

}  // namespace fairlead::ledger
