// The page for people who file invoices: tables and one chart, drawn here, nothing loaded.
#include <fmt/format.h>

#include <algorithm>

#include "fairlead/ledger/statement_text.h"

namespace fairlead::ledger {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #1a1a1a; }
h1 { font-size: 1.4rem; margin: 0; }
p.sub { color: #555; margin: .2rem 0 1.5rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #888; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tr.total td { font-weight: 600; border-top: 2px solid #888; }
svg text { font: 12px system-ui, sans-serif; fill: #1a1a1a; }
@media print { body { margin: 0; max-width: none; } tr, svg { break-inside: avoid; } }
)";

std::string Html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out.empty() ? "&ndash;" : out;
}

std::string Number(std::string_view text) { return fmt::format("<td class=\"n\">{}</td>", text); }

// Cost by group, a bar each: widths in whole pixels.
std::string Chart(const Statement& s) {
  constexpr std::int64_t kWidth = 420;
  constexpr int kStep = 28;
  std::int64_t most = 1;
  for (const GroupSum& group : s.groups) most = std::max(most, group.cost);
  std::string svg = fmt::format(
      "<svg role=\"img\" viewBox=\"0 0 760 {}\" width=\"100%\"><title>Cost by {}</title>\n",
      kStep * static_cast<int>(s.groups.size()) + 4, Html(s.by));
  int y = 2;
  for (const GroupSum& group : s.groups) {
    __extension__ using Wide = __int128;
    const auto width =
        static_cast<std::int64_t>(Wide{std::max<std::int64_t>(group.cost, 0)} * kWidth / most);
    svg += fmt::format(
        "<text x=\"0\" y=\"{}\">{}</text><rect x=\"200\" y=\"{}\" width=\"{}\" height=\"18\" "
        "fill=\"#2f6f9f\"/><text x=\"{}\" y=\"{}\">{} {}</text>\n",
        y + 14, Html(group.name), y, width, 208 + width, y + 14,
        FixedDecimal(group.cost, s.digits, true), s.currency);
    y += kStep;
  }
  return svg + "</svg>\n";
}

std::string Groups(const Statement& s) {
  std::string html = fmt::format(
      "<table><tr><th>{}</th><th class=\"n\">Core-hours</th><th class=\"n\">GiB-hours</th><th "
      "class=\"n\">GPU-hours</th><th class=\"n\">Cost ({})</th></tr>\n",
      Html(s.by), s.currency);
  for (const GroupSum& group : s.groups) {
    html += fmt::format(
        "<tr><td>{}</td>{}{}{}{}</tr>\n", Html(group.name),
        Number(ShortDecimal(group.cpu_micro, 6)), Number(ShortDecimal(group.memory_micro, 6)),
        Number(ShortDecimal(group.gpu_micro, 6)), Number(FixedDecimal(group.cost, s.digits, true)));
  }
  return html + "</table>\n";
}

std::string Lines(const Statement& s) {
  std::string html = fmt::format(
      "<table><tr><th>Kind</th><th>Tenant</th><th>{}</th><th>Resource</th><th>Class</th><th "
      "class=\"n\">Quantity</th><th class=\"n\">Rate</th><th class=\"n\">Cost ({})</th></tr>\n",
      Html(s.by), s.currency);
  for (const StatementLine& line : s.lines) {
    const std::string kind = line.kind == LineKind::kCorrection
                                 ? fmt::format("correction of {}", line.period)
                                 : std::string(LineKindName(line.kind));
    const std::string resource = fmt::format("{} {}", ResourceName(line.resource), line.model);
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>{}{}{}</tr>\n", Html(kind),
        Html(line.tenant), Html(line.group), Html(resource), UseClassName(line.use_class),
        Number(fmt::format("{} {}", ShortDecimal(line.quantity_micro, 6),
                           ResourceUnit(line.resource))),
        Number(ShortDecimal(line.rate_nano, 9)), Number(FixedDecimal(line.cost, s.digits, true)));
  }
  html += fmt::format("<tr class=\"total\"><td colspan=\"7\">Total</td>{}</tr>\n",
                      Number(FixedDecimal(s.total, s.digits, true)));
  return html + "</table>\n";
}

std::string Budgets(const Statement& s) {
  std::string html;
  for (const BudgetState& b : s.budgets) {
    const std::int64_t digits = b.unit == "GPU-hours" ? 6 : s.digits;
    html += fmt::format(
        "<p>Budget of {} for {}: {} {}, used {} ({} %), remaining {}, forecast {}.</p>\n",
        Html(b.tenant), Html(b.period), FixedDecimal(b.amount, digits, true), b.unit,
        FixedDecimal(b.used, digits, true), FixedDecimal(b.percent_tenths, 1),
        FixedDecimal(b.remaining, digits, true), FixedDecimal(b.forecast, digits, true));
  }
  return html;
}

}  // namespace

std::string StatementHtml(const Statement& s) {
  const std::string who = s.tenant.empty() ? "all tenants" : s.tenant;
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<title>Statement {} {}</title><style>{}</style></head><body>\n"
      "<h1>Statement for {}, {}</h1>\n<p class=\"sub\">{} &middot; {} to {} ({}) &middot; {}</p>\n"
      "{}{}{}{}</body></html>\n",
      Html(who), Html(s.period.name), kStyle, Html(who), Html(s.period.name), Html(s.issuer),
      FormatInstant(s.period.from), FormatInstant(s.period.to), Html(s.zone),
      s.closed ? "closed" : fmt::format("open, as of {}", FormatInstant(s.as_of)), Chart(s),
      Groups(s), Lines(s), Budgets(s));
}

}  // namespace fairlead::ledger
