// Tables: what `kubectl get` asks for, with the columns that people know.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/time.h"
#include "scheduler/apiserver/json.h"
#include "scheduler/apiserver/resources.h"

namespace fairlead::apiserver {

enum class IncludeObject : std::uint8_t { kNone, kMetadata, kObject };

// meta.k8s.io/v1 Table with columnDefinitions and a row per object. Custom resources: the
// additionalPrinterColumns of their CRD, else name and age. `with_columns` false: watch frames
// after the first have none.
// The metadata of the list is the caller's to add. The profiles differ in a few columns.
json::object MakeTable(const Resource& resource, const std::vector<const json::object*>& objects,
                       IncludeObject include, bool with_columns, Instant now,
                       Profile profile = Profile::kCurrent);

// "5m12s", "3d4h": an age as kubectl writes it.
std::string HumanDuration(Duration age);

}  // namespace fairlead::apiserver
