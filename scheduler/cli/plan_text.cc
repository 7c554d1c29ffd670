#include "scheduler/cli/plan_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "scheduler/cli/table.h"

namespace fairlead::cli {
namespace {

constexpr std::size_t kNodesShown = 8;

constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string GangName(const Snapshot& snapshot, GangId id) {
  const GangView* gang = FindGang(snapshot, id);
  return gang == nullptr ? "?" : gang->key.ns + "/" + gang->key.name;
}

std::string NodeList(const Snapshot& snapshot, const std::map<std::uint32_t, int>& pods_by_rank) {
  std::vector<std::string> parts;
  for (const auto& [rank, pods] : pods_by_rank) {
    if (parts.size() == kNodesShown) {
      parts.push_back(fmt::format("and {} more", pods_by_rank.size() - kNodesShown));
      break;
    }
    const NodeId node = snapshot.nodes->by_name[rank];
    const std::string& name = snapshot.nodes->info[node.index()].name;
    parts.push_back(pods == 1 ? name : fmt::format("{} x{}", name, pods));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string StartedTable(const Snapshot& snapshot, const std::vector<Placement>& bind,
                         std::size_t* gangs) {
  std::vector<Row> rows = {{"GANG", "PODS", "NODES"}};
  for (std::size_t i = 0; i < bind.size();) {
    const GangId gang = bind[i].gang;
    std::map<std::uint32_t, int> pods_by_rank;
    const std::size_t first = i;
    for (; i < bind.size() && bind[i].gang == gang; ++i) {
      ++pods_by_rank[snapshot.nodes->name_rank[bind[i].node.index()]];
    }
    rows.push_back(
        {GangName(snapshot, gang), std::to_string(i - first), NodeList(snapshot, pods_by_rank)});
  }
  *gangs = rows.size() - 1;
  return Table(rows);
}

std::string Heading(std::string_view text, std::string_view colour, bool coloured) {
  return coloured ? fmt::format("{}{}{}\n", colour, text, kPlain) : fmt::format("{}\n", text);
}

}  // namespace

std::string PlanToText(const Snapshot& snapshot, const Decision& decision, bool colour) {
  const Plan& plan = decision.plan;
  std::string text;
  std::size_t started = 0;
  if (!plan.bind.empty()) {
    text += Heading("STARTS", kGreen, colour);
    text += StartedTable(snapshot, plan.bind, &started) + "\n";
  }
  if (!plan.evict.empty()) {
    std::vector<Row> rows = {{"GANG", "PODS", "REASON"}};
    for (const Eviction& eviction : plan.evict) {
      rows.push_back({GangName(snapshot, eviction.gang), std::to_string(eviction.members.size()),
                      eviction.reason});
    }
    text += Heading("EVICTED", kRed, colour) + Table(rows) + "\n";
  }
  if (!plan.pending.empty()) {
    std::vector<Row> rows = {{"GANG", "CODE", "MESSAGE"}};
    for (const PendingGang& pending : plan.pending) {
      rows.push_back({GangName(snapshot, pending.gang), std::string(ReasonName(pending.code)),
                      pending.message});
    }
    text += Heading("WAITS", kYellow, colour) + Table(rows) + "\n";
  }
  text +=
      fmt::format("{} gang{} with {} pod{} start{}, {} wait{}.\n", started, started == 1 ? "" : "s",
                  plan.bind.size(), plan.bind.size() == 1 ? "" : "s", started == 1 ? "s" : "",
                  plan.pending.size(), plan.pending.size() == 1 ? "s" : "");
  if (decision.exhausted) text += "The step budget was spent: some gangs were not tried.\n";
  return text;
}

}  // namespace fairlead::cli
