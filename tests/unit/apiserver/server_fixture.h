// What the tests of the server share: requests in one line, and short forms of answers.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "fairlead/apiserver/api_server.h"
#include "scheduler/apiserver/api.h"
#include "tests/unit/apiserver/api_fixture.h"

namespace fairlead::apiserver {

inline constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";
inline constexpr const char* kPods = "/api/v1/namespaces/default/pods";
inline constexpr const char* kPod =
    R"({"metadata":{"name":"p","labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}})";

class ServerFixture : public testing::Test {
 protected:
  ServerFixture() { Start(Profile::k120); }

  void Start(Profile profile) {
    options_.profile = profile;
    server_ = std::make_unique<ApiServer>(options_, &clock_);
    // The tests' own namespace, unless the server made it.
    Send("POST", "/api/v1/namespaces", R"({"metadata":{"name":"default"}})");
  }

  // `target` is path?query. Headers not given are absent.
  Response Send(std::string_view method, std::string_view target, std::string_view body = "",
                std::string_view content_type = "", std::string_view accept = "") {
    const std::size_t mark = target.find('?');
    Request request;
    request.method = method;
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
    request.body = body;
    request.content_type = content_type;
    request.accept = accept;
    request.authorization = authorization_;
    request.user_agent = "test/1";
    return server_->Handle(request);
  }

  Response Get(std::string_view target, std::string_view accept = "") {
    return Send("GET", target, "", "", accept);
  }

  static json::object Parse(const Response& response) {
    json::value value;
    std::string why;
    EXPECT_TRUE(ParseJson(response.body, &value, &why)) << why << ": " << response.body;
    const json::object* object = value.if_object();
    return object == nullptr ? json::object() : *object;
  }

  // "404 NotFound: pods \"x\" not found", or "200 Pod" for what is no failure.
  static std::string Short(const Response& response) {
    std::string text = std::to_string(response.status) + " ";
    if (response.content_type != "application/json") return text + response.content_type;
    const json::object object = Parse(response);
    if (GetString(object, {"status"}) != "Failure") {
      return text + std::string(GetString(object, {"kind"}));
    }
    EXPECT_EQ(GetInt(object, {"code"}, 0), response.status);
    return text + std::string(GetString(object, {"reason"})) + ": " +
           std::string(GetString(object, {"message"}));
  }

  static std::string Frames(const Response& response) {
    std::string out;
    if (response.watch != nullptr) response.watch->Take(1U << 20, &out);
    return out;
  }

  StillClock clock_;
  ApiServerOptions options_;
  std::string authorization_;
  std::unique_ptr<ApiServer> server_;
};

}  // namespace fairlead::apiserver
