// What an answer that is no success says, for people.
#pragma once

#include <string>
#include <string_view>

#include "fairlead/kube/decode.h"
#include "scheduler/kube/http.h"
#include "scheduler/kube/pace.h"

namespace fairlead::kube {

// The Status in an answer's body, of either encoding; empty where there is none.
ApiStatus StatusOf(const HttpAnswer& answer);

// "may not list pods (403): ...", "list pods: 500: ...", or why there was no answer. `what` is verb
// and resource: "list pods".
std::string Describe(const HttpAnswer& answer, std::string_view what);

// How long the server asks to wait, or `otherwise`.
Duration RetryAfter(const HttpAnswer& answer, const Pace& pace, Duration otherwise);

}  // namespace fairlead::kube
