// Which form the client wants its answer in, and which one its body is in. Forms: JSON, protobuf
// (built-in kinds only); either as the object itself, as metadata only, or (JSON) as a Table. YAML
// is named in the errors, as the real server does, but not spoken.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scheduler/apiserver/answer.h"

namespace fairlead::apiserver {

enum class Media : std::uint8_t { kJson, kProtobuf };

enum class Shape : std::uint8_t { kObject, kTable, kMetadata, kMetadataList };

struct Output {
  Media media = Media::kJson;
  Shape shape = Shape::kObject;
  std::string meta_version = "v1";  // "v1beta1": the older meta.k8s.io
};

struct OutputRules {
  bool protobuf = true;      // of the object itself
  bool transforms = true;    // Table, PartialObjectMetadata
  bool strict_types = true;  // exact types or */* only, which the router of built-in kinds asks for
  bool stream = false;       // a watch
};

// 406 in the real server's words if nothing of what is asked for can be given.
Answer<Output> NegotiateOutput(std::string_view accept, const OutputRules& rules);
// For errors, which go out in any case and as they are: JSON unless protobuf is preferred.
Media ErrorMedia(std::string_view accept);

// The media type of a body, without parameters; empty: JSON. 415 for others.
Answer<Media> NegotiateInput(std::string_view content_type, bool protobuf);

std::string_view ContentType(Media media, bool stream);

// "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList": the version asked for
// where aggregated discovery is acceptable before anything plain; none: plain discovery.
std::optional<std::string> AggregatedDiscovery(std::string_view accept);

}  // namespace fairlead::apiserver
