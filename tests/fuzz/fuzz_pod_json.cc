// Everything that is read from JSON.
#include "fairlead/base/check.h"
#include "fairlead/kube/decode.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  const std::string_view text = FuzzInput(data, size);
  if (const auto pod = kube::PodFromJson(text, {}, nullptr); pod.ok()) {
    FAIRLEAD_CHECK(!pod->name.empty());
    FAIRLEAD_CHECK(pod->shape.requests.milli_cpu >= 0);
  }
  (void)kube::NodeFromJson(text, {}, nullptr).ok();
  (void)kube::JobFromJson(text, nullptr).ok();
  (void)kube::PodGroupFromJson(text, {}, nullptr).ok();
  (void)kube::QueueFromJson(text, nullptr).ok();
  (void)kube::VolumeClaimFromJson(text, nullptr).ok();
  (void)kube::VolumeFromJson(text, nullptr).ok();
  (void)kube::StorageClassFromJson(text, nullptr).ok();
  (void)kube::CsiNodeFromJson(text, nullptr).ok();
  (void)kube::StatusFromJson(text).ok();
  (void)kube::BookmarkFromJson(text).ok();
  if (const auto frame = kube::WatchFrameFromJson(text); frame.ok()) {
    FAIRLEAD_CHECK(frame->object.data() >= text.data());
    FAIRLEAD_CHECK(frame->object.data() + frame->object.size() <= text.data() + text.size());
  }
  const auto list = kube::ForEachItemJson(text, [](std::string_view item) -> Status {
    (void)kube::MetaFromJson(item).ok();
    return Ok{};
  });
  (void)list.ok();
  return 0;
}
