// Reading Kubernetes' protobuf with protozero: what the proto_*.cc files share.
//
// Fields are told apart by number and wire type together, so that a field of the wrong type is
// skipped like an unknown one. protozero throws on malformed bytes; Guarded() is the border that no
// exception crosses.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <string_view>

#include "fairlead/base/result.h"
#include "scheduler/kube/raw.h"

namespace fairlead::kube {

using protozero::pbf_reader;

// Case labels for pbf_reader::tag_and_type().
constexpr std::uint32_t Bytes(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::length_delimited);
}
constexpr std::uint32_t Varint(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::varint);
}

inline std::string_view View(pbf_reader* reader) {
  const protozero::data_view view = reader->get_view();
  return {view.data(), view.size()};
}

inline pbf_reader Reader(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

// Runs `read`; malformed bytes become an error.
template <typename Read>
Status Guarded(std::string_view what, Read&& read) {
  try {
    read();
  } catch (const protozero::exception& e) {
    return DecodeError(fmt::format("malformed protobuf {}: {}", what, e.what()));
  }
  return Ok{};
}

// Each of these may throw protozero::exception.
void ReadMeta(pbf_reader reader, RawMeta* out);
void ReadAffinity(pbf_reader affinity, RawPod* out);
// A topology spread constraint; its lists go to those of `pod`.
RawSpread ReadSpread(pbf_reader constraint, RawPod* pod);
// One entry of a map<string, string>.
RawPair ReadPair(pbf_reader entry);
// One entry of a map<string, Quantity>.
RawPair ReadQuantityPair(pbf_reader entry);

}  // namespace fairlead::kube
