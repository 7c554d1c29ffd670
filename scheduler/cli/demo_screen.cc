#include "scheduler/cli/demo_screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "fairlead/base/json.h"

namespace fairlead::cli {
namespace {

constexpr int kNameWidth = 10;
constexpr std::int64_t kPerMille = 1'000;

// One letter per tenant where there are no colours; capitals, so that they stand out from dots.
char TenantLetter(const std::string& name) {
  const char first = name.empty() ? '?' : name.front();
  return first >= 'a' && first <= 'z' ? static_cast<char>(first - 'a' + 'A') : first;
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
    const std::string bar = DrawBar(width, held, wanted, mark, style_.unicode);
    return Paint(bar, PaletteCode(tenant), style_.colour);
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
          line += owner < 0 ? std::string(kDim) : kPlain.data() + PaletteCode(Index(owner));
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
          name = fmt::format("{}{}{}", PaletteCode(i), name, kPlain);
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
  if (!summary.statement.empty()) text += "\n" + summary.statement + "\n";
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
  json.EndArray();
  json.Key("statement").BeginArray();
  for (const DemoSummary::Cost& cost : summary.costs) {
    json.BeginObject().Field("tenant", cost.tenant).Field("currency", cost.currency);
    json.Key("gpu_hours").Raw(cost.gpu_hours).Key("cost").Raw(cost.amount).EndObject();
  }
  json.EndArray().EndObject().NewLine();
  return json.Take();
}

}  // namespace fairlead::cli
