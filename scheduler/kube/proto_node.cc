// core/v1 Node and Namespace, batch/v1 Job.
#include "scheduler/kube/proto_wire.h"
#include "scheduler/kube/translate.h"

namespace fairlead::kube {
namespace {

RawTaint ReadTaint(pbf_reader taint) {
  RawTaint out;
  while (taint.next()) {
    switch (taint.tag_and_type()) {
      case Bytes(1):
        out.key = View(&taint);
        break;
      case Bytes(2):
        out.value = View(&taint);
        break;
      case Bytes(3):
        out.effect = View(&taint);
        break;
      default:
        taint.skip();
    }
  }
  return out;
}

void ReadNodeSpec(pbf_reader spec, RawNode* out) {
  while (spec.next()) {
    switch (spec.tag_and_type()) {
      case Varint(4):
        out->unschedulable = spec.get_bool();
        break;
      case Bytes(5):
        out->taints.push_back(ReadTaint(spec.get_message()));
        break;
      default:
        spec.skip();
    }
  }
}

void ReadNodeStatus(pbf_reader status, RawNode* out) {
  while (status.next()) {
    if (status.tag_and_type() == Bytes(2)) {
      out->allocatable.push_back(ReadQuantityPair(status.get_message()));
    } else {
      status.skip();
    }
  }
}

void ReadNode(pbf_reader node, RawNode* out) {
  while (node.next()) {
    switch (node.tag_and_type()) {
      case Bytes(1):
        ReadMeta(node.get_message(), &out->meta);
        break;
      case Bytes(2):
        ReadNodeSpec(node.get_message(), out);
        break;
      case Bytes(3):
        ReadNodeStatus(node.get_message(), out);
        break;
      default:
        node.skip();
    }
  }
}

void ReadJobSpec(pbf_reader spec, RawJob* out) {
  while (spec.next()) {
    if (spec.tag_and_type() == Varint(1)) {
      out->parallelism = spec.get_int32();
    } else {
      spec.skip();
    }
  }
}

void ReadJob(pbf_reader job, RawJob* out) {
  while (job.next()) {
    switch (job.tag_and_type()) {
      case Bytes(1):
        ReadMeta(job.get_message(), &out->meta);
        break;
      case Bytes(2):
        ReadJobSpec(job.get_message(), out);
        break;
      default:
        job.skip();
    }
  }
}

// Any object: its metadata is field 1.
void ReadOnlyMeta(pbf_reader object, RawMeta* out) {
  while (object.next()) {
    if (object.tag_and_type() == Bytes(1)) {
      ReadMeta(object.get_message(), out);
    } else {
      object.skip();
    }
  }
}

}  // namespace

Result<NodeInfo> NodeFromProto(std::string_view bytes, const TranslateOptions& options,
                               ObjectMeta* meta) {
  RawArena arena;
  RawNode raw(arena.memory());
  Status read = Guarded("Node", [&] { ReadNode(Reader(bytes), &raw); });
  if (!read.ok()) return read.error();
  CopyMeta(raw.meta, meta);
  return TranslateNode(raw, options);
}

Result<JobInfo> JobFromProto(std::string_view bytes, ObjectMeta* meta) {
  RawArena arena;
  RawJob raw(arena.memory());
  Status read = Guarded("Job", [&] { ReadJob(Reader(bytes), &raw); });
  if (!read.ok()) return read.error();
  CopyMeta(raw.meta, meta);
  return TranslateJob(raw);
}

Result<NamespaceInfo> NamespaceFromProto(std::string_view bytes, ObjectMeta* meta) {
  RawArena arena;
  RawMeta raw(arena.memory());
  Status read = Guarded("Namespace", [&] { ReadOnlyMeta(Reader(bytes), &raw); });
  if (!read.ok()) return read.error();
  CopyMeta(raw, meta);
  return TranslateNamespace(raw);
}

Result<ObjectMeta> MetaFromProto(std::string_view raw_bytes) {
  RawArena arena;
  RawMeta raw(arena.memory());
  Status read = Guarded("object", [&] { ReadOnlyMeta(Reader(raw_bytes), &raw); });
  if (!read.ok()) return read.error();
  ObjectMeta out;
  CopyMeta(raw, &out);
  return out;
}

Result<Bookmark> BookmarkFromProto(std::string_view raw_bytes) {
  RawArena arena;
  RawMeta raw(arena.memory());
  Status read = Guarded("bookmark", [&] { ReadOnlyMeta(Reader(raw_bytes), &raw); });
  if (!read.ok()) return read.error();
  return TranslateBookmark(raw);
}

}  // namespace fairlead::kube
