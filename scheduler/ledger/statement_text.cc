#include "fairlead/ledger/statement_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "fairlead/base/json.h"

namespace fairlead::ledger {
namespace {

constexpr std::int64_t kMicroDigits = 6;
constexpr std::int64_t kNanoDigits = 9;

using Row = std::vector<std::string>;

std::size_t Cells(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// The first `left` columns are texts, the others numbers.
std::string Columns(const std::vector<Row>& rows, std::size_t left) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], Cells(row[c]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string pad(widths[c] - Cells(row[c]), ' ');
      if (c > 0) line += "  ";
      line += c < left ? row[c] + pad : pad + row[c];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

// What a terminal would take for a command must not come from a name.
std::string Plain(std::string_view text) {
  std::string plain(text.empty() ? "-" : text);
  for (char& c : plain) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return plain;
}

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string LineTable(const Statement& s) {
  std::vector<Row> rows = {{"KIND", "TENANT", Upper(s.by), "RESOURCE", "CLASS", "PERIOD",
                            "QUANTITY", "UNIT", "RATE", fmt::format("COST ({})", s.currency)}};
  rows.reserve(s.lines.size() + 1);
  for (const StatementLine& line : s.lines) {
    std::string resource(ResourceName(line.resource));
    if (!line.model.empty()) resource += " " + Plain(line.model);
    rows.push_back(
        {std::string(LineKindName(line.kind)), Plain(line.tenant), Plain(line.group), resource,
         std::string(UseClassName(line.use_class)), Plain(line.period),
         ShortDecimal(line.quantity_micro, kMicroDigits), std::string(ResourceUnit(line.resource)),
         ShortDecimal(line.rate_nano, kNanoDigits), FixedDecimal(line.cost, s.digits, true)});
  }
  return Columns(rows, 6);
}

std::string Totals(const Statement& s) {
  std::vector<Row> rows;
  const auto add = [&](const char* what, std::int64_t cost) {
    rows.push_back({what, FixedDecimal(cost, s.digits, true)});
  };
  add("usage", s.usage_cost);
  if (s.storage_cost != 0) add("storage", s.storage_cost);
  if (s.idle_cost != 0) add("idle share", s.idle_cost);
  if (s.correction_cost != 0) add("corrections", s.correction_cost);
  add("total", s.total);
  return Columns(rows, 1);
}

std::string BudgetLine(const BudgetState& b, std::int64_t money_digits) {
  const bool money = b.unit != "GPU-hours";
  const auto show = [&](std::int64_t value) {
    return money ? FixedDecimal(value, money_digits, true) : ShortDecimal(value, kMicroDigits);
  };
  std::string text =
      fmt::format("budget of {} for {}: {} {}, used {} ({} %), remaining {}, forecast {}\n",
                  Plain(b.tenant), b.period, show(b.amount), b.unit, show(b.used),
                  FixedDecimal(b.percent_tenths, 1), show(b.remaining), show(b.forecast));
  for (const std::int64_t threshold : b.reached) {
    text += fmt::format("  alert: {} % of the budget is used\n", threshold);
  }
  for (const std::int64_t threshold : b.reached_by_end) {
    text += fmt::format("  alert: the forecast reaches {} % of the budget\n", threshold);
  }
  return text;
}

void WriteLine(const StatementLine& line, std::int64_t digits, JsonWriter* json) {
  json->NewLine().BeginObject().Field("kind", LineKindName(line.kind));
  json->Field("tenant", line.tenant).Field("group", line.group);
  json->Field("resource", ResourceName(line.resource));
  if (!line.model.empty()) json->Field("model", line.model);
  json->Field("class", UseClassName(line.use_class));
  if (!line.period.empty()) json->Field("period", line.period);
  json->Key("quantity").Raw(ShortDecimal(line.quantity_micro, kMicroDigits));
  json->Field("unit", ResourceUnit(line.resource));
  json->Key("rate").Raw(ShortDecimal(line.rate_nano, kNanoDigits));
  json->Key("cost").Raw(FixedDecimal(line.cost, digits));
  json->EndObject();
}

void WriteBudget(const BudgetState& b, std::int64_t money_digits, JsonWriter* json) {
  const std::int64_t digits = b.unit == "GPU-hours" ? kMicroDigits : money_digits;
  json->NewLine().BeginObject().Field("tenant", b.tenant).Field("period", b.period);
  json->Field("unit", b.unit);
  json->Key("amount").Raw(FixedDecimal(b.amount, digits));
  json->Key("used").Raw(FixedDecimal(b.used, digits));
  json->Key("used_percent").Raw(FixedDecimal(b.percent_tenths, 1));
  json->Key("remaining").Raw(FixedDecimal(b.remaining, digits));
  json->Key("forecast").Raw(FixedDecimal(b.forecast, digits));
  json->Key("reached").BeginArray();
  for (const std::int64_t threshold : b.reached) json->Int(threshold);
  json->EndArray().Key("reached_by_forecast").BeginArray();
  for (const std::int64_t threshold : b.reached_by_end) json->Int(threshold);
  json->EndArray().EndObject();
}

}  // namespace

std::string FixedDecimal(std::int64_t value, std::int64_t digits, bool grouped) {
  const bool negative = value < 0;
  // Not -value: the smallest integer has no positive twin.
  std::string text = fmt::format(
      "{}", negative ? 0U - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value));
  const auto places = static_cast<std::size_t>(digits);
  if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
  std::string whole = text.substr(0, text.size() - places);
  if (grouped) {
    for (std::size_t at = whole.size(); at > 3; at -= 3) whole.insert(at - 3, ",");
  }
  std::string result = negative ? "-" + whole : whole;
  if (places > 0) result += "." + text.substr(text.size() - places);
  return result;
}

std::string ShortDecimal(std::int64_t value, std::int64_t digits) {
  std::string text = FixedDecimal(value, digits);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string CsvCell(std::string_view text) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  std::string cell;
  if (!text.empty() && kFormula.find(text.front()) != std::string_view::npos) cell = "'";
  cell += text;
  // A name that reads NULL is a name; the word alone stands for no value in FOCUS.
  if (cell.find_first_of(",\"\r\n") == std::string::npos && cell != "NULL") return cell;
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string GroupTable(const Statement& s) {
  const auto hours = [](std::int64_t micro) { return ShortDecimal(micro, kMicroDigits); };
  std::vector<Row> rows = {
      {Upper(s.by), "CORE-HOURS", "GIB-HOURS", "GPU-HOURS", fmt::format("COST ({})", s.currency)}};
  rows.reserve(s.groups.size() + 2);
  GroupSum all;
  for (const GroupSum& group : s.groups) {
    rows.push_back({Plain(group.name), hours(group.cpu_micro), hours(group.memory_micro),
                    hours(group.gpu_micro), FixedDecimal(group.cost, s.digits, true)});
    all.cpu_micro += group.cpu_micro;
    all.memory_micro += group.memory_micro;
    all.gpu_micro += group.gpu_micro;
  }
  rows.push_back({"total", hours(all.cpu_micro), hours(all.memory_micro), hours(all.gpu_micro),
                  FixedDecimal(s.usage_cost, s.digits, true)});
  return Columns(rows, 1);
}

std::string StatementTable(const Statement& s) {
  std::string text =
      fmt::format("Statement of {} for {}, {} ({} to {}, {}); {}\n\n", s.issuer,
                  s.tenant.empty() ? "all tenants" : Plain(s.tenant), s.period.name,
                  FormatInstant(s.period.from), FormatInstant(s.period.to), s.zone,
                  s.closed ? "closed" : fmt::format("open, as of {}", FormatInstant(s.as_of)));
  if (s.lines.empty()) return text + "No usage.\n";
  text += GroupTable(s) + "\n" + LineTable(s) + "\n" + Totals(s);
  if (!s.budgets.empty()) text += "\n";
  for (const BudgetState& budget : s.budgets) text += BudgetLine(budget, s.digits);
  return text;
}

std::string StatementCsv(const Statement& s) {
  std::string text =
      "kind,tenant,group,resource,model,class,period,quantity,unit,rate,currency,cost\r\n";
  for (const StatementLine& line : s.lines) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\r\n", LineKindName(line.kind),
                        CsvCell(line.tenant), CsvCell(line.group), ResourceName(line.resource),
                        CsvCell(line.model), UseClassName(line.use_class), CsvCell(line.period),
                        ShortDecimal(line.quantity_micro, kMicroDigits),
                        ResourceUnit(line.resource), ShortDecimal(line.rate_nano, kNanoDigits),
                        s.currency, FixedDecimal(line.cost, s.digits));
  }
  return text;
}

std::string StatementJson(const Statement& s) {
  JsonWriter json;
  json.BeginObject().Field("issuer", s.issuer).Field("tenant", s.tenant);
  json.Field("period", s.period.name).Field("from", FormatInstant(s.period.from));
  json.Field("to", FormatInstant(s.period.to)).Field("zone", s.zone);
  json.Field("as_of", FormatInstant(s.as_of)).Field("closed", s.closed);
  json.Field("by", s.by).Field("currency", s.currency);
  json.Key("usage_cost").Raw(FixedDecimal(s.usage_cost, s.digits));
  json.Key("storage_cost").Raw(FixedDecimal(s.storage_cost, s.digits));
  json.Key("idle_cost").Raw(FixedDecimal(s.idle_cost, s.digits));
  json.Key("correction_cost").Raw(FixedDecimal(s.correction_cost, s.digits));
  json.Key("total").Raw(FixedDecimal(s.total, s.digits));
  json.NewLine().Key("groups").BeginArray();
  for (const GroupSum& group : s.groups) {
    json.NewLine().BeginObject().Field("name", group.name);
    json.Key("core_hours").Raw(ShortDecimal(group.cpu_micro, kMicroDigits));
    json.Key("gib_hours").Raw(ShortDecimal(group.memory_micro, kMicroDigits));
    json.Key("gpu_hours").Raw(ShortDecimal(group.gpu_micro, kMicroDigits));
    json.Key("cost").Raw(FixedDecimal(group.cost, s.digits)).EndObject();
  }
  json.NewLine().EndArray().NewLine().Key("lines").BeginArray();
  for (const StatementLine& line : s.lines) WriteLine(line, s.digits, &json);
  json.NewLine().EndArray().NewLine().Key("budgets").BeginArray();
  for (const BudgetState& budget : s.budgets) WriteBudget(budget, s.digits, &json);
  json.EndArray().NewLine().EndObject();
  return json.Take() + "\n";
}

}  // namespace fairlead::ledger
