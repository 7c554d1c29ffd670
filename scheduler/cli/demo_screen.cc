#include "scheduler/cli/demo_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fairlead/base/json.h"

namespace fairlead::cli {
namespace {

// Colours that differ in brightness too, for people who do not tell red from green.
constexpr std::array<int, 6> kTenantColours = {39, 214, 114, 205, 229, 141};
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";

constexpr int kNameWidth = 10;
constexpr std::int64_t kPerMille = 1'000;

std::string Paint(std::string_view text, std::string_view code, bool colour) {
  return colour ? fmt::format("{}{}{}", code, text, kPlain) : std::string(text);
}

std::string TenantCode(std::size_t tenant) {
  return fmt::format("\x1b[38;5;{}m", kTenantColours.at(tenant % kTenantColours.size()));
}

// One letter per tenant where there are no colours; capitals, so that they stand out from dots.
char TenantLetter(const std::string& name) {
  const char first = name.empty() ? '?' : name.front();
  return first >= 'a' && first <= 'z' ? static_cast<char>(first - 'a' + 'A') : first;
}

// Cut to `width` bytes; what is cut off shows as two dots. Text of ours is ASCII, and a message
// with other characters is cut between them.
std::string Fit(std::string_view text, int width) {
  const auto limit = static_cast<std::size_t>(std::max(width, 0));
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit > 2 ? limit - 2 : 0;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + (limit > 2 ? ".." : "");
}

std::string Percent(std::int64_t part, std::int64_t whole) {
  const std::int64_t tenths = whole == 0 ? 0 : (part * kPerMille + whole / 2) / whole;
  return fmt::format("{}.{} %", tenths / 10, tenths % 10);
}

std::string Weight(std::int64_t weight) {
  std::string text = fmt::format("{}", weight / kWeightOne);
  if (const std::int64_t rest = weight % kWeightOne; rest != 0) {
    std::string digits = fmt::format("{:06}", rest);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text;
}

// "1 pod", "2 pods"
std::string Count(std::int64_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string Clock(Duration d) {
  const std::int64_t seconds = d.ns / 1'000'000'000;
  return fmt::format("{:02}:{:02}", seconds / 60, seconds % 60);
}

class Frame {
 public:
  Frame(const DemoView& view, const DemoHeader& header, Instant now, const ScreenStyle& style)
      : view_(view), header_(header), now_(now), style_(style), tenants_(view.Tenants()) {}

  std::string Draw() {
    Head();
    Queues();
    Racks();
    Gangs();
    if (std::ssize(lines_) > style_.rows) lines_.resize(static_cast<std::size_t>(style_.rows));
    std::string text;
    for (const std::string& line : lines_) text += (text.empty() ? "" : "\n") + line;
    return text;
  }

 private:
  int left() const { return style_.rows - static_cast<int>(lines_.size()); }

  void Head() {
    const std::string title =
        fmt::format("fairlead demo  {} nodes, {} GPUs  {} (x{})  {} run, {} wait, {} done",
                    header_.nodes, header_.gpus, Clock(header_.clock), header_.speed,
                    view_.running(), view_.Waiting(now_).size(), view_.ended());
    lines_.push_back(Paint(Fit(title, style_.columns), kBold, style_.colour));
    lines_.emplace_back();
  }

  // The bar is the whole cluster: held full, waited for shaded, the share by weight as a mark.
  void Queues() {
    std::int64_t weights = 0;
    for (const TenantRow& row : tenants_) weights += row.weight;
    const int bar = style_.columns - kNameWidth - 31;
    lines_.push_back(Paint(
        Fit(fmt::format("{:<{}} weight demand  held  share  of the cluster", "queue", kNameWidth),
            style_.columns),
        kDim, style_.colour));
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
      const TenantRow& row = tenants_[i];
      lines_.push_back(fmt::format("{:<{}} {:>6} {:>6} {:>5} {:>7} {}", Fit(row.name, kNameWidth),
                                   kNameWidth, Fit(Weight(row.weight), 6), row.demand,
                                   row.allocated, Percent(row.allocated, header_.gpus),
                                   Bar(i, bar, weights)));
    }
    lines_.emplace_back();
  }

  std::string Bar(std::size_t tenant, int width, std::int64_t weights) const {
    const TenantRow& row = tenants_[tenant];
    const std::int64_t gpus = std::max<std::int64_t>(header_.gpus, 1);
    const auto held = static_cast<int>(row.allocated * width / gpus);
    const auto wanted = static_cast<int>(std::min<std::int64_t>(row.demand * width / gpus, width));
    const auto mark = static_cast<int>(row.weight * width / std::max<std::int64_t>(weights, 1));
    const std::string_view full = style_.unicode ? "\u2588" : "#";
    const std::string_view shade = style_.unicode ? "\u2591" : "-";
    std::string bar = style_.colour ? TenantCode(tenant) : "";
    for (int i = 0; i < width; ++i) {
      if (i == mark) {
        bar += "|";
      } else if (i < held) {
        bar += full;
      } else {
        bar += i < wanted ? shade : " ";
      }
    }
    if (style_.colour) bar += kPlain;
    return bar;
  }

  // Several racks share a line where they are narrow.
  void Racks() {
    const std::vector<RackRow> racks = view_.Racks();
    const int most = std::max(left() - 6, 2);  // leaves room for the gangs
    int shown = 0;
    std::size_t next = 0;
    for (; next < racks.size() && shown < most; ++shown) {
      int used = 0;
      std::string line;
      while (next < racks.size()) {
        const int width = RackWidth(racks[next]);
        if (used > 0 && used + 2 + width > style_.columns) break;
        if (used > 0) line += "  ";
        line += Rack(racks[next], style_.columns - used);
        used += width + 2;
        ++next;
      }
      lines_.push_back(std::move(line));
    }
    if (next < racks.size()) {
      lines_.push_back(
          Paint(fmt::format("... and {} racks more", racks.size() - next), kDim, style_.colour));
    }
    lines_.emplace_back();
  }

  static int RackWidth(const RackRow& rack) {
    auto width = static_cast<int>(rack.name.size());
    for (const auto& node : rack.nodes) width += 1 + static_cast<int>(node.gpus.size());
    return width;
  }

  std::string Rack(const RackRow& rack, int width) const {
    std::string line = rack.name;
    width -= static_cast<int>(rack.name.size());
    for (const RackRow::Node& node : rack.nodes) {
      width -= 1 + static_cast<int>(node.gpus.size());
      if (width < 0) return line + (width + static_cast<int>(node.gpus.size()) >= 0 ? ">" : "");
      line += ' ';
      int last = -2;
      for (const int owner : node.gpus) {
        if (style_.colour && owner != last) {
          line += owner < 0 ? std::string(kDim) : kPlain.data() + TenantCode(Index(owner));
        }
        last = owner;
        line += Cell(owner);
      }
      if (style_.colour) line += kPlain;
    }
    return line;
  }

  static std::size_t Index(int owner) { return static_cast<std::size_t>(owner); }

  std::string Cell(int owner) const {
    if (owner < 0) return style_.unicode ? "\u00b7" : ".";
    if (!style_.colour) return {TenantLetter(tenants_[Index(owner)].name)};
    return style_.unicode ? "\u25a0" : "#";
  }

  void Gangs() {
    const std::vector<GangRow> waiting = view_.Waiting(now_);
    const std::vector<GangRow> starts = view_.StartsAfter(0);
    const int room = left() - 2;
    if (room < 2) return;
    const int for_starts = std::min<int>(room / 2, static_cast<int>(starts.size()));
    lines_.push_back(Paint("started last", kDim, style_.colour));
    for (int i = 0; i < for_starts; ++i) {
      const GangRow& gang = starts[starts.size() - 1 - static_cast<std::size_t>(i)];
      lines_.push_back(Named(gang, fmt::format("{} in {} after {}", Count(gang.gpus, "GPU"),
                                               Count(gang.pods, "pod"), Seconds(gang.waited))));
    }
    lines_.push_back(Paint("waiting longest", kDim, style_.colour));
    const int for_waits = std::min<int>(left(), static_cast<int>(waiting.size()));
    for (int i = 0; i < for_waits; ++i) {
      const GangRow& gang = waiting[static_cast<std::size_t>(i)];
      lines_.push_back(
          Named(gang, fmt::format("{}, {}: {}", Count(gang.gpus, "GPU"), Seconds(gang.waited),
                                  gang.reason.empty() ? "new" : gang.reason)));
    }
  }

  std::string Named(const GangRow& gang, const std::string& rest) const {
    std::string name = Fit(gang.tenant + "/" + gang.name, 26);
    const std::string tail = Fit(rest, style_.columns - 29);
    const std::string padding(26 - name.size(), ' ');
    if (style_.colour) {
      for (std::size_t i = 0; i < tenants_.size(); ++i) {
        if (tenants_[i].name == gang.tenant)
          name = fmt::format("{}{}{}", TenantCode(i), name, kPlain);
      }
    }
    return fmt::format("  {}{} {}", name, padding, tail);
  }

  const DemoView& view_;
  const DemoHeader& header_;
  Instant now_;
  const ScreenStyle& style_;
  std::vector<TenantRow> tenants_;
  std::vector<std::string> lines_;
};

struct Totals {
  std::int64_t weights = 0;
  std::int64_t gpu_ms = 0;
  bool contended = false;
};

std::int64_t HeldOf(const TenantResult& row, bool contended) {
  return contended ? row.contended_gpu_ms : row.gpu_ms;
}

Totals TotalsOf(const DemoResult& result) {
  Totals totals;
  totals.contended = result.contended_ms > 0;
  for (const TenantResult& row : result.tenants) {
    totals.weights += row.weight;
    totals.gpu_ms += HeldOf(row, totals.contended);
  }
  return totals;
}

}  // namespace

std::string Seconds(Duration duration) {
  const std::int64_t tenths = duration.ns / 100'000'000;
  return fmt::format("{}.{}s", tenths / 10, tenths % 10);
}

std::string DemoFrame(const DemoView& view, const DemoHeader& header, Instant now,
                      const ScreenStyle& style) {
  return Frame(view, header, now, style).Draw();
}

std::string StartLine(const GangRow& gang, Duration clock) {
  return fmt::format("{:>7}  {}/{} starts: {}, {}, waited {}", Seconds(clock), gang.tenant,
                     gang.name, Count(gang.pods, "pod"), Count(gang.gpus, "GPU"),
                     Seconds(gang.waited));
}

std::string StateLine(const DemoView& view, const DemoHeader& header, Instant now) {
  std::string held;
  for (const TenantRow& row : view.Tenants()) {
    held += fmt::format("{}{} {}", held.empty() ? "" : ", ", row.name, row.allocated);
  }
  const std::vector<GangRow> waiting = view.Waiting(now);
  std::string line =
      fmt::format("{:>7}  GPUs held: {} of {}; {} gangs run, {} wait", Seconds(header.clock), held,
                  header.gpus, view.running(), waiting.size());
  if (!waiting.empty() && !waiting.front().reason.empty()) {
    const GangRow& first = waiting.front();
    line += fmt::format("; {}/{} for {}: {}", first.tenant, first.name, Seconds(first.waited),
                        first.reason);
  }
  return line;
}

std::string SummaryText(const DemoSummary& summary, bool colour) {
  const DemoResult& result = summary.result;
  const Totals totals = TotalsOf(result);
  std::string text =
      Paint(fmt::format("{:<12} {:>6} {:>9} {:>8} {:>6} {:>10} {:>10}\n", "tenant", "weight",
                        "by weight", "share", "gangs", "wait mean", "wait p90"),
            kDim, colour);
  for (const TenantResult& row : result.tenants) {
    text += fmt::format("{:<12} {:>6} {:>9} {:>8} {:>6} {:>10} {:>10}\n", row.name,
                        Weight(row.weight), Percent(row.weight, totals.weights),
                        Percent(HeldOf(row, totals.contended), totals.gpu_ms), row.gangs,
                        Seconds(row.wait_mean), Seconds(row.wait_p90));
  }
  text += totals.contended
              ? fmt::format(
                    "share: of the GPU time held in the {} in which all tenants had gangs "
                    "waiting\n",
                    Seconds(Duration::Milliseconds(result.contended_ms)))
              : "share: of the GPU time held; there was no time at which all tenants waited\n";
  text += fmt::format("\npods bound: {}\ngangs started: {} of {}\nwall time: {} s\n",
                      result.pods_bound, result.gangs_started, result.gangs_total, summary.seconds);
  const bool sound = summary.double_bookings == 0;
  text += Paint(fmt::format("double bookings: {}", summary.double_bookings), sound ? kGreen : kRed,
                colour) +
          "\n";
  return text;
}

std::string SummaryJson(const DemoSummary& summary) {
  const DemoResult& result = summary.result;
  const Totals totals = TotalsOf(result);
  const auto per_mille = [](std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0 : (part * kPerMille + whole / 2) / whole;
  };
  JsonWriter json;
  json.BeginObject()
      .Field("pods_bound", result.pods_bound)
      .Field("gangs_started", result.gangs_started)
      .Field("gangs_total", result.gangs_total)
      .Field("double_bookings", summary.double_bookings)
      .Field("wall_seconds", summary.seconds)
      .Field("contended_ms", result.contended_ms);
  json.Key("tenants").BeginArray();
  for (const TenantResult& row : result.tenants) {
    json.BeginObject()
        .Field("name", row.name)
        .Field("weight", Weight(row.weight))
        .Field("by_weight_per_mille", per_mille(row.weight, totals.weights))
        .Field("share_per_mille", per_mille(HeldOf(row, totals.contended), totals.gpu_ms))
        .Field("gangs_started", row.gangs)
        .Field("gpu_ms", row.gpu_ms)
        .Field("wait_mean_ms", row.wait_mean.ns / 1'000'000)
        .Field("wait_p90_ms", row.wait_p90.ns / 1'000'000)
        .EndObject();
  }
  json.EndArray().EndObject().NewLine();
  return json.Take();
}

}  // namespace fairlead::cli
