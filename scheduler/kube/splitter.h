// Cuts bodies into objects while they arrive, so that a list of any length needs the memory of one
// object. Objects that lie within one piece of data are handed on without a copy. Bounds: one
// object 16 MiB (the API server stores at most 1.5 MiB).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "fairlead/base/result.h"
#include "fairlead/kube/decode.h"

namespace fairlead::kube {

using OnPiece = std::function<void(std::string_view)>;

// A protobuf list as the server sends it: magic, runtime.Unknown, and in its raw bytes ListMeta and
// items, each a field of its own.
class ProtoListSplitter {
 public:
  explicit ProtoListSplitter(OnPiece on_item) : on_item_(std::move(on_item)) {}

  Status Feed(std::string_view data);
  // After all data: the list's metadata, or an error where the body was not complete.
  Result<ListMeta> Finish() const;

 private:
  enum class Level { kMagic, kOuter, kInner };
  struct Step {
    std::size_t used = 0;  // 0: more bytes are needed
    std::size_t need = 0;  // how many in all, as far as it is known
    bool broken = false;
  };

  Step Take(std::string_view data);
  Step TakeField(std::string_view data);
  void OnField(std::uint64_t field, std::string_view whole, std::size_t head);
  void Consumed(std::size_t n);

  OnPiece on_item_;
  Level level_ = Level::kMagic;
  std::uint64_t raw_left_ = 0;  // of the raw bytes, in kInner
  bool raw_seen_ = false;
  std::string meta_;     // the field of ListMeta, with its head
  std::string pending_;  // the begin of an element that is not complete
  std::size_t need_ = 0;
};

// A watch: frames behind a length of 4 bytes (protobuf), or lines (JSON).
class FrameSplitter {
 public:
  enum class Form { kLengths, kLines };
  FrameSplitter(Form form, OnPiece on_frame) : form_(form), on_frame_(std::move(on_frame)) {}

  Status Feed(std::string_view data);

 private:
  // Hands on the complete frames of `data`; returns how much that was.
  Result<std::size_t> Cut(std::string_view data) const;
  // How many bytes the frame at the begin of pending_ still lacks, at least 1.
  std::size_t Lacking() const;

  Form form_;
  OnPiece on_frame_;
  std::string pending_;
};

}  // namespace fairlead::kube
