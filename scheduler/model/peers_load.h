// Reads what peers_json.h writes. Heavy (simdjson): include it in a .cc only.
#pragma once

#include <optional>
#include <vector>

#include "fairlead/model/json_fields.h"
#include "fairlead/model/snapshot.h"

namespace fairlead {

// Keys must be in order.
Labels ReadLabels(JsonFields* fields, std::string_view key);
std::vector<LabelRequirement> ReadRequirements(JsonFields* fields, std::string_view key,
                                               std::optional<Error>* error);

NodeTerm ReadNodeTerm(JsonFields* fields, std::optional<Error>* error);

// Fields "peers" and "residents", "namespaces" and "volumes", where the text has them.
struct LoadedPeers {
  std::vector<PeerRef> peers;
  std::shared_ptr<const std::vector<Resident>> residents;
  std::shared_ptr<const NamespaceLabels> namespaces;
  std::shared_ptr<const VolumeTable> volumes;
};
LoadedPeers ReadPeers(JsonFields* root, std::size_t nodes, std::optional<Error>* error);

}  // namespace fairlead
