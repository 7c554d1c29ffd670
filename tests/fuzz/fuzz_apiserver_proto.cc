// The embedded API server's protobuf bodies, and the stored form of what they hold.
#include "fairlead/base/check.h"
#include "scheduler/apiserver/codec.h"
#include "tests/fuzz/input.h"

namespace {

using namespace fairlead::apiserver;

void CheckKind(const Message& message, std::string_view bytes) {
  fairlead::apiserver::Answer<json::object> decoded = DecodeMessage(message, bytes);
  if (!decoded.ok()) {
    FAIRLEAD_CHECK(decoded.error().code == 400);
    return;
  }
  for (const Profile profile : {Profile::k120, Profile::kCurrent}) {
    json::object stored = *decoded;
    if (!Prune(message, profile, &stored).ok()) continue;
    // What is stored is stored in the same form again, and goes through protobuf unharmed.
    Answer<json::object> again = DecodeMessage(message, EncodeMessage(message, stored));
    FAIRLEAD_CHECK(again.ok(), "{}", again.error().message);
    for (const char* name : {"kind", "apiVersion"}) {
      if (const json::value* value = stored.if_contains(name)) (*again)[name] = *value;
    }
    FAIRLEAD_CHECK(Prune(message, profile, &*again).ok());
    FAIRLEAD_CHECK(json::serialize(*again) == json::serialize(stored), "{}\n{}",
                   json::serialize(*again), json::serialize(stored));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = FuzzInput(data, size);
  if (const Answer<UnknownView> unknown = ParseUnknown(input); unknown.ok()) {
    const std::string version = unknown->api_version;
    const std::size_t slash = version.find('/');
    const Message* message =
        slash == std::string::npos
            ? FindMessage("", version, unknown->kind)
            : FindMessage(version.substr(0, slash), version.substr(slash + 1), unknown->kind);
    if (message != nullptr) CheckKind(*message, unknown->raw);
  }
  CheckKind(*MessageNamed("core.v1.Pod"), input);
  CheckKind(*MessageNamed("batch.v1.Job"), input);
  return 0;
}
