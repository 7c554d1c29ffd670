#include "fairlead/ledger/interval_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "fairlead/base/json.h"
#include "fairlead/model/json_fields.h"

namespace fairlead::ledger {
namespace {

constexpr std::array<std::string_view, 41> kKeys = {"record_id",
                                                    "cluster",
                                                    "revision",
                                                    "supersedes",
                                                    "kind",
                                                    "tenant",
                                                    "queue",
                                                    "environment",
                                                    "namespace",
                                                    "pod",
                                                    "pod_uid",
                                                    "gang",
                                                    "owner_kind",
                                                    "owner",
                                                    "user",
                                                    "cost_center",
                                                    "labels",
                                                    "node",
                                                    "gpu_model",
                                                    "devices",
                                                    "unknown_devices",
                                                    "slices",
                                                    "slices_per_gpu",
                                                    "gpu_memory_bytes",
                                                    "cpu_milli",
                                                    "memory_bytes",
                                                    "storage_bytes",
                                                    "down",
                                                    "class",
                                                    "phase",
                                                    "submitted",
                                                    "eligible",
                                                    "start",
                                                    "end",
                                                    "end_reason",
                                                    "preempted_by",
                                                    "epoch",
                                                    "source",
                                                    "seq",
                                                    "previous_hash",
                                                    "hash"};

class Writer {
 public:
  void Text(std::string_view key, std::string_view value) {
    if (!value.empty()) json_.Field(key, value);
  }
  void Number(std::string_view key, std::int64_t value) {
    if (value != 0) json_.Field(key, value);
  }
  void Time(std::string_view key, const std::optional<Instant>& time) {
    if (time) json_.Field(key, FormatInstant(*time));
  }
  JsonWriter json_;
};

void WriteWho(const Interval& i, Writer* out) {
  out->Text("tenant", i.tenant);
  out->Text("queue", i.queue);
  out->Text("environment", i.environment);
  out->Text("namespace", i.ns);
  out->Text("pod", i.pod);
  out->Text("pod_uid", i.pod_uid);
  out->Text("gang", i.gang);
  out->Text("owner_kind", i.owner_kind);
  out->Text("owner", i.owner);
  out->Text("user", i.user);
  out->Text("cost_center", i.cost_center);
  if (i.labels.empty()) return;
  out->json_.Key("labels").BeginObject();
  for (const auto& [key, value] : i.labels) out->json_.Field(key, value);
  out->json_.EndObject();
}

void WriteWhat(const Interval& i, Writer* out) {
  out->Text("node", i.node);
  out->Text("gpu_model", i.gpu_model);
  if (!i.devices.empty()) {
    out->json_.Key("devices").BeginArray();
    for (const std::int32_t device : i.devices) out->json_.Int(device);
    out->json_.EndArray();
  }
  out->Number("unknown_devices", i.unknown_devices);
  out->Number("slices", i.slices);
  out->Number("slices_per_gpu", i.slices_per_gpu);
  out->Number("gpu_memory_bytes", i.gpu_memory_bytes);
  out->Number("cpu_milli", i.cpu_milli);
  out->Number("memory_bytes", i.memory_bytes);
  out->Number("storage_bytes", i.storage_bytes);
  if (i.down) out->json_.Field("down", true);
}

void WriteWhen(const Interval& i, Writer* out) {
  if (i.use_class != UseClass::kEntitled) out->Text("class", UseClassName(i.use_class));
  if (i.phase != Phase::kRunning) out->Text("phase", PhaseName(i.phase));
  out->Time("submitted", i.submitted);
  out->Time("eligible", i.eligible);
  out->Time("start", i.start);
  out->Time("end", i.end);
  out->Text("end_reason", EndReasonName(i.end_reason));
  out->Text("preempted_by", i.preempted_by);
  out->Number("epoch", i.epoch);
  if (i.source != Source::kWatch) out->Text("source", SourceName(i.source));
}

// The members of the interval, in an object that is open.
void Write(const Interval& i, Writer* out) {
  out->Text("record_id", i.record_id);
  if (i.cluster != "default") out->Text("cluster", i.cluster);
  out->Number("revision", i.revision);
  out->Text("supersedes", i.supersedes);
  if (i.kind != Kind::kUsage) out->Text("kind", KindName(i.kind));
  WriteWho(i, out);
  WriteWhat(i, out);
  WriteWhen(i, out);
}

// JsonFields whose fields may be left out.
class Reader {
 public:
  Reader(simdjson::dom::element element, std::optional<Error>* error)
      : fields_(element, "", error), error_(error) {}

  void Text(std::string_view key, std::string* out) {
    if (fields_.Has(key)) *out = fields_.String(key);
  }
  void Number(std::string_view key, std::int64_t* out) {
    if (fields_.Has(key)) *out = fields_.Int(key, 0);
  }
  void Number(std::string_view key, std::int32_t* out) {
    if (fields_.Has(key)) *out = fields_.Int32(key, 0);
  }
  void Bool(std::string_view key, bool* out) {
    if (fields_.Has(key)) *out = fields_.Bool(key);
  }
  void Time(std::string_view key, std::optional<Instant>* out) {
    if (!fields_.Has(key)) return;
    const std::string text = fields_.String(key);
    if (!fields_.ok()) return;
    const Result<Instant> time = ParseInstant(text);
    if (time.ok()) {
      *out = *time;
    } else {
      Fail(key, time.error().message);
    }
  }
  template <typename Enum>
  void Choice(std::string_view key, std::optional<Enum> (*parse)(std::string_view), Enum* out) {
    if (!fields_.Has(key)) return;
    const std::string text = fields_.String(key);
    if (!fields_.ok()) return;
    const std::optional<Enum> value = parse(text);
    if (value) {
      *out = *value;
    } else {
      Fail(key, fmt::format("'{}' is none of its values", text));
    }
  }
  void Devices(std::vector<std::int32_t>* out) {
    if (!fields_.Has("devices")) return;
    fields_.Array("devices", [&](simdjson::dom::element item) {
      const auto device = fields_.Value<std::int64_t>(item, "devices", "an array of integers");
      const bool sane = device >= 0 && device <= std::numeric_limits<std::int32_t>::max();
      if (!sane) return Fail("devices", "expected device numbers from 0");
      out->push_back(static_cast<std::int32_t>(device));
    });
  }
  void LabelsInto(Labels* out) {
    if (!fields_.Has("labels")) return;
    fields_.Object("labels", [&](const std::string& key, simdjson::dom::element value) {
      out->emplace_back(key,
                        fields_.Value<std::string_view>(value, "labels", "an object of strings"));
    });
    std::sort(out->begin(), out->end());
  }
  bool Has(std::string_view key) const { return fields_.Has(key); }
  void Fail(std::string_view key, std::string message) {
    if (error_->has_value()) return;
    Error error;
    error.field = std::string(key);
    error.message = std::move(message);
    *error_ = std::move(error);
  }

 private:
  JsonFields fields_;
  std::optional<Error>* error_;
};

void ReadWho(Reader* in, Interval* i) {
  in->Text("record_id", &i->record_id);
  in->Text("cluster", &i->cluster);
  in->Number("revision", &i->revision);
  in->Text("supersedes", &i->supersedes);
  in->Choice("kind", ParseKind, &i->kind);
  in->Text("tenant", &i->tenant);
  in->Text("queue", &i->queue);
  in->Text("environment", &i->environment);
  in->Text("namespace", &i->ns);
  in->Text("pod", &i->pod);
  in->Text("pod_uid", &i->pod_uid);
  in->Text("gang", &i->gang);
  in->Text("owner_kind", &i->owner_kind);
  in->Text("owner", &i->owner);
  in->Text("user", &i->user);
  in->Text("cost_center", &i->cost_center);
  in->LabelsInto(&i->labels);
}

void ReadWhat(Reader* in, Interval* i) {
  in->Text("node", &i->node);
  in->Text("gpu_model", &i->gpu_model);
  in->Devices(&i->devices);
  in->Number("unknown_devices", &i->unknown_devices);
  in->Number("slices", &i->slices);
  in->Number("slices_per_gpu", &i->slices_per_gpu);
  in->Number("gpu_memory_bytes", &i->gpu_memory_bytes);
  in->Number("cpu_milli", &i->cpu_milli);
  in->Number("memory_bytes", &i->memory_bytes);
  in->Number("storage_bytes", &i->storage_bytes);
  in->Bool("down", &i->down);
}

void ReadWhen(Reader* in, Interval* i) {
  in->Choice("class", ParseUseClass, &i->use_class);
  in->Choice("phase", ParsePhase, &i->phase);
  in->Time("submitted", &i->submitted);
  in->Time("eligible", &i->eligible);
  std::optional<Instant> start;
  in->Time("start", &start);
  if (!start) in->Fail("start", "expected a time in RFC 3339, such as 2026-01-01T12:00:00Z");
  i->start = start.value_or(Instant{});
  in->Time("end", &i->end);
  in->Choice("end_reason", ParseEndReason, &i->end_reason);
  in->Text("preempted_by", &i->preempted_by);
  in->Number("epoch", &i->epoch);
  in->Choice("source", ParseSource, &i->source);
}

void RefuseUnknownKeys(const simdjson::dom::element& element, Reader* in) {
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return;
  std::vector<std::string_view> seen;
  for (const auto [key, value] : object) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      return in->Fail(key, "no such key of an interval");
    }
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      return in->Fail(key, "the key stands there twice");
    }
    seen.push_back(key);
  }
}

Error Wrong(std::string field, std::string message) {
  Error error;
  error.field = std::move(field);
  error.message = std::move(message);
  return error;
}

// The id and the hash are those of what the line says.
Status CheckProof(const StoredInterval& stored) {
  const std::string id = RecordIdOf(stored.interval);
  if (stored.interval.record_id != id) {
    return Wrong("record_id", fmt::format("{} is not that of this interval, which is {}",
                                          stored.interval.record_id, id));
  }
  if (stored.hash.empty()) return Ok{};
  const std::string hash = ChainHash(stored.previous_hash, CanonicalJson(stored.interval));
  if (stored.hash != hash) {
    return Wrong("hash", "does not match what the line says: the line was changed");
  }
  return Ok{};
}

}  // namespace

std::string CanonicalJson(const Interval& interval) {
  Writer out;
  out.json_.BeginObject();
  Write(interval, &out);
  out.json_.EndObject();
  return out.json_.Take();
}

std::string ToJsonLine(const StoredInterval& stored) {
  Writer out;
  out.json_.BeginObject();
  Write(stored.interval, &out);
  out.Number("seq", stored.seq);
  out.Text("previous_hash", stored.previous_hash);
  out.Text("hash", stored.hash);
  out.json_.EndObject();
  return out.json_.Take();
}

Result<StoredInterval> ParseInterval(std::string_view line) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (const auto code = parser.parse(line.data(), line.size()).get(element); code) {
    return Wrong("", fmt::format("not one JSON object: {}", simdjson::error_message(code)));
  }
  if (!element.is_object()) return Wrong("", "expected a JSON object");
  std::optional<Error> error;
  Reader in(element, &error);
  StoredInterval stored;
  RefuseUnknownKeys(element, &in);
  ReadWho(&in, &stored.interval);
  ReadWhat(&in, &stored.interval);
  ReadWhen(&in, &stored.interval);
  in.Number("seq", &stored.seq);
  in.Text("previous_hash", &stored.previous_hash);
  in.Text("hash", &stored.hash);
  if (error) return *error;
  // Whole GPUs need not say so.
  Interval& interval = stored.interval;
  if (interval.gpus() > 0 && !in.Has("slices") && !in.Has("slices_per_gpu")) {
    interval.slices = interval.slices_per_gpu = 1;
  }
  if (interval.end && !in.Has("end_reason")) interval.end_reason = EndReason::kUnknown;
  if (interval.record_id.empty()) interval.record_id = RecordIdOf(interval);
  if (Status sane = CheckInterval(interval); !sane) return sane.error();
  if (Status proven = CheckProof(stored); !proven) return proven.error();
  return stored;
}

}  // namespace fairlead::ledger
