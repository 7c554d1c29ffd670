// The bodies and paths of the requests that write.
#pragma once

#include <string>
#include <string_view>

#include "fairlead/base/time.h"
#include "fairlead/engine/ports.h"

namespace fairlead::kube {

// "/api/v1/namespaces/NS/pods/NAME", with "/" and the subresource where there is one.
std::string PodPath(const PodRef& pod, std::string_view subresource);

// v1 Binding as protobuf, made by hand: it is the hot one.
std::string BindingBody(const BindRequest& request);
// JSON.
std::string EvictionBody(const EvictRequest& request, std::string_view api_version);
// A strategic merge patch: conditions merge by type, and a wrong uid is a conflict.
std::string PendingPatch(const PendingStatus& status, Instant now);
// "/apis/fairlead.dev/v1alpha1/queues/NAME", with "/" and the subresource.
std::string QueuePath(std::string_view name, std::string_view subresource);
// A JSON patch that replaces the status as a whole, so that no amount of before stays; another uid
// makes it fail.
std::string QueueStatusPatch(const QueueStatus& status);
// `unique` goes into the event's name.
std::string EventBody(const EventNote& note, std::uint64_t unique, Instant now);

}  // namespace fairlead::kube
