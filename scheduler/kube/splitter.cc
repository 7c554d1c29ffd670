#include "scheduler/kube/splitter.h"

#include <fmt/format.h>

#include <algorithm>

#include "scheduler/kube/error.h"

namespace fairlead::kube {
namespace {

constexpr std::size_t kMaxObject = 16U << 20;
constexpr std::string_view kMagic("k8s\0", 4);
constexpr std::uint64_t kLengthDelimited = 2;
constexpr std::size_t kMaxVarint = 10;
constexpr std::size_t kLengthBytes = 4;

struct Varint {
  std::uint64_t value = 0;
  std::size_t size = 0;  // 0: not complete
  bool broken = false;
};

Varint ReadVarint(std::string_view data) {
  Varint out;
  const std::size_t limit = std::min(data.size(), kMaxVarint);
  for (std::size_t i = 0; i < limit; ++i) {
    const auto byte = static_cast<unsigned char>(data[i]);
    out.value |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
    if ((byte & 0x80U) == 0) {
      out.size = i + 1;
      return out;
    }
  }
  out.broken = limit == kMaxVarint;
  return out;
}

std::size_t FrameLength(std::string_view data) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length = (length << 8) | static_cast<unsigned char>(data[i]);
  }
  return length;
}

}  // namespace

Status ProtoListSplitter::Feed(std::string_view data) {
  while (!data.empty()) {
    Step step;
    if (pending_.empty()) {
      step = Take(data);
      data.remove_prefix(step.used);
      if (step.used == 0 && !step.broken) {
        need_ = std::max(step.need, data.size() + 1);
        pending_.reserve(need_);
        pending_.assign(data);
        return Ok{};
      }
    } else {
      const std::size_t more = std::min(need_ - pending_.size(), data.size());
      pending_.append(data.substr(0, more));
      data.remove_prefix(more);
      if (pending_.size() < need_) return Ok{};
      step = Take(pending_);
      need_ = std::max(step.need, pending_.size() + 1);
      if (step.used > 0) {
        // An element is asked for byte by byte until its length is known: nothing is left over.
        pending_.clear();
      }
    }
    if (step.broken) return MakeError("the list is not valid protobuf");
  }
  return Ok{};
}

ProtoListSplitter::Step ProtoListSplitter::Take(std::string_view data) {
  if (level_ != Level::kMagic) return TakeField(data);
  const std::size_t common = std::min(data.size(), kMagic.size());
  if (data.substr(0, common) != kMagic.substr(0, common)) return {.broken = true};
  if (common < kMagic.size()) return {.need = kMagic.size()};
  level_ = Level::kOuter;
  return {.used = kMagic.size()};
}

ProtoListSplitter::Step ProtoListSplitter::TakeField(std::string_view data) {
  const Varint tag = ReadVarint(data);
  if (tag.broken) return {.broken = true};
  if (tag.size == 0) return {};
  // Every field of both messages is length-delimited.
  if ((tag.value & 7U) != kLengthDelimited) return {.broken = true};
  const Varint length = ReadVarint(data.substr(tag.size));
  if (length.broken) return {.broken = true};
  if (length.size == 0) return {};
  const std::uint64_t field = tag.value >> 3;
  const std::size_t head = tag.size + length.size;
  if (level_ == Level::kOuter && field == 2) {
    raw_seen_ = true;
    raw_left_ = length.value;
    if (raw_left_ > 0) level_ = Level::kInner;
    return {.used = head};
  }
  if (length.value > kMaxObject) return {.broken = true};
  const std::size_t whole = head + static_cast<std::size_t>(length.value);
  if (level_ == Level::kInner && whole > raw_left_) return {.broken = true};
  if (data.size() < whole) return {.need = whole};
  OnField(field, data.substr(0, whole), head);
  return {.used = whole};
}

void ProtoListSplitter::OnField(std::uint64_t field, std::string_view whole, std::size_t head) {
  if (level_ != Level::kInner) return;
  if (field == 1) meta_.assign(whole);
  if (field == 2) on_item_(whole.substr(head));
  raw_left_ -= whole.size();
  if (raw_left_ == 0) level_ = Level::kOuter;
}

Result<ListMeta> ProtoListSplitter::Finish() const {
  if (!raw_seen_ || level_ != Level::kOuter || !pending_.empty()) {
    return MakeError("the list ended too early");
  }
  return ForEachItemProto(meta_, [](std::string_view) -> Status { return Ok{}; });
}

Status FrameSplitter::Feed(std::string_view data) {
  while (!pending_.empty() && !data.empty()) {
    const std::size_t more = std::min(Lacking(), data.size());
    pending_.append(data.substr(0, more));
    data.remove_prefix(more);
    Result<std::size_t> cut = Cut(pending_);
    if (!cut) return cut.error();
    pending_.erase(0, *cut);
    if (pending_.size() > kMaxObject) return MakeError("a watch event is larger than 16 MiB");
  }
  if (data.empty()) return Ok{};
  Result<std::size_t> cut = Cut(data);
  if (!cut) return cut.error();
  pending_.assign(data.substr(*cut));
  if (pending_.size() > kMaxObject) return MakeError("a watch event is larger than 16 MiB");
  return Ok{};
}

std::size_t FrameSplitter::Lacking() const {
  if (form_ == Form::kLines) return kMaxObject;  // whatever came: the line may end anywhere
  if (pending_.size() < kLengthBytes) return kLengthBytes - pending_.size();
  const std::size_t whole = kLengthBytes + FrameLength(pending_);
  return whole > pending_.size() ? whole - pending_.size() : 1;
}

Result<std::size_t> FrameSplitter::Cut(std::string_view data) const {
  std::size_t used = 0;
  while (used < data.size()) {
    const std::string_view rest = data.substr(used);
    if (form_ == Form::kLines) {
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos) break;
      if (end > 0) on_frame_(rest.substr(0, end));
      used += end + 1;
      continue;
    }
    if (rest.size() < kLengthBytes) break;
    const std::size_t length = FrameLength(rest);
    if (length >= kMaxObject) return MakeError("a watch event is larger than 16 MiB");
    if (rest.size() < kLengthBytes + length) break;
    on_frame_(rest.substr(kLengthBytes, length));
    used += kLengthBytes + length;
  }
  return used;
}

}  // namespace fairlead::kube
