// What a loaded snapshot does not write down because its gangs say it.
#pragma once

#include <optional>
#include <string>

#include "fairlead/model/snapshot.h"

namespace fairlead {

// Sets Snapshot::shape_members from the gangs.
void DeriveShapeMembers(Snapshot* snapshot);

// Sets Claim::holdings from the gangs. What is wrong with them, or nullopt.
std::optional<std::string> DeriveHoldings(Snapshot* snapshot);

}  // namespace fairlead
