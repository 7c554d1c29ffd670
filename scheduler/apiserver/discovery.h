// What clients ask first: /version, /api, /apis, /api/v1, /apis/GROUP/VERSION, aggregated discovery
// (current profile), /openapi/v2 as far as kubectl needs it, /healthz, /livez, /readyz.
#pragma once

#include <optional>

#include "fairlead/apiserver/api_server.h"
#include "scheduler/apiserver/resources.h"

namespace fairlead::apiserver {

// None: not a path of discovery. Methods other than GET: 405.
std::optional<Response> AnswerDiscovery(const Resources& resources, Profile profile,
                                        const Request& request);

}  // namespace fairlead::apiserver
