// A store and the resources of a profile, to try single writes on.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/apiserver/admission.h"
#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {

inline json::object Parsed(std::string_view text) {
  json::value value;
  std::string why;
  EXPECT_TRUE(ParseJson(text, &value, &why)) << why << " in " << text;
  return value.is_object() ? value.get_object() : json::object();
}

struct World {
  explicit World(Profile of = Profile::k120) : profile(of), resources(of) {
    Namespace("default", "Active");
    Class("system-node-critical", 2'000'001'000, false);
  }

  void Namespace(std::string_view name, std::string_view phase) {
    json::object ns;
    At(&ns, {"metadata", "name"}) = Str(name);
    At(&ns, {"status", "phase"}) = Str(phase);
    store.Put("namespaces", std::move(ns));
  }

  void Class(std::string_view name, std::int64_t value, bool is_default) {
    json::object object;
    At(&object, {"metadata", "name"}) = Str(name);
    object["value"] = value;
    if (is_default) object["globalDefault"] = true;
    store.Put("priorityclasses.scheduling.k8s.io", std::move(object));
  }

  const Resource& Of(std::string_view storage) const {
    const Resource* found = resources.Stored(storage);
    EXPECT_NE(found, nullptr) << storage;
    return *found;
  }

  AdmissionContext Context(std::string_view storage) const {
    return {store, resources, Of(storage), profile, Instant{1'767'225'600'000'000'000}};
  }

  // As a request's object is before it is admitted.
  json::object Normal(std::string_view storage, std::string_view text) const {
    json::object object = Parsed(text);
    const Resource& resource = Of(storage);
    if (resource.schema != nullptr) {
      const Answer<Done> pruned = Prune(*resource.schema, profile, &object);
      EXPECT_TRUE(pruned.ok());
    }
    json::object& meta = ObjectAt(&object, {"metadata"});
    if (resource.namespaced && !meta.contains("namespace")) meta["namespace"] = "default";
    if (!meta.contains("uid")) meta["uid"] = "u-1";
    return object;
  }

  std::optional<ApiError> Create(std::string_view storage, json::object* object) const {
    return PrepareCreate(Context(storage), object);
  }
  json::object Created(std::string_view storage, std::string_view text) const {
    json::object object = Normal(storage, text);
    const auto error = Create(storage, &object);
    EXPECT_FALSE(error) << error->message;
    return object;
  }
  // The causes as "field: message"; for errors without causes the code and the message.
  std::vector<std::string> Complaints(std::string_view storage, std::string_view text) const {
    json::object object = Normal(storage, text);
    return Told(Create(storage, &object));
  }
  std::vector<std::string> UpdateComplaints(std::string_view storage, const json::object& old,
                                            json::object object,
                                            std::string_view subresource = "") const {
    return Told(PrepareUpdate(Context(storage), old, subresource, &object));
  }

  static std::vector<std::string> Told(const std::optional<ApiError>& error) {
    std::vector<std::string> told;
    if (!error) return told;
    for (const Cause& cause : error->causes) told.push_back(cause.field + ": " + cause.message);
    if (error->code != 422) told.push_back(std::to_string(error->code) + ": " + error->message);
    return told;
  }

  Profile profile;
  Store store{1'000};
  Resources resources;
};

}  // namespace fairlead::apiserver
