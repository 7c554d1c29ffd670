#include "scheduler/kube/informer.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "fairlead/engine/log.h"
#include "scheduler/kube/api_error.h"
#include "scheduler/kube/server_url.h"

namespace fairlead::kube {
namespace {

constexpr int kPageSize = 5'000;
constexpr std::size_t kListBatch = 256;           // events
constexpr std::size_t kMaxJsonList = 256U << 20;  // bytes of one page
constexpr Duration kListIdle = Duration::Seconds(60);
constexpr Duration kWatchSlack = Duration::Seconds(30);
// A watch that ends sooner than this without a word is not repeated at once.
constexpr Duration kShortWatch = Duration::Seconds(1);
constexpr std::uint64_t kLoggedSkips = 10;

constexpr std::string_view kListProto = "application/vnd.kubernetes.protobuf, application/json";
constexpr std::string_view kWatchProto =
    "application/vnd.kubernetes.protobuf;stream=watch, application/json";
constexpr std::string_view kJson = "application/json";

Encoding EncodingOf(const HttpAnswer& head) {
  return head.content_type.find("protobuf") != std::string::npos ? Encoding::kProto
                                                                 : Encoding::kJson;
}

bool HasClaims(const PodInfo& pod) {
  return pod.ours && pod.node_name.empty() && !pod.rules.volumes.empty();
}

}  // namespace

Informer::Informer(InformerEnv env, const Resource& resource)
    : env_(std::move(env)),
      resource_(resource),
      name_(resource.name),
      backoff_(env_.pace, env_.random) {}

void Informer::Start() {
  env_.trouble->Expect(name_, "not listed yet");
  Again();
}

void Informer::Stop() {
  if (stream_) stream_->Cancel();
  stream_.reset();
  env_.loop->Cancel(timer_);
  batch_.clear();
}

void Informer::Again() {
  continue_.clear();
  version_.clear();
  initial_ = env_.watch_list;
  if (initial_) {
    Watch();
  } else {
    List();
  }
}

void Informer::List() {
  HttpRequest request;
  request.target = fmt::format(
      "{}?{}", resource_.path,
      consistent_ ? fmt::format("limit={}", kPageSize) : std::string("resourceVersion=0"));
  if (!continue_.empty()) request.target += "&continue=" + UrlEncode(continue_);
  request.accept = resource_.protobuf ? kListProto : kJson;
  request.timeout = env_.request_timeout;
  request.idle_timeout = kListIdle;
  begun_ = env_.loop->Now();
  list_.reset();
  json_.clear();
  stream_ = env_.http->Stream(std::move(request),
                              {.on_head = [this](const HttpAnswer& head) { OnListHead(head); },
                               .on_data = [this](std::string_view data) { OnListData(data); },
                               .on_end = [this](const HttpAnswer& answer) { OnListEnd(answer); }});
}

void Informer::OnListHead(const HttpAnswer& head) {
  encoding_ = EncodingOf(head);
  list_.emplace([this](std::string_view item) {
    Upsert(item);
    if (batch_.size() >= kListBatch) Flush();
  });
  if (continue_.empty()) batch_.emplace_back(RelistBegun{resource_.kind});
}

void Informer::OnListData(std::string_view data) {
  if (encoding_ == Encoding::kProto) {
    if (Status fed = list_->Feed(data); !fed) Broken(fed.error().message);
    return;
  }
  json_.append(data);
  if (json_.size() > kMaxJsonList) Broken("the list is larger than 256 MiB");
}

void Informer::OnListEnd(const HttpAnswer& answer) {
  env_.metrics->ObserveRequest("list", answer.status, env_.loop->Now() - begun_);
  if (answer.status != 200 || !answer.error.empty()) return OnListFailed(answer);
  const Result<ListMeta> meta = FinishPage();
  Flush();
  if (!meta) return Broken(meta.error().message);
  if (!meta->continue_token.empty()) {
    continue_ = meta->continue_token;
    return List();
  }
  version_ = meta->resource_version;
  batch_.emplace_back(RelistEnded{resource_.kind});
  Flush();
  Listed();
  Watch();
}

Result<ListMeta> Informer::FinishPage() {
  if (encoding_ == Encoding::kProto) return list_->Finish();
  Result<ListMeta> meta = ForEachItemJson(json_, [this](std::string_view item) -> Status {
    Upsert(item);
    return Ok{};
  });
  std::string().swap(json_);
  return meta;
}

void Informer::OnListFailed(const HttpAnswer& answer) {
  batch_.clear();
  if (answer.status == 404 && !resource_.protobuf) return OnNotServed();
  const std::string why = Describe(answer, fmt::format("list {}", name_));
  continue_.clear();
  // A cache that cannot answer does not mean that the store cannot.
  const bool from_cache = !consistent_;
  if (answer.status == 400 || answer.status == 410 || answer.status >= 500) consistent_ = true;
  if (answer.status == 410 && from_cache) return List();
  const Duration delay = RetryAfter(answer, env_.pace, backoff_.Next());
  Retry(why, delay, &Informer::Again);
}

// The definition of the custom resource was deleted, and its objects with it.
void Informer::OnNotServed() {
  batch_.emplace_back(RelistBegun{resource_.kind});
  batch_.emplace_back(RelistEnded{resource_.kind});
  Flush();
  Listed();
  env_.trouble->Clear(name_);
  timer_ = env_.loop->After(env_.pace.rediscover, [this] { Again(); });
}

void Informer::Watch() {
  std::uniform_int_distribution<std::int64_t> seconds(env_.pace.watch_min.ns / 1'000'000'000,
                                                      env_.pace.watch_max.ns / 1'000'000'000);
  const std::int64_t limit = seconds(*env_.random);
  HttpRequest request;
  request.target = fmt::format("{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={}",
                               resource_.path, limit);
  request.target += initial_ ? "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                             : "&resourceVersion=" + UrlEncode(version_);
  request.accept = resource_.protobuf ? kWatchProto : kJson;
  request.timeout = env_.request_timeout;
  request.idle_timeout = Duration::Seconds(limit) + kWatchSlack;
  begun_ = env_.loop->Now();
  head_ = alive_ = false;
  frame_error_ = {};
  stream_ = env_.http->Stream(std::move(request),
                              {.on_head = [this](const HttpAnswer& head) { OnWatchHead(head); },
                               .on_data = [this](std::string_view data) { OnWatchData(data); },
                               .on_end = [this](const HttpAnswer& answer) { OnWatchEnd(answer); }});
}

void Informer::OnWatchHead(const HttpAnswer& head) {
  encoding_ = EncodingOf(head);
  head_ = true;
  env_.metrics->ObserveRequest("watch", head.status, env_.loop->Now() - begun_);
  const bool proto = encoding_ == Encoding::kProto;
  frames_.emplace(proto ? FrameSplitter::Form::kLengths : FrameSplitter::Form::kLines,
                  [this, proto](std::string_view frame) {
                    if (frame_error_.status != 0) return;
                    if (proto) {
                      OnFrame(frame);
                    } else {
                      OnJsonFrame(frame);
                    }
                  });
  if (initial_) {
    batch_.emplace_back(RelistBegun{resource_.kind});
  } else {
    env_.trouble->Clear(name_);
  }
}

void Informer::OnWatchData(std::string_view data) {
  if (!std::exchange(alive_, true)) backoff_.Reset();
  const Status fed = frames_->Feed(data);
  Flush();
  if (!fed) return Broken(fed.error().message);
  if (frame_error_.status == 0) return;
  stream_->Cancel();
  OnWatchEnd(HttpAnswer(frame_error_));
}

void Informer::OnFrame(std::string_view frame) {
  const Result<WatchFrame> parsed = WatchFrameFromProto(frame);
  if (!parsed) return Skip(parsed.error().message);
  OnEvent(parsed->type, parsed->raw);
}

void Informer::OnJsonFrame(std::string_view line) {
  const Result<JsonWatchFrame> parsed = WatchFrameFromJson(line);
  if (!parsed) return Skip(parsed.error().message);
  OnEvent(parsed->type, parsed->object);
}

void Informer::OnEvent(std::string_view type, std::string_view object) {
  if (type == "ADDED" || type == "MODIFIED") return Upsert(object);
  if (type == "BOOKMARK") return OnBookmark(object);
  if (type == "ERROR") return OnErrorFrame(object);
  if (type != "DELETED") return Skip(fmt::format("unknown type \"{}\"", type));
  Result<ObjectMeta> meta =
      encoding_ == Encoding::kProto ? MetaFromProto(object) : MetaFromJson(object);
  if (!meta) return Skip(meta.error().message);
  batch_.push_back(RemovalOf(resource_.kind, *meta));
  version_ = std::move(meta->resource_version);
}

void Informer::OnBookmark(std::string_view object) {
  Result<Bookmark> bookmark =
      encoding_ == Encoding::kProto ? BookmarkFromProto(object) : BookmarkFromJson(object);
  if (!bookmark) return Skip(bookmark.error().message);
  version_ = std::move(bookmark->resource_version);
  if (!initial_ || !bookmark->initial_events_end) return;
  initial_ = false;
  batch_.emplace_back(RelistEnded{resource_.kind});
  Flush();
  Listed();
  env_.trouble->Clear(name_);
}

void Informer::OnErrorFrame(std::string_view object) {
  const Result<ApiStatus> status =
      encoding_ == Encoding::kProto ? StatusFromProto(object) : StatusFromJson(object);
  frame_error_.status = status && status->code != 0 ? status->code : 500;
  frame_error_.sent = true;
  frame_error_.body = status ? status->message : "an error that cannot be read";
  if (status && status->retry_after_seconds > 0) {
    frame_error_.retry_after = status->retry_after_seconds;
  }
}

void Informer::OnWatchEnd(const HttpAnswer& answer) {
  if (!head_) env_.metrics->ObserveRequest("watch", answer.status, env_.loop->Now() - begun_);
  Flush();
  if (initial_) return OnWatchListFailed(answer);
  if (answer.status == 200 && answer.error.empty()) {
    env_.metrics->CountWatchRestart(name_, "timeout");
    if (alive_ || env_.loop->Now() - begun_ >= kShortWatch) return Watch();
    return Retry("the watch ends at once", backoff_.Next(), &Informer::Watch);
  }
  const std::string why = Describe(answer, fmt::format("watch {}", name_));
  if (answer.status == 410) {
    env_.metrics->CountWatchRestart(name_, "expired");
    consistent_ = true;
    return Again();
  }
  env_.metrics->CountWatchRestart(name_, "error");
  const int status = answer.status;
  const bool hopeless = status >= 400 && status < 500 && status != 401 && status != 403 &&
                        status != 408 && status != 429;
  Retry(why, RetryAfter(answer, env_.pace, backoff_.Next()),
        hopeless ? &Informer::Again : &Informer::Watch);
}

// Whatever a server has against it, a list and a watch do the same.
void Informer::OnWatchListFailed(const HttpAnswer& answer) {
  const bool reached = answer.status != 0 || answer.sent;
  if (reached) env_.watch_list = false;
  env_.metrics->CountWatchRestart(name_, "watchlist");
  if (reached && answer.status >= 400 && answer.status < 500 && answer.status != 401 &&
      answer.status != 403 && answer.status != 429) {
    return Again();
  }
  Retry(Describe(answer, fmt::format("list and watch {}", name_)),
        RetryAfter(answer, env_.pace, backoff_.Next()), &Informer::Again);
}

void Informer::Upsert(std::string_view object) {
  ObjectMeta meta;
  Result<Event> event = UpsertFrom(resource_.kind, encoding_, object, env_.translate, &meta);
  if (!meta.resource_version.empty()) version_ = std::move(meta.resource_version);
  if (!event) return Skip(event.error().message);
  const auto* pod = std::get_if<PodUpserted>(&*event);
  if (pod != nullptr && env_.on_claims && HasClaims(pod->pod)) env_.on_claims();
  batch_.push_back(std::move(event).value());
}

void Informer::Skip(const std::string& why) {
  ++skipped_;
  if (skipped_ > kLoggedSkips && skipped_ % 1'000 != 0) return;
  Log(LogLevel::kWarning, "{}: skipped an object that cannot be read: {} ({} so far)", name_, why,
      skipped_);
}

void Informer::Listed() {
  backoff_.Reset();
  if (env_.on_listed) env_.on_listed(resource_.kind);
}

void Informer::Flush() {
  if (batch_.empty()) return;
  env_.sink->Post(std::exchange(batch_, {}));
}

// The server sent what is no list or watch.
void Informer::Broken(const std::string& why) {
  stream_->Cancel();
  batch_.clear();
  consistent_ = true;
  Retry(why, backoff_.Next(), &Informer::Again);
}

void Informer::Retry(const std::string& why, Duration delay, void (Informer::*next)()) {
  stream_.reset();
  env_.trouble->Set(name_, why, delay);
  timer_ = env_.loop->After(delay, [this, next] { (this->*next)(); });
}

}  // namespace fairlead::kube
