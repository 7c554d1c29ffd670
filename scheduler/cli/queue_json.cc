#include <fmt/format.h>

#include <numeric>

#include "fairlead/base/json.h"
#include "fairlead/base/quantity.h"
#include "scheduler/cli/queue_table.h"

namespace fairlead::cli {
namespace {

// As Kubernetes writes it, exactly.
std::string Quantity(std::string_view resource, std::int64_t amount) {
  if (resource == "cpu" || resource.starts_with("gpu/")) return FormatMilli(amount);
  if (resource == "memory" || resource == "ephemeral-storage") return FormatBytes(amount);
  return fmt::format("{}", amount);
}

void WriteAmounts(std::string_view key, const NamedAmounts& amounts, JsonWriter* json) {
  json->Key(key).BeginObject();
  for (const auto& [resource, amount] : amounts) json->Field(resource, Quantity(resource, amount));
  json->EndObject();
}

std::string Ratio(const Share& share) {
  const std::int64_t divisor = std::gcd(share.num, share.den);
  return fmt::format("{}/{}", share.num / divisor, share.den / divisor);
}

void WriteQueue(const QueueReport& queue, JsonWriter* json) {
  json->BeginObject().Field("name", queue.name).Field("parent", queue.parent);
  json->Field("depth", std::int64_t{queue.depth}).Field("leaf", queue.leaf);
  json->Field("state", QueueStateName(queue.state)).Field("weight", Weight(queue.weight));
  WriteAmounts("demand", queue.demand, json);
  WriteAmounts("guarantee", queue.guarantee, json);
  WriteAmounts("entitlement", queue.entitlement, json);
  WriteAmounts("allocated", queue.allocated, json);
  WriteAmounts("borrowed", queue.borrowed, json);
  WriteAmounts("lent", queue.lent, json);
  json->Field("dominant_share", Ratio(queue.dominant_share));
  json->Field("entitled_share", Ratio(queue.entitled_share));
  json->Field("bound_by", queue.bound_by);
  json->Field("decayed_usage",
              Share{queue.decayed_usage, std::int64_t{1} << kHistoryBits}.ToString());
  json->Field("pending_gangs", queue.pending_gangs).Field("running_gangs", queue.running_gangs);
  json->Field("pending_pods", queue.pending_pods).Key("oldest_wait_ms");
  if (queue.oldest_wait) {
    json->Int(queue.oldest_wait->ns / 1'000'000);
  } else {
    json->Null();
  }
  json->EndObject();
}

}  // namespace

std::string QueueTableJson(const QueueTable& table) {
  JsonWriter json;
  json.BeginObject().Field("at", FormatInstant(table.at)).Key("version").Unsigned(table.version);
  json.Key("queues").BeginArray();
  for (const QueueReport& queue : table.queues) WriteQueue(queue, &json);
  json.EndArray().EndObject();
  return json.Take() + "\n";
}

}  // namespace fairlead::cli
