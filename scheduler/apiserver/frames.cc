#include "scheduler/apiserver/frames.h"

#include "scheduler/apiserver/codec.h"

namespace fairlead::apiserver {
namespace {

void AppendText(const json::value& value, std::string* out) { *out += json::serialize(value); }

bool StoredAs(const Resource& resource, const json::object& object) {
  return GetString(object, {"apiVersion"}) == resource.ApiVersion();
}

json::object InVersion(const Resource& resource, const json::object& object) {
  json::object copy = object;
  copy["apiVersion"] = Str(resource.ApiVersion());
  return copy;
}

// The text without the two members that say what it is, where they come first as they do in what
// was stored through this server; empty: they do not.
std::string_view AfterTypeMeta(const Resource& resource, std::string_view text) {
  const std::string kind = "\"kind\":\"" + resource.kind + "\",";
  const std::string version = "\"apiVersion\":\"" + resource.ApiVersion() + "\",";
  if (!text.starts_with('{')) return {};
  const std::string_view rest = text.substr(1);
  const bool kind_first = rest.starts_with(kind);
  if (!kind_first && !rest.starts_with(version)) return {};
  const std::string& first = kind_first ? kind : version;
  const std::string& second = kind_first ? version : kind;
  if (!rest.substr(first.size()).starts_with(second)) return {};
  return rest.substr(first.size() + second.size());
}

bool IsStatus(const json::object& object) {
  return GetString(object, {"kind"}) == "Status" && GetString(object, {"apiVersion"}) == "v1";
}

void AppendJsonFrame(std::string_view type, std::string_view object, std::string* out) {
  *out += "{\"type\":\"";
  *out += type;
  *out += "\",\"object\":";
  *out += object;
  *out += "}\n";
}

void AppendStatusFrame(Media media, std::string_view type, const json::object& status,
                       std::string* out) {
  if (media == Media::kJson) {
    AppendJsonFrame(type, json::serialize(status), out);
    return;
  }
  const Message* message = FindMessage("", "v1", "Status");
  if (message != nullptr) AppendWatchFrame(type, EncodeUnknown(*message, status), out);
}

class ObjectFrames final : public FrameWriter {
 public:
  ObjectFrames(Resource resource, Media media) : resource_(std::move(resource)), media_(media) {}

  void Object(std::string_view type, const Version& version, std::string* out) override {
    if (media_ == Media::kProtobuf) {
      std::string scratch;
      AppendWatchFrame(type, ProtoText(resource_, version, &scratch), out);
      return;
    }
    if (StoredAs(resource_, version.object)) {
      AppendJsonFrame(type, version.JsonText(), out);
    } else {
      AppendJsonFrame(type, json::serialize(InVersion(resource_, version.object)), out);
    }
  }

  void Bare(std::string_view type, const json::object& object, std::string* out) override {
    if (IsStatus(object)) return AppendStatusFrame(media_, type, object, out);
    const json::object copy = InVersion(resource_, object);
    if (media_ == Media::kJson) return AppendJsonFrame(type, json::serialize(copy), out);
    AppendWatchFrame(type, EncodeUnknown(*resource_.schema, copy), out);
  }

 private:
  Resource resource_;
  Media media_;
};

class MetadataFrames final : public FrameWriter {
 public:
  explicit MetadataFrames(Output output) : output_(std::move(output)) {}

  void Object(std::string_view type, const Version& version, std::string* out) override {
    Bare(type, version.object, out);
  }

  void Bare(std::string_view type, const json::object& object, std::string* out) override {
    if (IsStatus(object)) return AppendStatusFrame(output_.media, type, object, out);
    const json::object partial = MetadataOnly(object, output_.meta_version);
    if (output_.media == Media::kJson) {
      return AppendJsonFrame(type, json::serialize(partial), out);
    }
    AppendWatchFrame(type, EncodeUnknown(MetadataMessage(), partial), out);
  }

 private:
  Output output_;
};

// Only the first table of a watch has column definitions.
class TableFrames final : public FrameWriter {
 public:
  TableFrames(Resource resource, const FrameOptions& options, const Api* api)
      : resource_(std::move(resource)), options_(options), api_(api) {}

  void Object(std::string_view type, const Version& version, std::string* out) override {
    Bare(type, version.object, out);
  }

  void Bare(std::string_view type, const json::object& object, std::string* out) override {
    if (IsStatus(object)) return AppendStatusFrame(Media::kJson, type, object, out);
    json::object table = TableOf(resource_, {&object},
                                 {options_.include, !columns_sent_, api_->Now(), api_->profile()});
    columns_sent_ = true;
    table["apiVersion"] = Str("meta.k8s.io/" + options_.output.meta_version);
    ObjectAt(&table, {"metadata"})["resourceVersion"] =
        Str(GetString(object, {"metadata", "resourceVersion"}));
    AppendJsonFrame(type, json::serialize(table), out);
  }

 private:
  Resource resource_;
  FrameOptions options_;
  const Api* api_;
  bool columns_sent_ = false;
};

}  // namespace

void AppendJson(const Resource& resource, const Version& version, std::string* out) {
  if (StoredAs(resource, version.object)) {
    *out += version.JsonText();
  } else {
    AppendText(InVersion(resource, version.object), out);
  }
}

void AppendJsonItem(const Resource& resource, const Version& version, std::string* out) {
  if (resource.custom) return AppendJson(resource, version, out);
  if (const std::string_view tail = AfterTypeMeta(resource, version.JsonText()); !tail.empty()) {
    *out += '{';
    *out += tail;
    return;
  }
  json::object copy = version.object;
  copy.erase("kind");
  copy.erase("apiVersion");
  AppendText(copy, out);
}

std::string_view ProtoText(const Resource& resource, const Version& version, std::string* scratch) {
  if (resource.schema == nullptr) return {};
  if (!StoredAs(resource, version.object)) {
    *scratch = EncodeUnknown(*resource.schema, InVersion(resource, version.object));
    return *scratch;
  }
  if (version.proto_text.empty()) {
    version.proto_text = EncodeUnknown(*resource.schema, version.object);
  }
  return version.proto_text;
}

json::object MetadataOnly(const json::object& object, std::string_view meta_version) {
  json::object partial;
  partial["kind"] = "PartialObjectMetadata";
  partial["apiVersion"] = Str("meta.k8s.io/" + std::string(meta_version));
  const json::object* metadata = FindObject(object, {"metadata"});
  partial["metadata"] = metadata == nullptr ? json::object() : *metadata;
  return partial;
}

const Message& MetadataMessage() {
  static const Message* const message = MessageNamed("meta.v1.PartialObjectMetadata");
  return *message;
}

json::object TableOf(const Resource& resource, const std::vector<const json::object*>& objects,
                     const TableOptions& options) {
  json::object table = MakeTable(resource, objects, options.include, options.with_columns,
                                 options.now, options.profile);
  if (!options.with_columns) table["columnDefinitions"] = nullptr;
  ObjectAt(&table, {"metadata"});
  return table;
}

std::shared_ptr<FrameWriter> MakeFrameWriter(const Resource& resource, const FrameOptions& options,
                                             const Api* api) {
  switch (options.output.shape) {
    case Shape::kTable:
      return std::make_shared<TableFrames>(resource, options, api);
    case Shape::kMetadata:
    case Shape::kMetadataList:
      return std::make_shared<MetadataFrames>(options.output);
    case Shape::kObject:
      break;
  }
  return std::make_shared<ObjectFrames>(resource, options.output.media);
}

}  // namespace fairlead::apiserver
