// ObjectMeta and what else is common to all kinds.
#include "scheduler/kube/proto_wire.h"

namespace fairlead::kube {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kMaxSeconds =
    9'214'646'400;  // 2262-01-01, as far as an Instant is sure to go

Instant ReadTime(pbf_reader time) {
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  while (time.next()) {
    switch (time.tag_and_type()) {
      case Varint(1):
        seconds = time.get_int64();
        break;
      case Varint(2):
        nanos = time.get_int32();
        break;
      default:
        time.skip();
    }
  }
  const bool sound = seconds >= 0 && seconds < kMaxSeconds && nanos >= 0 && nanos < kNanosPerSecond;
  return sound ? Instant{seconds * kNanosPerSecond + nanos} : Instant{};
}

RawOwner ReadOwner(pbf_reader owner) {
  RawOwner out;
  while (owner.next()) {
    switch (owner.tag_and_type()) {
      case Bytes(1):
        out.kind = View(&owner);
        break;
      case Bytes(3):
        out.name = View(&owner);
        break;
      case Bytes(4):
        out.uid = View(&owner);
        break;
      case Bytes(5):
        out.api_version = View(&owner);
        break;
      case Varint(6):
        out.controller = owner.get_bool();
        break;
      default:
        owner.skip();
    }
  }
  return out;
}

// A Quantity is a message with its text in field 1.
std::string_view ReadQuantity(pbf_reader quantity) {
  std::string_view out;
  while (quantity.next()) {
    if (quantity.tag_and_type() == Bytes(1)) {
      out = View(&quantity);
    } else {
      quantity.skip();
    }
  }
  return out;
}

}  // namespace

RawPair ReadPair(pbf_reader entry) {
  RawPair out;
  while (entry.next()) {
    switch (entry.tag_and_type()) {
      case Bytes(1):
        out.key = View(&entry);
        break;
      case Bytes(2):
        out.value = View(&entry);
        break;
      default:
        entry.skip();
    }
  }
  return out;
}

RawPair ReadQuantityPair(pbf_reader entry) {
  RawPair out = ReadPair(entry);
  out.value = ReadQuantity(Reader(out.value));
  return out;
}

void ReadMeta(pbf_reader reader, RawMeta* out) {
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        out->name = View(&reader);
        break;
      case Bytes(3):
        out->ns = View(&reader);
        break;
      case Bytes(5):
        out->uid = View(&reader);
        break;
      case Bytes(6):
        out->resource_version = View(&reader);
        break;
      case Bytes(8):
        out->created = ReadTime(reader.get_message());
        break;
      case Bytes(9):
        reader.skip();
        out->deleting = true;
        break;
      case Bytes(11):
        out->labels.push_back(ReadPair(reader.get_message()));
        break;
      case Bytes(12):
        out->annotations.push_back(ReadPair(reader.get_message()));
        break;
      case Bytes(13):
        out->owners.push_back(ReadOwner(reader.get_message()));
        break;
      default:
        reader.skip();
    }
  }
}

}  // namespace fairlead::kube
