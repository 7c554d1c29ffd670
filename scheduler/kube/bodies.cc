#include "scheduler/kube/bodies.h"

#include <fmt/format.h>

#include <protozero/pbf_writer.hpp>

#include "fairlead/base/json.h"
#include "scheduler/kube/keys.h"
#include "scheduler/kube/server_url.h"

namespace fairlead::kube {
namespace {

// An event's name is "POD.UNIQUE" and at most 253 long; its message at most 1,024.
constexpr std::size_t kMaxEventPod = 253 - 17;
constexpr std::size_t kMaxEventMessage = 1'024;

Instant WholeSeconds(Instant at) { return {at.ns - at.ns % 1'000'000'000}; }

void AddAnnotation(protozero::pbf_writer* meta, std::string_view key, std::string_view value) {
  std::string entry;
  protozero::pbf_writer writer(entry);
  writer.add_string(1, key.data(), key.size());
  writer.add_string(2, value.data(), value.size());
  meta->add_message(12, entry);
}

std::string DeviceList(const std::vector<std::int32_t>& devices, const GpuGrant& grant) {
  if (grant.of == 0) return fmt::format("{}", fmt::join(devices, ","));
  std::vector<std::string> parts;
  parts.reserve(devices.size());
  for (const std::int32_t device : devices) {
    parts.push_back(fmt::format("{}:{}/{}", device, grant.slices, grant.of));
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

// Shortened without cutting a character of UTF-8 in two.
std::string_view Shortened(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

// Each label of an event's name ends in a letter or a digit.
std::string_view EventPrefix(std::string_view pod) {
  std::string_view prefix = pod.substr(0, kMaxEventPod);
  while (!prefix.empty() && (prefix.back() == '.' || prefix.back() == '-')) prefix.remove_suffix(1);
  return prefix;
}

}  // namespace

std::string PodPath(const PodRef& pod, std::string_view subresource) {
  return fmt::format("/api/v1/namespaces/{}/pods/{}{}{}", UrlEncode(pod.ns), UrlEncode(pod.name),
                     subresource.empty() ? "" : "/", subresource);
}

// magic, Unknown{1 typeMeta{1 apiVersion, 2 kind}, 2 raw}; raw is Binding{1 metadata{1 name,
// 3 namespace, 5 uid, 12 annotations}, 2 target ObjectReference{1 kind, 3 name}}.
std::string BindingBody(const BindRequest& request) {
  std::string binding;
  {
    protozero::pbf_writer writer(binding);
    {
      protozero::pbf_writer meta(writer, 1);
      meta.add_string(1, request.pod.name);
      meta.add_string(3, request.pod.ns);
      meta.add_string(5, request.pod.uid);
      if (!request.gpu_devices.empty()) {
        AddAnnotation(&meta, keys::kGpuAssignment,
                      DeviceList(request.gpu_devices, request.gpu_grant));
      }
      if (!request.decision.empty()) AddAnnotation(&meta, keys::kDecision, request.decision);
    }
    protozero::pbf_writer target(writer, 2);
    target.add_string(1, "Node");
    target.add_string(3, request.node);
  }
  std::string body("k8s\0", 4);
  protozero::pbf_writer unknown(body);
  {
    protozero::pbf_writer type(unknown, 1);
    type.add_string(1, "v1");
    type.add_string(2, "Binding");
  }
  unknown.add_message(2, binding);
  return body;
}

std::string EvictionBody(const EvictRequest& request, std::string_view api_version) {
  JsonWriter json;
  json.BeginObject()
      .Field("apiVersion", api_version)
      .Field("kind", "Eviction")
      .Key("metadata")
      .BeginObject()
      .Field("name", request.pod.name)
      .Field("namespace", request.pod.ns)
      .EndObject()
      .Key("deleteOptions")
      .BeginObject()
      .Key("preconditions")
      .BeginObject()
      .Field("uid", request.pod.uid)
      .EndObject()
      .EndObject()
      .EndObject();
  return json.Take();
}

std::string PendingPatch(const PendingStatus& status, Instant now) {
  std::string message = status.message;
  if (!status.code.empty() && message.rfind(status.code, 0) != 0) {
    message = fmt::format("{}: {}", status.code, status.message);
  }
  JsonWriter json;
  json.BeginObject().Key("metadata").BeginObject().Field("uid", status.pod.uid).EndObject();
  json.Key("status").BeginObject().Key("conditions").BeginArray().BeginObject();
  json.Field("type", "PodScheduled")
      .Field("status", "False")
      .Field("reason", status.reason)
      .Field("message", message)
      .Key("lastProbeTime")
      .Null()
      .Field("lastTransitionTime", FormatInstant(WholeSeconds(now)));
  json.EndObject().EndArray().EndObject().EndObject();
  return json.Take();
}

std::string EventBody(const EventNote& note, std::uint64_t unique, Instant now) {
  const std::string at = FormatInstant(WholeSeconds(now));
  const std::string message =
      note.node.empty()
          ? note.message
          : fmt::format("Successfully assigned {}/{} to {}", note.pod.ns, note.pod.name, note.node);
  JsonWriter json;
  json.BeginObject().Field("apiVersion", "v1").Field("kind", "Event");
  json.Key("metadata")
      .BeginObject()
      .Field("name", fmt::format("{}.{:016x}", EventPrefix(note.pod.name), unique))
      .Field("namespace", note.pod.ns)
      .EndObject();
  json.Key("involvedObject")
      .BeginObject()
      .Field("apiVersion", "v1")
      .Field("kind", "Pod")
      .Field("namespace", note.pod.ns)
      .Field("name", note.pod.name)
      .Field("uid", note.pod.uid)
      .EndObject();
  json.Field("type", note.warning ? "Warning" : "Normal")
      .Field("reason", note.reason)
      .Field("message", Shortened(message, kMaxEventMessage))
      .Key("source")
      .BeginObject()
      .Field("component", "fairlead")
      .EndObject()
      .Field("firstTimestamp", at)
      .Field("lastTimestamp", at)
      .Field("count", std::int64_t{1})
      .EndObject();
  return json.Take();
}

}  // namespace fairlead::kube
