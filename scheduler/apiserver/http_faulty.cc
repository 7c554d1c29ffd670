#include "scheduler/apiserver/http_faulty.h"

#include <utility>

#include "scheduler/apiserver/codec.h"
#include "scheduler/apiserver/json.h"
#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {
namespace {

constexpr Instant kNever{INT64_MAX};

// A length that is honest and a message that is not.
constexpr std::string_view kGarbageProto("\x00\x00\x00\x08\xff\xff\xff\xff\xff\xff\xff\xff", 12);
constexpr std::string_view kGarbageJson = "{\"type\":\"MODIFIED\",\"object\":{\"kind\":}\n";

ApiError TooOld() { return Expired("too old resource version: 1 (2)"); }

void AppendErrorFrame(const ApiError& error, bool protobuf, std::string* out) {
  const json::object status = error.ToStatus();
  if (protobuf) {
    return AppendWatchFrame("ERROR", EncodeUnknown(*FindMessage("", "v1", "Status"), status), out);
  }
  *out += R"({"type":"ERROR","object":)" + json::serialize(status) + "}\n";
}

}  // namespace

const std::string_view kGarbageAnswer("\x15\x03\x01\x00\x02\x02(\xff\xfe no answer\r\n\r\n", 23);

std::optional<ApiError> FaultAnswer(const Fault& fault, bool is_watch) {
  switch (fault.kind) {
    case FaultKind::kConflict: {
      ApiError error;
      error.code = 409;
      error.reason = "Conflict";
      error.message =
          "the object has been modified; please apply your changes to the latest version and try "
          "again";
      return error;
    }
    case FaultKind::kGone:
      if (is_watch) return std::nullopt;
      return TooOld();
    case FaultKind::kTooMany:
      return TooManyRequests("Too many requests, please try again later.", fault.retry_after_s);
    case FaultKind::kServerError:
    case FaultKind::kServerErrorAfter:
      return InternalError("a fault was asked for");
    default:
      return std::nullopt;
  }
}

FaultyWatch::FaultyWatch(std::shared_ptr<WatchStream> inner, const Fault& fault, bool protobuf)
    : inner_(std::move(inner)), fault_(fault), protobuf_(protobuf), left_(fault.after_frames) {}

bool FaultyWatch::Take(std::size_t max_bytes, std::string* out) {
  if (phase_ == Phase::kFrozen) return true;
  if (phase_ == Phase::kAfter) return inner_->Take(max_bytes, out);
  if (inner_alive_) inner_alive_ = inner_->Take(max_bytes, &held_);
  PassFrames(out);
  if (left_ > 0) return inner_alive_;
  return Strike(out);
}

void FaultyWatch::OnReady(std::function<void()> wake) {
  if (inner_ != nullptr) inner_->OnReady(std::move(wake));
}

Instant FaultyWatch::due() const { return inner_ == nullptr ? kNever : inner_->due(); }

std::size_t FaultyWatch::FrameSize() const {
  if (!protobuf_) {
    const std::size_t end = held_.find('\n');
    return end == std::string::npos ? 0 : end + 1;
  }
  if (held_.size() < 4) return 0;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8U | static_cast<unsigned char>(held_[i]);
  return held_.size() < size + 4 ? 0 : size + 4;
}

void FaultyWatch::PassFrames(std::string* out) {
  while (left_ > 0) {
    const std::size_t size = FrameSize();
    if (size == 0) return;
    out->append(held_, 0, size);
    held_.erase(0, size);
    --left_;
  }
}

bool FaultyWatch::Strike(std::string* out) {
  switch (fault_.kind) {
    case FaultKind::kGone:
      AppendErrorFrame(TooOld(), protobuf_, out);
      return false;
    case FaultKind::kGarbage:
      out->append(protobuf_ ? kGarbageProto : kGarbageJson);
      out->append(held_);
      held_.clear();
      phase_ = Phase::kAfter;
      return inner_alive_;
    case FaultKind::kCutInside: {
      const std::size_t size = FrameSize();
      if (size == 0) return inner_alive_;
      out->append(held_, 0, size / 2);
      cut_ = true;
      return false;
    }
    case FaultKind::kFrozen:
      phase_ = Phase::kFrozen;
      inner_.reset();
      held_.clear();
      return true;
    default:
      cut_ = true;
      return false;
  }
}

}  // namespace fairlead::apiserver
