// What is around objects: runtime.Unknown, lists, watch events, metav1.Status.
#include "fairlead/kube/decode.h"
#include "scheduler/kube/proto_wire.h"

namespace fairlead::kube {
namespace {

constexpr std::string_view kMagic("k8s\0", 4);

void ReadTypeMeta(pbf_reader type, Unknown* out) {
  while (type.next()) {
    switch (type.tag_and_type()) {
      case Bytes(1):
        out->api_version = View(&type);
        break;
      case Bytes(2):
        out->kind = View(&type);
        break;
      default:
        type.skip();
    }
  }
}

void ReadUnknown(pbf_reader unknown, Unknown* out) {
  while (unknown.next()) {
    switch (unknown.tag_and_type()) {
      case Bytes(1):
        ReadTypeMeta(unknown.get_message(), out);
        break;
      case Bytes(2):
        out->raw = View(&unknown);
        break;
      default:
        unknown.skip();
    }
  }
}

void ReadListMeta(pbf_reader meta, ListMeta* out) {
  while (meta.next()) {
    switch (meta.tag_and_type()) {
      case Bytes(2):
        out->resource_version = View(&meta);
        break;
      case Bytes(3):
        out->continue_token = View(&meta);
        break;
      default:
        meta.skip();
    }
  }
}

Status ReadItems(pbf_reader list, const ItemSink& item, ListMeta* meta) {
  while (list.next()) {
    switch (list.tag_and_type()) {
      case Bytes(1):
        ReadListMeta(list.get_message(), meta);
        break;
      case Bytes(2):
        if (Status s = item(View(&list)); !s.ok()) return s;
        break;
      default:
        list.skip();
    }
  }
  return Ok{};
}

// Field 1 of RawExtension: the object's bytes.
std::string_view ReadExtension(pbf_reader extension) {
  std::string_view out;
  while (extension.next()) {
    if (extension.tag_and_type() == Bytes(1)) {
      out = View(&extension);
    } else {
      extension.skip();
    }
  }
  return out;
}

void ReadWatchEvent(pbf_reader event, std::string_view* type, std::string_view* object) {
  while (event.next()) {
    switch (event.tag_and_type()) {
      case Bytes(1):
        *type = View(&event);
        break;
      case Bytes(2):
        *object = ReadExtension(event.get_message());
        break;
      default:
        event.skip();
    }
  }
}

void ReadDetails(pbf_reader details, ApiStatus* out) {
  while (details.next()) {
    if (details.tag_and_type() == Varint(5)) {
      out->retry_after_seconds = details.get_int32();
    } else {
      details.skip();
    }
  }
}

void ReadStatus(pbf_reader status, ApiStatus* out) {
  while (status.next()) {
    switch (status.tag_and_type()) {
      case Bytes(3):
        out->message = View(&status);
        break;
      case Bytes(4):
        out->reason = View(&status);
        break;
      case Bytes(5):
        ReadDetails(status.get_message(), out);
        break;
      case Varint(6):
        out->code = status.get_int32();
        break;
      default:
        status.skip();
    }
  }
}

}  // namespace

Result<Unknown> UnwrapProto(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) {
    return DecodeError("not a Kubernetes protobuf object: expected the magic \"k8s\\0\" first");
  }
  Unknown out;
  Status read = Guarded("object", [&] { ReadUnknown(Reader(bytes.substr(kMagic.size())), &out); });
  if (!read.ok()) return read.error();
  return out;
}

Result<ListMeta> ForEachItemProto(std::string_view raw, const ItemSink& item) {
  ListMeta meta;
  Status items = Ok{};
  Status read = Guarded("list", [&] { items = ReadItems(Reader(raw), item, &meta); });
  if (!read.ok()) return read.error();
  if (!items.ok()) return items.error();
  return meta;
}

Result<WatchFrame> WatchFrameFromProto(std::string_view frame) {
  WatchFrame out;
  std::string_view object;
  Status read = Guarded("watch event", [&] { ReadWatchEvent(Reader(frame), &out.type, &object); });
  if (!read.ok()) return read.error();
  if (out.type.empty()) return DecodeError("watch event without a type");
  Result<Unknown> unknown = UnwrapProto(object);
  if (!unknown.ok()) return unknown.error();
  out.kind = unknown->kind;
  out.raw = unknown->raw;
  return out;
}

Result<ApiStatus> StatusFromProto(std::string_view raw) {
  ApiStatus out;
  Status read = Guarded("Status", [&] { ReadStatus(Reader(raw), &out); });
  if (!read.ok()) return read.error();
  return out;
}

}  // namespace fairlead::kube
