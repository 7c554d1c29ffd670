// What the tests of the API's verbs share: a server with a clock that stands still until it is
// moved, short ways to objects and errors, and watch frames as short text.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/time.h"
#include "scheduler/apiserver/api.h"

namespace fairlead::apiserver {

struct StillClock final : Clock {
  Instant now{1'767'225'600'500'000'000};  // 2026-01-01T00:00:00.5Z
  Instant Now() const override { return now; }
};

// Frames as "TYPE name@version" lines; bookmarks and errors as "BOOKMARK @5" and "ERROR 410 text".
class ShortFrames final : public FrameWriter {
 public:
  void Object(std::string_view type, const Version& version, std::string* out) override {
    Bare(type, version.object, out);
  }
  void Bare(std::string_view type, const json::object& object, std::string* out) override {
    if (type == "ERROR") {
      *out +=
          fmt::format("ERROR {} {}\n", GetInt(object, {"code"}, 0), GetString(object, {"message"}));
      return;
    }
    const std::string_view end =
        GetString(object, {"metadata", "annotations", "k8s.io/initial-events-end"});
    *out += fmt::format("{} {}@{}{}\n", type, GetString(object, {"metadata", "name"}),
                        GetString(object, {"metadata", "resourceVersion"}),
                        end.empty() ? "" : " initial-events-end");
  }
};

class ApiFixture : public testing::Test {
 protected:
  explicit ApiFixture(Profile profile = Profile::k120) { Start(profile, 100'000); }

  void Start(Profile profile, std::size_t history) {
    ApiServerOptions options;
    options.profile = profile;
    options.history = history;
    api_ = std::make_unique<Api>(options, &clock_);
  }

  static json::object Parse(std::string_view text) {
    json::value value;
    std::string why;
    EXPECT_TRUE(ParseJson(text, &value, &why)) << why << ": " << text;
    const json::object* object = value.if_object();
    EXPECT_NE(object, nullptr);
    return object == nullptr ? json::object() : *object;
  }

  const Resource& Of(std::string_view storage) const { return api_->Of(storage); }

  static json::object ConfigMap(std::string_view name, std::string_view value = "1",
                                std::string_view more_metadata = "") {
    return Parse(fmt::format(
        R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{}"{}}},"data":{{"a":"{}"}}}})",
        name, more_metadata, value));
  }
  static json::object Pod(std::string_view name, std::string_view node = "",
                          std::string_view more_metadata = "") {
    json::object pod = Parse(fmt::format(
        R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{}"{}}},
            "spec":{{"terminationGracePeriodSeconds":30,"containers":[{{"name":"c","image":"i"}}]}}}})",
        name, more_metadata));
    if (!node.empty()) At(&pod, {"spec", "nodeName"}) = Str(node);
    return pod;
  }

  // Creates in "default" and returns the revision.
  VersionPtr Make(std::string_view storage, json::object object) {
    auto answer = api_->Create(Of(storage), "default", std::move(object));
    if (answer) return *answer;
    ADD_FAILURE() << answer.error().message;
    return nullptr;
  }
  std::string Text(std::string_view storage, const std::string& name, Path path) const {
    const auto found = api_->Get(Of(storage), {"default", name});
    return found ? std::string(GetString((*found)->object, path)) : "(not found)";
  }
  bool Exists(std::string_view storage, const std::string& name) const {
    return api_->Get(Of(storage), {"default", name}).ok();
  }

  // "409 Conflict: message", or "ok".
  template <typename T>
  static std::string Outcome(const Answer<T>& answer) {
    if (answer) return "ok";
    const ApiError& error = answer.error();
    return fmt::format("{} {}: {}", error.code, error.reason, error.message);
  }

  StillClock clock_;
  std::unique_ptr<Api> api_;
};

}  // namespace fairlead::apiserver
