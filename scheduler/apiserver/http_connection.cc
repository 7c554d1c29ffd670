#include "scheduler/apiserver/http_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "scheduler/apiserver/http_faulty.h"

namespace fairlead::apiserver {
namespace {

constexpr std::size_t kReadSize = 16U << 10;
constexpr std::size_t kLargeBody = 64U << 10;   // not copied behind its head
constexpr std::size_t kMaxBatch = 64U << 10;    // of answers in one write
constexpr std::size_t kWatchBytes = 64U << 10;  // asked of a watch at a time
constexpr std::size_t kKeptBuffer = 256U << 10;
constexpr std::size_t kSlowPieces = 8;
constexpr Duration kLinger = Duration::Seconds(2);
// The watch's clock and the loop's may differ: a timer that came too early looks again.
constexpr Duration kMinWatchWait = Duration::Milliseconds(1);
constexpr Duration kMaxWatchWait = Duration::Seconds(3'600);

bool IsTrue(std::string_view value) {
  return value != "0" && value != "false";  // as the API server reads its query
}

bool IsWatch(const Request& request) {
  if (request.method != "GET") return false;
  std::string_view query = request.query;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view part = query.substr(0, end);
    if (part.starts_with("watch=")) return IsTrue(part.substr(6));
    if (part == "watch") return true;
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return request.path.find("/watch/") != std::string::npos;
}

}  // namespace

HttpConnection::HttpConnection(ConnectionOwner* owner, std::unique_ptr<Transport> transport)
    : owner_(*owner), transport_(std::move(transport)), reader_(owner->limits) {}

void HttpConnection::Start() {
  active_ = owner_.loop->Now();
  idle_timer_ =
      owner_.loop->After(owner_.idle_timeout, [self = shared_from_this()] { self->CheckIdle(); });
  transport_->Start(shared_from_this());
}

void HttpConnection::OnStarted(bool ok) {
  if (mode_ == Mode::kClosed) return;
  if (!ok) return Close();
  ReadMore();
}

void HttpConnection::ReadMore() {
  if (reading_) return;
  if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
  if (in_end_ == in_.size() && in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  if (in_end_ == in_.size()) {
    // A head is read in one piece. Beyond that a client has sent more requests than it may while
    // it waits for an answer.
    if (in_end_ >= owner_.limits.header + kReadSize) return;
    in_.resize(std::max(kReadSize, in_.size() * 2));
  }
  reading_ = true;
  transport_->Read(shared_from_this(), in_.data() + in_end_, in_.size() - in_end_);
}

void HttpConnection::OnRead(std::size_t bytes) {
  reading_ = false;
  if (mode_ == Mode::kClosed) return;
  if (bytes == 0) return Close();
  // A request has the idle time from its first byte on; further bytes do not prolong it.
  if (!reader_.started() && in_begin_ == in_end_) active_ = owner_.loop->Now();
  in_end_ += bytes;
  if (mode_ == Mode::kWatch || mode_ == Mode::kHeld) return ReadMore();
  if (!writing_) Process();
}

void HttpConnection::Process() {
  while (mode_ == Mode::kRequests && out_.size() < kMaxBatch && tail_.empty() && slow_.ns == 0) {
    std::size_t used = 0;
    const RequestReader::Outcome outcome =
        reader_.Read({in_.data() + in_begin_, in_end_ - in_begin_}, &used);
    in_begin_ += used;
    if (outcome == RequestReader::Outcome::kMore) {
      if (reader_.wants_continue() && !std::exchange(continued_, true)) out_ += kContinue;
      break;
    }
    if (outcome != RequestReader::Outcome::kDone) {
      Refuse(outcome);
      break;
    }
    ServeRequest();
    reader_.Reset();
    continued_ = false;
  }
  if (mode_ == Mode::kWatch) return PumpWatch();
  GoOn();
}

// Writes what there is, else does what the mode asks for.
void HttpConnection::GoOn() {
  if (!out_.empty()) return StartWrite();
  if (mode_ == Mode::kCut) return Close();
  if (mode_ == Mode::kLast) return Finish();
  ReadMore();
}

void HttpConnection::ServeRequest() {
  const Request& request = reader_.request();
  const bool is_watch = IsWatch(request);
  Fault fault;
  if (owner_.faults != nullptr) {
    fault = owner_.faults->Next(request.method, request.path, is_watch);
  }
  if (fault.kind == FaultKind::kRequestLost) {
    mode_ = Mode::kCut;
    return;
  }
  if (fault.kind == FaultKind::kFrozen && !is_watch) {
    mode_ = Mode::kHeld;
    return;
  }
  const AnswerForm form{reader_.keep_alive(), reader_.http10(), request.method == "HEAD"};
  const std::optional<ApiError> instead = FaultAnswer(fault, is_watch);
  if (instead && fault.kind != FaultKind::kServerErrorAfter) {
    return AppendAnswer(StatusResponse(*instead), form);
  }
  Response response = owner_.handler->Handle(request);
  if (instead) return AppendAnswer(StatusResponse(*instead), form);
  if (response.watch != nullptr) return StartWatch(std::move(response), form, fault);
  AnswerRequest(std::move(response), form, fault);
}

void HttpConnection::AnswerRequest(Response response, const AnswerForm& form, const Fault& fault) {
  const std::size_t before = out_.size();
  switch (fault.kind) {
    case FaultKind::kReplyLost:
      mode_ = Mode::kCut;
      return;
    case FaultKind::kHalfOpen:
      mode_ = Mode::kHeld;
      return;
    case FaultKind::kGarbage:
      out_ += kGarbageAnswer;
      mode_ = Mode::kCut;
      return;
    case FaultKind::kCutInside:
      AppendAnswer(std::move(response), form);
      out_ += tail_;
      tail_.clear();
      out_.resize(before + (out_.size() - before) / 2);
      mode_ = Mode::kCut;
      return;
    case FaultKind::kSlowBody:
      slow_ = fault.delay;
      break;
    default:
      break;
  }
  AppendAnswer(std::move(response), form);
}

void HttpConnection::AppendAnswer(Response response, const AnswerForm& form) {
  AppendHead(response, form, &out_);
  if (!form.keep_alive) mode_ = Mode::kLast;
  if (form.head_only) return;
  if (response.body.size() > kLargeBody) {
    tail_ = std::move(response.body);
  } else {
    out_ += response.body;
  }
}

// What follows cannot be told from a request, so the connection ends with this answer.
void HttpConnection::Refuse(RequestReader::Outcome outcome) {
  const AnswerForm form{.keep_alive = false};
  switch (outcome) {
    case RequestReader::Outcome::kHeaderTooLarge:
      return AppendAnswer(PlainResponse(431, ""), form);
    case RequestReader::Outcome::kBodyTooLarge:
      return AppendAnswer(StatusResponse(TooLarge("Request entity too large: limit is " +
                                                  std::to_string(owner_.limits.body))),
                          form);
    case RequestReader::Outcome::kNoHost:
      return AppendAnswer(PlainResponse(400, "missing required Host header"), form);
    default:
      return AppendAnswer(PlainResponse(400, ""), form);
  }
}

void HttpConnection::StartWatch(Response response, const AnswerForm& form, const Fault& fault) {
  if (fault.kind == FaultKind::kReplyLost && fault.after_frames == 0) {
    mode_ = Mode::kCut;
    return;
  }
  if (fault.kind == FaultKind::kHalfOpen) {
    mode_ = Mode::kHeld;
    return;
  }
  chunked_ = !form.http10;
  keep_alive_ = form.keep_alive && chunked_;
  AppendHead(response, {keep_alive_, form.http10, false}, &out_);
  if (fault.kind == FaultKind::kSlowBody) {
    slow_ = fault.delay;
  } else if (fault.kind != FaultKind::kNone) {
    const bool protobuf = response.content_type.find("protobuf") != std::string::npos;
    response.watch = std::make_shared<FaultyWatch>(std::move(response.watch), fault, protobuf);
  }
  watch_ = std::move(response.watch);
  mode_ = Mode::kWatch;
  watch_->OnReady([weak = weak_from_this()] {
    const std::shared_ptr<HttpConnection> self = weak.lock();
    if (self == nullptr || self->mode_ != Mode::kWatch) return;
    if (self->woken_ || self->writing_) return;  // it will look anyway
    self->woken_ = true;
    self->owner_.Wake(self);
  });
}

void HttpConnection::OnWoken() {
  woken_ = false;
  PumpWatch();
}

void HttpConnection::PumpWatch() {
  if (mode_ != Mode::kWatch || writing_) return;
  std::string& frames = owner_.frames;
  frames.clear();
  const bool alive = watch_->Take(kWatchBytes, &frames);
  if (!frames.empty()) {
    if (chunked_) {
      AppendChunk(frames, &out_);
    } else {
      out_ += frames;
    }
  }
  if (frames.capacity() > kKeptBuffer) std::string().swap(frames);
  if (!alive) {
    EndWatch();
    return GoOn();
  }
  ReadMore();
  if (!out_.empty()) return StartWrite();
  ArmWatchTimer();
}

void HttpConnection::EndWatch() {
  const auto* faulty = dynamic_cast<const FaultyWatch*>(watch_.get());
  if (faulty != nullptr && faulty->cut()) {
    mode_ = Mode::kCut;
  } else {
    if (chunked_) out_ += kLastChunk;
    mode_ = keep_alive_ ? Mode::kRequests : Mode::kLast;
  }
  owner_.loop->Cancel(std::exchange(watch_timer_, 0));
  watch_.reset();
}

void HttpConnection::ArmWatchTimer() {
  const Instant due = watch_->due();
  if (watch_timer_ != 0) {
    if (watch_due_ <= due) return;
    owner_.loop->Cancel(watch_timer_);
  }
  const Instant now = owner_.handler->Now();
  const Duration wait =
      due.ns > now.ns + kMaxWatchWait.ns ? kMaxWatchWait : std::max(due - now, kMinWatchWait);
  watch_due_ = due;
  watch_timer_ = owner_.loop->After(wait, [self = shared_from_this()] {
    self->watch_timer_ = 0;
    self->PumpWatch();
  });
}

void HttpConnection::StartWrite() {
  writing_ = true;
  if (slow_.ns > 0) {
    slow_at_ = 0;
    slow_piece_ = std::max<std::size_t>(1, out_.size() / kSlowPieces);
    return WriteSlowly();
  }
  transport_->Write(shared_from_this(), out_);
}

void HttpConnection::WriteSlowly() {
  const std::string_view piece = std::string_view(out_).substr(slow_at_, slow_piece_);
  slow_at_ += piece.size();
  transport_->Write(shared_from_this(), piece);
}

void HttpConnection::OnWritten(bool ok) {
  if (mode_ == Mode::kClosed) return;
  if (!ok) return Close();
  active_ = owner_.loop->Now();
  if (slow_.ns > 0 && slow_at_ < out_.size()) {
    slow_timer_ = owner_.loop->After(slow_, [self = shared_from_this()] {
      self->slow_timer_ = 0;
      self->WriteSlowly();
    });
    return;
  }
  out_.clear();
  if (out_.capacity() > kKeptBuffer) out_.shrink_to_fit();
  if (!tail_.empty()) {
    out_.swap(tail_);
    return StartWrite();
  }
  writing_ = false;
  if (mode_ == Mode::kWatch) return PumpWatch();
  slow_ = {};
  if (mode_ == Mode::kRequests) return Process();
  GoOn();
}

void HttpConnection::Finish() {
  if (reading_) return Close();
  mode_ = Mode::kFinishing;
  owner_.loop->Cancel(idle_timer_);
  idle_timer_ = owner_.loop->After(kLinger, [self = shared_from_this()] {
    self->idle_timer_ = 0;
    self->Close();
  });
  transport_->Finish(shared_from_this());
}

void HttpConnection::OnFinished() { Close(); }

void HttpConnection::CheckIdle() {
  idle_timer_ = 0;
  const bool stays = mode_ == Mode::kWatch || mode_ == Mode::kHeld || slow_.ns > 0;
  const Duration left = active_ + owner_.idle_timeout - owner_.loop->Now();
  if (!stays && left.ns <= 0) return Close();
  idle_timer_ = owner_.loop->After(stays ? owner_.idle_timeout : left,
                                   [self = shared_from_this()] { self->CheckIdle(); });
}

void HttpConnection::Close() {
  if (mode_ == Mode::kClosed) return;
  mode_ = Mode::kClosed;
  transport_->Close();
  for (net::IoLoop::TimerId* timer : {&watch_timer_, &slow_timer_, &idle_timer_}) {
    owner_.loop->Cancel(std::exchange(*timer, 0));
  }
  watch_.reset();
  owner_.Ended(this);
}

}  // namespace fairlead::apiserver
