// What is written to Queue objects.
#include <fmt/format.h>

#include "fairlead/base/json.h"
#include "fairlead/queues/amounts.h"
#include "scheduler/kube/bodies.h"
#include "scheduler/kube/server_url.h"

namespace fairlead::kube {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

void WriteAmounts(std::string_view key, const NamedAmounts& amounts, JsonWriter* json) {
  json->Key(key).BeginObject();
  for (const auto& [name, amount] : amounts) json->Field(name, FormatAmount(name, amount));
  json->EndObject();
}

void WriteReport(const QueueReport& report, JsonWriter* json) {
  WriteAmounts("demand", report.demand, json);
  WriteAmounts("guarantee", report.guarantee, json);
  WriteAmounts("entitlement", report.entitlement, json);
  WriteAmounts("allocated", report.allocated, json);
  WriteAmounts("borrowed", report.borrowed, json);
  WriteAmounts("lent", report.lent, json);
  json->Field("dominantShare", report.dominant_share.ToString())
      .Field("entitledShare", report.entitled_share.ToString())
      .Field("boundBy", report.bound_by)
      .Field("pendingGangs", report.pending_gangs)
      .Field("runningGangs", report.running_gangs);
  if (report.oldest_wait) json->Field("oldestWaitSeconds", report.oldest_wait->ns / kSecond);
}

void WriteCondition(const QueueStatus& status, JsonWriter* json) {
  const Instant since{status.since.ns - status.since.ns % kSecond};
  json->BeginObject()
      .Field("type", "Accepted")
      .Field("status", status.accepted ? "True" : "False")
      .Field("reason", status.reason)
      .Field("message", status.message)
      .Field("lastTransitionTime", FormatInstant(since))
      .Field("observedGeneration", status.generation)
      .EndObject();
}

}  // namespace

std::string QueuePath(std::string_view name, std::string_view subresource) {
  return fmt::format("/apis/fairlead.dev/v1alpha1/queues/{}/{}", UrlEncode(name), subresource);
}

std::string QueueStatusPatch(const QueueStatus& status) {
  JsonWriter json;
  json.BeginArray();
  json.BeginObject()
      .Field("op", "test")
      .Field("path", "/metadata/uid")
      .Field("value", status.uid)
      .EndObject();
  json.BeginObject().Field("op", "add").Field("path", "/status").Key("value").BeginObject();
  if (status.report) WriteReport(*status.report, &json);
  json.Field("observedGeneration", status.generation).Key("conditions").BeginArray();
  WriteCondition(status, &json);
  json.EndArray().EndObject().EndObject().EndArray();
  return json.Take();
}

}  // namespace fairlead::kube
