// Requests of any form to the embedded API server. The first line is "METHOD TARGET", the next ones
// are Accept and Content-Type, the rest is the body. Each input meets a server of each profile that
// has a pod, a custom resource and a watch to disturb.
#include <memory>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/base/check.h"
#include "tests/fuzz/input.h"

namespace {

using namespace fairlead;
using namespace fairlead::apiserver;

struct StillClock final : Clock {
  Instant Now() const override { return {1'767'225'600'000'000'000}; }
};

std::string_view Line(std::string_view* text) {
  const std::size_t end = text->find('\n');
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return line;
}

Request Parse(std::string_view text) {
  Request request;
  std::string_view target = Line(&text);
  const std::size_t space = target.find(' ');
  request.method = target.substr(0, space);
  target.remove_prefix(space == std::string_view::npos ? target.size() : space + 1);
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  request.accept = Line(&text);
  request.content_type = Line(&text);
  request.body = text;
  return request;
}

constexpr const char* kSeeds[] = {
    "POST /api/v1/namespaces\n\n\n{\"metadata\":{\"name\":\"default\"}}",
    "POST /api/v1/namespaces/default/pods\n\n\n"
    "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}",
    "POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions\n\n\n"
    "{\"metadata\":{\"name\":\"things.example.dev\"},\"spec\":{\"group\":\"example.dev\","
    "\"scope\":\"Namespaced\",\"names\":{\"plural\":\"things\",\"singular\":\"thing\","
    "\"kind\":\"Thing\",\"listKind\":\"ThingList\"},\"versions\":[{\"name\":\"v1\","
    "\"served\":true,\"storage\":true,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\","
    "\"x-kubernetes-preserve-unknown-fields\":true}}}]}}",
    "POST /apis/example.dev/v1/namespaces/default/things\n\n\n"
    "{\"kind\":\"Thing\",\"apiVersion\":\"example.dev/v1\",\"metadata\":{\"name\":\"t\"}}",
};

void Drain(const Response& response) {
  if (response.watch == nullptr) return;
  std::string out;
  response.watch->Take(1U << 16, &out);
}

void RunOn(Profile profile, const Request& request) {
  static const StillClock clock;
  ApiServerOptions options;
  options.profile = profile;
  options.max_body = 1U << 16;
  ApiServer server(options, &clock);
  for (const char* seed : kSeeds) (void)server.Handle(Parse(seed));
  const Response pods = server.Handle(Parse("GET /api/v1/pods?watch=1\n\n\n"));
  const Response things = server.Handle(Parse("GET /apis/example.dev/v1/things?watch=1\n\n\n"));
  const Response response = server.Handle(request);
  FAIRLEAD_CHECK(response.status >= 200 && response.status < 600, "status {}", response.status);
  FAIRLEAD_CHECK(!response.content_type.empty());
  Drain(response);
  Drain(pods);
  Drain(things);
  for (const char* accept : {"", "application/vnd.kubernetes.protobuf",
                             "application/json;as=Table;v=v1;g=meta.k8s.io"}) {
    Request list = Parse("GET /api/v1/namespaces/default/pods\n\n\n");
    list.accept = accept;
    FAIRLEAD_CHECK(server.Handle(list).status == 200, "the pods can be listed as \"{}\"", accept);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Request request = Parse(FuzzInput(data, size));
  RunOn(Profile::k120, request);
  RunOn(Profile::kCurrent, request);
  return 0;
}
