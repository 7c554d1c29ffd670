// Watches. A stream holds a revision, not events: what comes after it is read from the store's
// history when the reader asks, and frames are made from the text that a version keeps, so that
// many watchers of one object share the work.
//
// I1  Every change of the selection above `revision_` is still to be delivered; all others up to it
//     were delivered or do not concern the watch.
// I2  While nothing is pending the listener moves `revision_` along with changes that do not
//     concern the watch, so that only a reader that is too slow is ever told 410.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scheduler/apiserver/api_steps.h"

namespace fairlead::apiserver {
namespace {

// The last bookmark is sent this long before the end.
constexpr Duration kBeforeEnd = Duration::Seconds(2);
constexpr Instant kNever{INT64_MAX};

struct WatchPlan {
  std::vector<VersionPtr> initial;
  bool marks_initial_end = false;
  std::uint64_t revision = 0;
  Instant deadline;
  Duration bookmark_every;
  std::optional<ApiError> failure;  // told in the stream
};

class Stream final : public WatchStream {
 public:
  Stream(Store* store, const Clock* clock, const Resource& resource, const WatchOptions& options,
         WatchPlan plan, std::shared_ptr<FrameWriter> writer)
      : store_(*store),
        clock_(*clock),
        options_(options),
        storage_(resource.storage),
        kind_(resource.kind),
        api_version_(resource.ApiVersion()),
        plan_(std::move(plan)),
        writer_(std::move(writer)),
        revision_(plan_.revision) {
    if (!resource.namespaced) options_.ns.clear();
    everything_ = options_.labels.empty() && options_.fields.empty();
    name_ = options_.fields.Name();
    ScheduleBookmark(clock_.Now());
    listener_ = store_.Listen([this](const Change& change) { Hear(change); });
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() override { store_.Unlisten(listener_); }

  bool Take(std::size_t max_bytes, std::string* out) override;
  void OnReady(std::function<void()> wake) override { wake_ = std::move(wake); }
  Instant due() const override {
    if (pending_) return Instant{};
    return std::min(plan_.deadline, next_bookmark_);
  }

 private:
  void Hear(const Change& change);
  // Cheap: the place only.
  bool Concerns(const Change& change) const;
  bool Selects(const json::object& object) const;
  void Frame(const Change& change, std::string* out);
  void Bookmark(bool ends_initial, std::string* out);
  void ScheduleBookmark(Instant now);
  bool Fail(const ApiError& error, std::string* out);
  // False: `out` is full.
  bool TakeInitial(std::size_t end, std::string* out);
  bool TakeChanges(std::size_t end, std::string* out);

  Store& store_;
  const Clock& clock_;
  WatchOptions options_;
  std::string storage_, kind_, api_version_;
  WatchPlan plan_;
  std::shared_ptr<FrameWriter> writer_;
  std::uint64_t revision_;
  bool everything_ = true;  // no selectors
  std::string name_;        // the only name that is selected; empty: any
  std::size_t initial_at_ = 0;
  bool initial_done_ = false;
  bool pending_ = true;  // there may be something to take
  Instant next_bookmark_ = kNever;
  std::function<void()> wake_;
  std::uint64_t listener_ = 0;
};

bool Stream::Concerns(const Change& change) const {
  if (change.storage != storage_ || change.revision <= plan_.revision) return false;
  const json::object& object = change.now->object;
  if (!options_.ns.empty() && GetString(object, {"metadata", "namespace"}) != options_.ns) {
    return false;
  }
  return name_.empty() || GetString(object, {"metadata", "name"}) == name_;
}

bool Stream::Selects(const json::object& object) const {
  if (!options_.labels.empty() &&
      !options_.labels.Matches(FindObject(object, {"metadata", "labels"}))) {
    return false;
  }
  return options_.fields.empty() || options_.fields.Matches(object);
}

void Stream::Hear(const Change& change) {
  if (pending_) return;
  const bool concerns =
      Concerns(change) && (everything_ || Selects(change.now->object) ||
                           (change.before != nullptr && Selects(change.before->object)));
  if (!concerns) {
    revision_ = std::max(revision_, change.revision);
    return;
  }
  pending_ = true;
  // Until the next Take there is no second wake: `pending_` ends this function at its start.
  if (wake_) wake_();
}

void Stream::Frame(const Change& change, std::string* out) {
  const bool before = change.before != nullptr && (everything_ || Selects(change.before->object));
  if (change.type == ChangeType::kDeleted) {
    if (before) writer_->Object("DELETED", *change.now, out);
    return;
  }
  const bool now = everything_ || Selects(change.now->object);
  if (now) {
    writer_->Object(before ? "MODIFIED" : "ADDED", *change.now, out);
  } else if (before) {
    json::object left = change.before->object;
    At(&left, {"metadata", "resourceVersion"}) = std::to_string(change.revision);
    writer_->Bare("DELETED", left, out);
  }
}

void Stream::Bookmark(bool ends_initial, std::string* out) {
  json::object object;
  object["kind"] = kind_;
  object["apiVersion"] = api_version_;
  json::object& meta = ObjectAt(&object, {"metadata"});
  meta["resourceVersion"] = std::to_string(revision_);
  meta["creationTimestamp"] = nullptr;
  if (ends_initial) At(&meta, {"annotations", "k8s.io/initial-events-end"}) = "true";
  writer_->Bare("BOOKMARK", object, out);
}

void Stream::ScheduleBookmark(Instant now) {
  next_bookmark_ = kNever;
  if (!options_.bookmarks) return;
  const Instant last = plan_.deadline - kBeforeEnd;
  if (last > now) next_bookmark_ = std::min(now + plan_.bookmark_every, last);
}

bool Stream::Fail(const ApiError& error, std::string* out) {
  writer_->Bare("ERROR", error.ToStatus(), out);
  pending_ = false;
  return false;
}

bool Stream::TakeInitial(std::size_t end, std::string* out) {
  while (initial_at_ < plan_.initial.size()) {
    if (out->size() >= end) return false;
    writer_->Object("ADDED", *plan_.initial[initial_at_], out);
    plan_.initial[initial_at_].reset();
    ++initial_at_;
  }
  plan_.initial.clear();
  initial_at_ = 0;
  if (!initial_done_ && plan_.marks_initial_end) Bookmark(true, out);
  initial_done_ = true;
  return true;
}

bool Stream::TakeChanges(std::size_t end, std::string* out) {
  const auto& changes = store_.changes();
  for (std::size_t i = store_.Position(revision_); i < changes.size(); ++i) {
    if (out->size() >= end) return false;
    const Change& change = changes[i];
    if (Concerns(change)) Frame(change, out);
    revision_ = change.revision;
  }
  return true;
}

bool Stream::Take(std::size_t max_bytes, std::string* out) {
  if (plan_.failure) return Fail(*plan_.failure, out);
  const Instant now = clock_.Now();
  // A watch from a version that is still to come waits for it.
  if (revision_ < store_.oldest()) {
    return Fail(
        Expired(fmt::format("too old resource version: {} ({})", revision_, store_.oldest())), out);
  }
  const std::size_t end = out->size() + std::max<std::size_t>(max_bytes, 1);
  pending_ = !TakeInitial(end, out) || !TakeChanges(end, out);
  if (!pending_ && now >= next_bookmark_) {
    Bookmark(false, out);
    ScheduleBookmark(now);
  }
  return now < plan_.deadline;
}

ApiError ForbiddenOption(const std::vector<std::string>& whys, std::string_view field) {
  std::vector<Cause> causes;
  causes.reserve(whys.size());
  for (const std::string& why : whys) {
    causes.push_back({"FieldValueForbidden", "Forbidden: " + why, std::string(field)});
  }
  return InvalidOptions("ListOptions", std::move(causes));
}

Cause Unsupported(std::string_view match, std::string_view supported) {
  return {"FieldValueNotSupported",
          fmt::format("Unsupported value: \"{}\": supported values: {}", match, supported),
          "resourceVersionMatch"};
}

std::optional<ApiError> CheckOld(const WatchOptions& options) {
  const std::string& match = options.resource_version_match;
  if (match.empty()) return std::nullopt;
  std::vector<std::string> whys = {"resourceVersionMatch is forbidden for watch"};
  if (options.resource_version.empty()) {
    whys.emplace_back("resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  ApiError error = ForbiddenOption(whys, "resourceVersionMatch");
  if (match == "Exact" || match == "NotOlderThan") return error;
  std::vector<Cause> causes = std::move(error.causes);
  causes.push_back(Unsupported(match, "\"Exact\", \"NotOlderThan\", \"\""));
  return InvalidOptions("ListOptions", std::move(causes));
}

std::optional<ApiError> CheckCurrent(const WatchOptions& options, bool watch_list) {
  const std::string& match = options.resource_version_match;
  std::vector<Cause> causes;
  const auto forbid = [&causes](const char* field, const char* why) {
    causes.push_back({"FieldValueForbidden", fmt::format("Forbidden: {}", why), field});
  };
  if (options.send_initial_events && match != "NotOlderThan") {
    forbid("resourceVersionMatch",
           "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (options.send_initial_events && !watch_list) {
    forbid("sendInitialEvents",
           "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
  }
  if (!match.empty() && !options.send_initial_events) {
    forbid("resourceVersionMatch",
           "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  if (!match.empty() && match != "NotOlderThan") {
    causes.push_back(Unsupported(match, "\"NotOlderThan\""));
  }
  if (causes.empty()) return std::nullopt;
  return InvalidOptions("ListOptions", std::move(causes));
}

}  // namespace

Answer<std::shared_ptr<WatchStream>> Api::Watch(const Resource& resource,
                                                const WatchOptions& options,
                                                std::shared_ptr<FrameWriter> writer) {
  const bool current = options_.profile == Profile::kCurrent;
  auto invalid = current ? CheckCurrent(options, options_.watch_list) : CheckOld(options);
  if (invalid) return *std::move(invalid);
  const Answer<std::uint64_t> asked = ParseResourceVersion(options.resource_version);
  if (!asked) return asked.error();

  const bool listed = current && options.send_initial_events;
  WatchPlan plan;
  plan.revision = *asked == 0 ? store_.revision() : *asked;
  plan.marks_initial_end = listed && options.bookmarks;
  plan.bookmark_every = options_.bookmark_every;
  Duration length = Duration::Seconds(std::min<std::int64_t>(options.timeout_s, 1'000'000'000));
  if (options.timeout_s == 0 && options_.min_watch.ns > 0) {
    const auto spread = static_cast<std::uint64_t>(options_.min_watch.ns);
    length =
        options_.min_watch + Duration::Nanoseconds(static_cast<std::int64_t>(random_() % spread));
  }
  plan.deadline = Now() + length;
  if (listed && *asked > store_.revision()) {
    plan.failure = TooLargeResourceVersion(*asked, store_.revision(), 1);
  } else if (listed || *asked == 0) {
    ListOptions which;
    which.ns = options.ns;
    which.labels = options.labels;
    which.fields = options.fields;
    Answer<ListPage> page = List(resource, which);
    if (!page) return page.error();
    plan.initial = std::move(page->items);
    plan.revision = page->revision;
  }
  return std::shared_ptr<WatchStream>(std::make_shared<Stream>(&store_, clock_, resource, options,
                                                               std::move(plan), std::move(writer)));
}

}  // namespace fairlead::apiserver
