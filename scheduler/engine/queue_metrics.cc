#include "scheduler/engine/queue_metrics.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "fairlead/engine/queue_board.h"

namespace fairlead {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

struct AmountFamily {
  const char* name;
  const char* help;
  NamedAmounts QueueReport::*amounts;
};

constexpr std::array<AmountFamily, 6> kAmountFamilies = {{
    {"fairlead_queue_demand", "What the queue holds and waits for, by resource.",
     &QueueReport::demand},
    {"fairlead_queue_guarantee", "What is guaranteed to the queue, by resource.",
     &QueueReport::guarantee},
    {"fairlead_queue_entitlement", "What the queue should have now, by resource.",
     &QueueReport::entitlement},
    {"fairlead_queue_allocated", "What the gangs of the queue hold, by resource.",
     &QueueReport::allocated},
    {"fairlead_queue_borrowed", "What the queue holds beyond its guarantee, by resource.",
     &QueueReport::borrowed},
    {"fairlead_queue_lent", "Unused guarantee of the queue that others hold, by resource.",
     &QueueReport::lent},
}};

MetricFamily Family(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Gauge, {}};
}

void Add(MetricFamily* family, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric& metric = family->metric.emplace_back();
  metric.label = std::move(labels);
  metric.gauge.value = value;
}

// Tables hold thousandths of CPUs and GPUs.
double BaseUnits(std::string_view resource, std::int64_t amount) {
  const bool milli = resource == "cpu" || resource.starts_with("gpu/");
  return static_cast<double>(amount) / (milli ? 1000.0 : 1.0);
}

double Ratio(const Share& share) {
  return static_cast<double>(share.num) / static_cast<double>(share.den);
}

void AddAmounts(const QueueReport& queue, std::vector<MetricFamily>* families) {
  for (const std::string& resource : ResourcesOf(queue)) {
    for (std::size_t i = 0; i < kAmountFamilies.size(); ++i) {
      const std::int64_t amount =
          FindAmount(queue.*kAmountFamilies.at(i).amounts, resource).value_or(0);
      Add(&(*families)[i], {{"queue", queue.name}, {"resource", resource}},
          BaseUnits(resource, amount));
    }
  }
}

// One gauge per queue without further labels.
template <typename ValueOf>
MetricFamily PerQueue(const QueueTable& table, std::string name, std::string help,
                      const ValueOf& value_of) {
  MetricFamily family = Family(std::move(name), std::move(help));
  for (const QueueReport& queue : table.queues) {
    Add(&family, {{"queue", queue.name}}, value_of(queue));
  }
  return family;
}

MetricFamily InfoFamily(const QueueTable& table) {
  MetricFamily family =
      Family("fairlead_queue_info", "Always 1: the parent and the state of the queue as labels.");
  for (const QueueReport& queue : table.queues) {
    Add(&family,
        {{"queue", queue.name},
         {"parent", queue.parent},
         {"state", std::string(QueueStateName(queue.state))},
         {"leaf", queue.leaf ? "true" : "false"}},
        1);
  }
  return family;
}

}  // namespace

std::vector<MetricFamily> QueueFamilies(const QueueTable& table) {
  if (table.queues.empty()) return {};
  std::vector<MetricFamily> families;
  families.reserve(kAmountFamilies.size());
  for (const AmountFamily& family : kAmountFamilies) {
    families.push_back(Family(family.name, family.help));
  }
  for (const QueueReport& queue : table.queues) AddAmounts(queue, &families);
  // A family without any series would be a name without a meaning.
  std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });

  const auto add = [&](const char* name, const char* help, const auto& value_of) {
    families.push_back(PerQueue(table, name, help, value_of));
  };
  add("fairlead_queue_dominant_share", "Dominant share of what the queue holds, 0 to 1.",
      [](const QueueReport& queue) { return Ratio(queue.dominant_share); });
  add("fairlead_queue_entitled_share", "Dominant share of what the queue should have, 0 to 1.",
      [](const QueueReport& queue) { return Ratio(queue.entitled_share); });
  add("fairlead_queue_pending_gangs", "Gangs of the queue that wait.",
      [](const QueueReport& queue) { return static_cast<double>(queue.pending_gangs); });
  add("fairlead_queue_running_gangs", "Gangs of the queue that hold room.",
      [](const QueueReport& queue) { return static_cast<double>(queue.running_gangs); });
  add("fairlead_queue_oldest_wait_seconds",
      "How long the gang has waited that waits longest; 0 where none waits.",
      [](const QueueReport& queue) {
        return static_cast<double>(queue.oldest_wait.value_or(Duration{}).ns) / 1e9;
      });
  add("fairlead_queue_decayed_usage", "Decayed usage in share-seconds; 0 while history is off.",
      [](const QueueReport& queue) {
        return static_cast<double>(queue.decayed_usage) / (1 << kHistoryBits);
      });
  families.push_back(InfoFamily(table));
  return families;
}

std::vector<MetricFamily> GpuFamilies(const NodesReport& nodes) {
  if (nodes.gpu_milli == 0) return {};
  const auto all = static_cast<double>(nodes.gpu_milli);
  const auto of_all = [](const char* name, const char* help, double value) {
    MetricFamily family = Family(name, help);
    Add(&family, {}, value);
    return family;
  };
  return {of_all("fairlead_gpus", "GPUs of all nodes.", all / 1000),
          of_all("fairlead_gpus_free", "GPUs of all nodes that nobody holds.",
                 static_cast<double>(nodes.free_gpu_milli) / 1000),
          of_all("fairlead_gpu_fragmentation_ratio",
                 "Free GPUs that the typical pod cannot use, as a part of all GPUs, 0 to 1.",
                 static_cast<double>(nodes.fragmented_milli) / all)};
}

}  // namespace fairlead
