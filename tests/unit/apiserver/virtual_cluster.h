// A server with kubelets and controllers on a loop in virtual time, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/apiserver/controllers.h"
#include "fairlead/apiserver/kubelets.h"
#include "fairlead/net/loop.h"
#include "scheduler/apiserver/api.h"

namespace fairlead::apiserver {

class LoopClock : public Clock {
 public:
  LoopClock(const net::IoLoop* loop, std::int64_t speed) : loop_(loop), speed_(speed) {}
  Instant Now() const override {
    return Instant{1'767'225'600'000'000'000 + loop_->Now().ns * speed_};  // from 2026-01-01
  }

 private:
  const net::IoLoop* loop_;
  std::int64_t speed_;
};

inline json::object FromText(std::string_view text) {
  json::value value;
  std::string why;
  EXPECT_TRUE(ParseJson(text, &value, &why)) << why << "\n" << text;
  return value.is_object() ? value.get_object() : json::object();
}

struct VirtualCluster {
  explicit VirtualCluster(Profile profile = Profile::kCurrent, KubeletOptions kubelet_options = {})
      : clock(&loop, kubelet_options.speed),
        server(OptionsOf(profile), &clock),
        api(server.api()),
        kubelets(&loop, &server, &clock, kubelet_options),
        controllers(&loop, &server, &clock, {.speed = kubelet_options.speed}) {}

  static ApiServerOptions OptionsOf(Profile profile) {
    ApiServerOptions options;
    options.profile = profile;
    return options;
  }

  void Settle() { loop.Poll(); }

  // In the cluster's time.
  void Advance(Duration duration, std::int64_t speed = 1) {
    const Instant until = loop.Now() + Duration{duration.ns / speed};
    loop.Poll();
    while (loop.NextTimer() <= until) {
      loop.AdvanceTo(loop.NextTimer());
      loop.Poll();
    }
    loop.AdvanceTo(until);
    loop.Poll();
  }

  json::object Create(const char* storage, std::string_view text,
                      const std::string& ns = "default") {
    const Resource& resource = api.Of(storage);
    auto created = api.Create(resource, resource.namespaced ? ns : "", FromText(text));
    EXPECT_TRUE(created.ok()) << (created.ok() ? "" : created.error().message);
    return created.ok() ? (*created)->object : json::object();
  }

  // A pod with one container, from its requests and what else its spec and metadata have.
  void CreatePod(const std::string& name, const std::string& requests,
                 const std::string& annotations = "{}", const std::string& spec = "") {
    Create("pods", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name +
                       R"(","annotations":)" + annotations +
                       R"(},"spec":{"restartPolicy":"Never",)" + spec +
                       R"("containers":[{"name":"main","image":"x","resources":{"requests":)" +
                       requests + R"(,"limits":)" + requests + "}}]}}");
  }

  bool Bind(const std::string& name, const std::string& node, const std::string& ns = "default") {
    return api
        .Bind({ns, name}, FromText(R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":")" +
                                   name + R"("},"target":{"kind":"Node","name":")" + node + "\"}}"))
        .ok();
  }

  void RunPod(const std::string& name, const std::string& node, const std::string& requests,
              const std::string& annotations = "{}", const std::string& spec = "") {
    CreatePod(name, requests, annotations, spec);
    EXPECT_TRUE(Bind(name, node)) << name;
    Settle();
  }

  // Empty object: there is none.
  json::object Get(std::string_view storage, const std::string& name,
                   const std::string& ns = "default") {
    const VersionPtr found = api.store().Get(storage, ns, name);
    return found == nullptr ? json::object() : found->object;
  }
  bool Has(std::string_view storage, const std::string& name, const std::string& ns = "default") {
    return api.store().Get(storage, ns, name) != nullptr;
  }
  std::string Phase(const std::string& pod) {
    return std::string(GetString(Get("pods", pod), {"status", "phase"}));
  }
  std::string ConditionOf(const json::object& object, std::string_view type) {
    if (const json::array* conditions = FindArray(object, {"status", "conditions"})) {
      for (const json::value& entry : *conditions) {
        const json::object* condition = entry.if_object();
        if (condition == nullptr || GetString(*condition, {"type"}) != type) continue;
        const std::string_view reason = GetString(*condition, {"reason"});
        return std::string(GetString(*condition, {"status"})) +
               (reason.empty() ? "" : " " + std::string(reason));
      }
    }
    return "";
  }
  std::vector<std::string> Names(std::string_view storage, const std::string& ns = "default") {
    std::vector<std::string> names;
    for (const auto& [key, version] : api.store().table(storage)) {
      if (key.ns == ns) names.push_back(key.name);
    }
    return names;
  }
  bool Delete(const char* storage, const std::string& name, const DeleteOptions& options = {},
              const std::string& ns = "default") {
    const Resource& resource = api.Of(storage);
    return api.Delete(resource, {resource.namespaced ? ns : "", name}, options).ok();
  }

  net::IoLoop loop{net::LoopTime::kVirtual};
  LoopClock clock;
  ApiServer server;
  Api& api;
  Kubelets kubelets;
  Controllers controllers;
};

}  // namespace fairlead::apiserver
