// How commands talk to the API server, by the configuration.
#pragma once

#include "fairlead/config/config.h"
#include "fairlead/kube/client.h"

namespace fairlead::cli {

kube::ClientOptions ClientOptionsOf(const Config& config);

}  // namespace fairlead::cli
