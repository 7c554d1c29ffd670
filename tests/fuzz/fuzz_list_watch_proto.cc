// What is around objects: magic, lists, watch frames, Status, bookmarks.
#include "fairlead/base/check.h"
#include "fairlead/kube/decode.h"
#include "tests/fuzz/input.h"

namespace {

using namespace fairlead;

// A view handed out must lie inside the bytes that it came from.
void CheckInside(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  FAIRLEAD_CHECK(part.data() >= whole.data());
  FAIRLEAD_CHECK(part.data() + part.size() <= whole.data() + whole.size());
}

void ReadObject(std::string_view raw) {
  (void)kube::MetaFromProto(raw).ok();
  (void)kube::StatusFromProto(raw).ok();
  (void)kube::BookmarkFromProto(raw).ok();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = FuzzInput(data, size);
  if (const auto frame = kube::WatchFrameFromProto(bytes); frame.ok()) {
    CheckInside(frame->raw, bytes);
    ReadObject(frame->raw);
  }
  const auto unknown = kube::UnwrapProto(bytes);
  if (unknown.ok()) CheckInside(unknown->raw, bytes);
  const std::string_view list = unknown.ok() ? unknown->raw : bytes;
  const auto meta = kube::ForEachItemProto(list, [&](std::string_view item) -> Status {
    CheckInside(item, bytes);
    ReadObject(item);
    return Ok{};
  });
  (void)meta.ok();
  return 0;
}
