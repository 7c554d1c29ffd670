// The rules for what may be stored: defaults, what a client may not set, admission plugins that are
// on by default, validation, and what an update may change. One pass per kind, each in a file of
// its own. They read the store and change only the object in hand.
#pragma once

#include <optional>
#include <string_view>

#include "fairlead/apiserver/api_server.h"
#include "scheduler/apiserver/answer.h"
#include "scheduler/apiserver/resources.h"
#include "scheduler/apiserver/store.h"

namespace fairlead::apiserver {

struct AdmissionContext {
  const Store& store;
  const Resources& resources;
  const Resource& resource;
  Profile profile;
  Instant now;
};

// Before a create. The object is pruned, has its name, namespace, uid and creationTimestamp
// already. Resets what clients may not set (status), sets defaults, runs admission (priority,
// default tolerations, namespace lifecycle), validates.
std::optional<ApiError> PrepareCreate(const AdmissionContext& context, json::object* object);

// Before an update or patch of `subresource` ("" or "status"). Metadata that cannot change has been
// restored. Keeps the part that this subresource does not own from `old`, sets defaults, validates
// the object and the change (immutable fields: 422 with the real server's words); raises
// metadata.generation where the kind has one.
std::optional<ApiError> PrepareUpdate(const AdmissionContext& context, const json::object& old,
                                      std::string_view subresource, json::object* object);

// The namespace of something that is made in it is there (404) and does not end (403). For creates
// PrepareCreate does this; bindings and evictions are creates too.
std::optional<ApiError> CheckNamespace(const AdmissionContext& context, std::string_view ns,
                                       std::string_view name);

// POST pods/NAME/binding: checks the Binding and writes nodeName, annotations, labels (current
// profile) and the condition PodScheduled=True into the pod. 409 where it is assigned, deleting or
// gated, or (current profile) has another uid.
std::optional<ApiError> ApplyBinding(const AdmissionContext& context, const json::object& binding,
                                     json::object* pod);

// Whether an eviction of the pod is allowed by its disruption budgets: none = yes; 429 where one
// forbids it, 500 where several cover the pod. If it is allowed, `*budget` is the budget with its
// status as it must be stored before the pod is deleted (disruptedPods, disruptionsAllowed - 1);
// empty if no budget covers the pod.
std::optional<ApiError> CheckEviction(const AdmissionContext& context, const json::object& pod,
                                      json::object* budget);

// A name as the kind demands; the cause is in the real server's words.
std::optional<Cause> CheckName(const Resource& resource, std::string_view name);

}  // namespace fairlead::apiserver
