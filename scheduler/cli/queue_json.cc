#include "fairlead/base/json.h"
#include "scheduler/cli/queue_table.h"
#include "scheduler/cli/report_json.h"

namespace fairlead::cli {
namespace {

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
