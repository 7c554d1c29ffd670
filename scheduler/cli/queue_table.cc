#include "scheduler/cli/queue_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "fairlead/engine/queue_board.h"

namespace fairlead::cli {
namespace {

constexpr int kGap = 2;
constexpr int kShortestBar = 8;
constexpr int kLongestBar = 30;
constexpr int kNarrowestName = 8;
constexpr std::int64_t kInfinite = std::numeric_limits<std::int64_t>::max();

enum Column : std::uint8_t {
  kQueue,
  kState,
  kWeight,
  kResource,
  kDemand,
  kGuarantee,
  kEntitled,
  kAllocated,
  kBorrowed,
  kLent,
  kShare,
  kPending,
  kRunning,
  kOldest,
  kBoundBy,
  kColumns,
};

struct ColumnSpec {
  std::string_view header;
  bool left = false;  // text; numbers stand at the right
  int dispensable;    // 0: always shown; the highest goes first
};

constexpr std::array<ColumnSpec, kColumns> kSpecs = {{
    {"QUEUE", true, 0},
    {"STATE", true, 6},
    {"WEIGHT", false, 5},
    {"RESOURCE", true, 0},
    {"DEMAND", false, 1},
    {"GUARANTEE", false, 7},
    {"ENTITLED", false, 0},
    {"ALLOCATED", false, 0},
    {"BORROWED", false, 9},
    {"LENT", false, 10},
    {"SHARE", false, 1},
    {"PENDING", false, 2},
    {"RUNNING", false, 3},
    {"OLDEST", false, 4},
    {"BOUND BY", true, 8},
}};

struct Row {
  std::array<std::string, kColumns> cells = {};
  const QueueReport* first_of = nullptr;  // the queue, on its first line
};

std::string ShareText(const Share& share) {
  if (share.num == kInfinite) return "inf";
  // "0.1250" is 12.50 %.
  std::string digits = share.ToString();
  digits.erase(digits.find('.'), 1);
  const std::string whole = digits.substr(0, digits.size() - 2);
  const std::size_t zeros = std::min(whole.find_first_not_of('0'), whole.size() - 1);
  return fmt::format("{}.{} %", whole.substr(zeros), digits.substr(digits.size() - 2));
}

// To the second, from an hour on to the minute, from a day on to the hour.
std::string WaitText(const std::optional<Duration>& wait) {
  if (!wait) return "-";
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr std::int64_t kHour = 3600 * kSecond;
  const std::int64_t ns = std::max<std::int64_t>(wait->ns, 0);
  const std::int64_t step = ns < kHour ? kSecond : ns < 24 * kHour ? 60 * kSecond : kHour;
  return FormatDuration({ns - ns % step});
}

void SetAmounts(const QueueReport& queue, const std::string& resource, Row* row) {
  const auto set = [&](Column column, const NamedAmounts& amounts) {
    row->cells.at(column) = AmountText(resource, FindAmount(amounts, resource).value_or(0));
  };
  row->cells[kResource] = resource;
  set(kDemand, queue.demand);
  set(kGuarantee, queue.guarantee);
  set(kEntitled, queue.entitlement);
  set(kAllocated, queue.allocated);
  set(kBorrowed, queue.borrowed);
  set(kLent, queue.lent);
}

std::vector<Row> RowsOf(const QueueTable& table) {
  std::vector<Row> rows;
  for (const QueueReport& queue : table.queues) {
    const std::size_t first = rows.size();
    for (const std::string& resource : ResourcesOf(queue)) {
      SetAmounts(queue, resource, &rows.emplace_back());
    }
    if (rows.size() == first) rows.emplace_back();
    Row& row = rows[first];
    row.first_of = &queue;
    row.cells[kQueue] = std::string(std::size_t{2} * queue.depth, ' ') + queue.name;
    row.cells[kState] = QueueStateName(queue.state);
    row.cells[kWeight] = Weight(queue.weight);
    row.cells[kShare] = ShareText(queue.dominant_share);
    row.cells[kPending] = fmt::format("{}", queue.pending_gangs);
    row.cells[kRunning] = fmt::format("{}", queue.running_gangs);
    row.cells[kOldest] = WaitText(queue.oldest_wait);
    row.cells[kBoundBy] = queue.bound_by;
  }
  return rows;
}

// Which columns are shown, how wide each is, and what is left for a bar.
struct Layout {
  std::array<int, kColumns> widths{};
  std::array<bool, kColumns> shown{};
  int bar = 0;

  int Total() const {
    int total = -kGap;
    for (std::size_t c = 0; c < kColumns; ++c) total += shown.at(c) ? widths.at(c) + kGap : 0;
    return total;
  }
};

Layout LayoutFor(const std::vector<Row>& rows, int columns) {
  Layout layout;
  layout.shown.fill(true);
  for (std::size_t c = 0; c < kColumns; ++c) {
    std::size_t width = kSpecs.at(c).header.size();
    for (const Row& row : rows) width = std::max(width, row.cells.at(c).size());
    layout.widths.at(c) = static_cast<int>(width);
  }
  for (int rank = 10; rank > 0 && layout.Total() > columns; --rank) {
    for (std::size_t c = 0; c < kColumns && layout.Total() > columns; ++c) {
      if (kSpecs.at(c).dispensable == rank) layout.shown.at(c) = false;
    }
  }
  const int over = layout.Total() - columns;
  if (over > 0) {
    layout.widths[kQueue] =
        std::max(layout.widths[kQueue] - over, std::min(kNarrowestName, layout.widths[kQueue]));
  }
  const int left = columns - layout.Total() - kGap;
  const bool bar = layout.shown[kShare] && columns != kAnyWidth && left >= kShortestBar;
  layout.bar = bar ? std::min(left, kLongestBar) : 0;
  return layout;
}

// share x width, within 0 .. width.
int CellsOf(const Share& share, int width) {
  if (share >= Share{1, 1}) return width;
  // Four digits are more than a bar can show.
  std::string digits = share.ToString();
  digits.erase(0, digits.find('.') + 1);
  int per_myriad = 0;
  for (const char c : digits) per_myriad = per_myriad * 10 + (c - '0');
  return per_myriad * width / 10'000;
}

std::string Bar(const QueueReport& queue, int width, const ScreenStyle& style) {
  const int held = CellsOf(queue.dominant_share, width);
  const int mark = std::min(CellsOf(queue.entitled_share, width), width - 1);
  const std::string bar = DrawBar(width, held, held, mark, style.unicode);
  const bool over = queue.dominant_share > queue.entitled_share;
  return Paint(bar, over ? kYellow : kGreen, style.colour);
}

// The colour of a cell, empty: none.
std::string_view ColourOf(Column column, const QueueReport* queue) {
  if (queue == nullptr) return {};
  if (column == kQueue && !queue->leaf) return kBold;
  if (column == kState && queue->state != QueueState::kOpen) return kYellow;
  return {};
}

class Lines {
 public:
  Lines(const Layout& layout, const ScreenStyle& style) : layout_(layout), style_(style) {}

  std::string Header() const {
    Row row;
    for (std::size_t c = 0; c < kColumns; ++c) row.cells.at(c) = kSpecs.at(c).header;
    ScreenStyle plain = style_;
    plain.colour = false;
    return Paint(Lines(layout_, plain).Line(row), kDim, style_.colour);
  }

  std::string Line(const Row& row) const {
    std::string line;
    int used = 0;  // cells so far
    int at = 0;    // where the next column begins
    for (std::uint8_t c = 0; c < kColumns; ++c) {
      if (!layout_.shown.at(c)) continue;
      const int width = layout_.widths.at(c);
      Put(row, static_cast<Column>(c), at, &used, &line);
      at += width + kGap;
      if (c != kShare || layout_.bar == 0) continue;
      if (row.first_of != nullptr) {
        line += std::string(static_cast<std::size_t>(at - used), ' ');
        line += Bar(*row.first_of, layout_.bar, style_);
        used = at + layout_.bar;
      }
      at += layout_.bar + kGap;
    }
    return line;
  }

 private:
  // One cell, after the spaces that lead to it; nothing of an empty one, so that lines end with
  // text.
  void Put(const Row& row, Column column, int at, int* used, std::string* line) const {
    const int width = layout_.widths.at(column);
    const std::string text = Fit(row.cells.at(column), std::min(width, style_.columns - at));
    if (text.empty()) return;
    const auto size = static_cast<int>(text.size());
    const int begin = kSpecs.at(column).left ? at : at + width - size;
    if (begin + size > style_.columns) return;
    *line += std::string(static_cast<std::size_t>(begin - *used), ' ');
    const std::string_view colour = ColourOf(column, row.first_of);
    *line += Paint(text, colour, style_.colour && !colour.empty());
    *used = begin + size;
  }

  const Layout& layout_;
  const ScreenStyle& style_;
};

std::vector<std::string> LinesOf(const QueueTable& table, const ScreenStyle& style) {
  const std::vector<Row> rows = RowsOf(table);
  const Layout layout = LayoutFor(rows, style.columns);
  const Lines lines(layout, style);
  std::vector<std::string> text = {lines.Header()};
  for (const Row& row : rows) text.push_back(lines.Line(row));
  return text;
}

}  // namespace

std::string AmountText(std::string_view resource, std::int64_t amount) {
  if (resource == "cpu" || resource.starts_with("gpu/")) {
    return Decimal(amount, 3);
  }
  if (resource != "memory" && resource != "ephemeral-storage") return fmt::format("{}", amount);
  constexpr std::array<std::string_view, 7> kUnits = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  std::size_t unit = 0;
  std::int64_t rest = 0;  // in 1/1024 of the unit
  while (amount >= 1024 && unit + 1 < kUnits.size()) {
    rest = amount % 1024;
    amount /= 1024;
    ++unit;
  }
  const std::int64_t tenths = amount * 10 + (rest * 10 + 512) / 1024;
  if (tenths % 10 == 0) return fmt::format("{}{}", tenths / 10, kUnits.at(unit));
  return fmt::format("{}.{}{}", tenths / 10, tenths % 10, kUnits.at(unit));
}

std::string QueueTableText(const QueueTable& table, const ScreenStyle& style) {
  std::string text;
  for (const std::string& line : LinesOf(table, style)) text += line + "\n";
  return text;
}

std::string QueueTitle(const QueueTable& table) {
  std::int64_t pending = 0;
  std::int64_t running = 0;
  for (const QueueReport& queue : table.queues) {
    if (!queue.leaf) continue;
    pending += queue.pending_gangs;
    running += queue.running_gangs;
  }
  constexpr std::int64_t kSecond = 1'000'000'000;
  const Instant at{table.at.ns - table.at.ns % kSecond};
  return fmt::format("{}  {}, {} wait{}, {} run{}", FormatInstant(at),
                     Count(std::ssize(table.queues), "queue"), Count(pending, "gang"),
                     pending == 1 ? "s" : "", running, running == 1 ? "s" : "");
}

std::string QueueFrame(const QueueTable& table, std::string_view title, const ScreenStyle& style) {
  std::vector<std::string> lines = LinesOf(table, style);
  lines.insert(lines.begin(), Paint(Fit(title, style.columns), kBold, style.colour));
  const auto rows = static_cast<std::size_t>(std::max(style.rows, 1));
  if (lines.size() > rows) {
    const std::string more = fmt::format("... and {} lines more", lines.size() - rows + 1);
    lines.resize(rows);
    lines.back() = Paint(Fit(more, style.columns), kDim, style.colour);
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace fairlead::cli
