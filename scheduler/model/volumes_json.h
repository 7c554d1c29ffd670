// What claims to volumes lead to, as a snapshot's JSON text holds it: the field "volumes".
#pragma once

#include <memory>
#include <optional>

#include "fairlead/base/json.h"
#include "fairlead/base/result.h"
#include "fairlead/model/volumes.h"

namespace fairlead {

class JsonFields;

void WriteVolumeTable(const VolumeTable& table, JsonWriter* json);
std::shared_ptr<const VolumeTable> ReadVolumeTable(JsonFields* root, std::optional<Error>* error);

}  // namespace fairlead
