#include "scheduler/cli/node_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "fairlead/base/json.h"
#include "scheduler/cli/queue_table.h"
#include "scheduler/cli/report_json.h"
#include "scheduler/cli/table.h"

namespace fairlead::cli {
namespace {

// Taken eighths of a device.
constexpr std::array<std::string_view, 9> kParts = {"·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::string_view kPlainParts = ".12345678";  // '8' is drawn as '#'

// A shared device shows at least one eighth and at most seven, so that it differs from the others.
std::size_t EighthsOf(const NodeReport& node, const DeviceReport& device) {
  if (device.use == DeviceUse::kFree) return 0;
  if (device.use == DeviceUse::kWhole) return 8;
  const std::int64_t taken = node.gpu_slices - device.free_slices;
  const std::int64_t eighths = (8 * taken + node.gpu_slices - 1) / node.gpu_slices;
  return static_cast<std::size_t>(std::clamp<std::int64_t>(eighths, 1, 7));
}

std::string Bar(const NodeReport& node, bool unicode) {
  std::string bar;
  for (const DeviceReport& device : node.devices) {
    const std::size_t eighths = EighthsOf(node, device);
    if (unicode) {
      bar += kParts[eighths];
    } else {
      bar += eighths == 8 ? '#' : kPlainParts[eighths];
    }
  }
  if (node.unknown_gpus > 0) bar += fmt::format(" +{}", node.unknown_gpus);
  return bar.empty() ? "-" : bar;
}

std::string OutOf(std::string_view resource, std::int64_t free, std::int64_t whole) {
  return AmountText(resource, free) + "/" + AmountText(resource, whole);
}

std::string StateText(const NodeReport& node, bool colour) {
  if (node.out_of_use.empty()) return Paint("ready", kGreen, colour);
  return Paint(fmt::format("{}", fmt::join(node.out_of_use, ", ")), kYellow, colour);
}

std::string Total(const NodesReport& report) {
  std::string text = Count(static_cast<std::int64_t>(report.nodes.size()), "node");
  if (report.gpu_milli == 0) return text + "\n";
  return fmt::format(
      "{}, {} of {} GPUs free; {} of all GPUs free and of no use to the typical pod\n", text,
      Decimal(report.free_gpu_milli, 3), Decimal(report.gpu_milli, 3),
      Percent(report.fragmented_milli, report.gpu_milli));
}

}  // namespace

std::string NodesText(const NodesReport& report, const ScreenStyle& style) {
  std::vector<Row> rows;
  rows.reserve(report.nodes.size() + 1);
  rows.push_back({"NODE", "MODEL", "GPUS", "FREE", "UNUSABLE", "CPU", "MEMORY", "PODS", "STATE"});
  for (const NodeReport& node : report.nodes) {
    const bool gpus = !node.devices.empty();
    rows.push_back({node.name, node.gpu_model.empty() ? "-" : node.gpu_model,
                    Bar(node, style.unicode), gpus ? Decimal(node.free_gpu_milli, 3) : "-",
                    gpus ? Decimal(node.fragmented_milli, 3) : "-",
                    OutOf("cpu", node.free_cpu_milli, node.cpu_milli),
                    OutOf("memory", node.free_memory, node.memory),
                    OutOf("pods", node.free_pods, node.pods), StateText(node, style.colour)});
  }
  return Table(rows) + Total(report);
}

std::string NodesJson(const NodesReport& report) {
  JsonWriter json;
  const auto amounts = [&json](const char* key, std::int64_t cpu, std::int64_t memory,
                               std::int64_t pods) {
    WriteAmounts(key, {{"cpu", cpu}, {"memory", memory}, {"pods", pods}}, &json);
  };
  json.BeginObject().Field("at", FormatInstant(report.at)).Key("version").Unsigned(report.version);
  json.Key("nodes").BeginArray();
  for (const NodeReport& node : report.nodes) {
    json.BeginObject().Field("name", node.name).Field("gpu_model", node.gpu_model);
    json.Field("gpu_slices", std::int64_t{node.gpu_slices}).Key("devices").BeginArray();
    for (const DeviceReport& device : node.devices) {
      json.BeginObject();
      constexpr std::array<std::string_view, 3> kUses = {"free", "whole", "shared"};
      json.Field("use", kUses[static_cast<std::size_t>(device.use)]);
      if (device.use == DeviceUse::kShared) {
        json.Field("free_slices", std::int64_t{device.free_slices});
      }
      json.EndObject();
    }
    json.EndArray().Field("unknown_gpus", std::int64_t{node.unknown_gpus});
    json.Field("free_gpus", Decimal(node.free_gpu_milli, 3));
    json.Field("unusable_gpus", Decimal(node.fragmented_milli, 3));
    amounts("free", node.free_cpu_milli, node.free_memory, node.free_pods);
    amounts("allocatable", node.cpu_milli, node.memory, node.pods);
    json.Key("out_of_use").BeginArray();
    for (const std::string& reason : node.out_of_use) json.String(reason);
    json.EndArray().EndObject();
  }
  json.EndArray().Field("gpus", Decimal(report.gpu_milli, 3));
  json.Field("free_gpus", Decimal(report.free_gpu_milli, 3));
  json.Field("unusable_gpus", Decimal(report.fragmented_milli, 3)).EndObject();
  return json.Take() + "\n";
}

}  // namespace fairlead::cli
