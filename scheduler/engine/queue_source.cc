#include "scheduler/engine/queue_source.h"

#include <algorithm>
#include <utility>

#include "fairlead/engine/log.h"

namespace fairlead {
namespace {

constexpr Duration kLookEvery = Duration::Seconds(1);
constexpr Duration kWriteEvery = Duration::Seconds(5);
constexpr Duration kWaitEvery = Duration::Seconds(60);
constexpr Instant kNever{INT64_MAX};

// What no status shows must not make one look changed.
QueueReport Shown(QueueReport report) {
  report.decayed_usage = 0;
  report.pending_pods = 0;
  return report;
}

bool SameCondition(const QueueStatus& a, const QueueStatus& b) {
  return a.uid == b.uid && a.generation == b.generation && a.accepted == b.accepted &&
         a.reason == b.reason && a.message == b.message;
}

// A line each, unless they would flood the log.
void Tell(const std::vector<std::string>& news) {
  constexpr std::size_t kMost = 20;
  for (std::size_t i = 0; i < std::min(kMost, news.size()); ++i) {
    Log(LogLevel::kInfo, "{}", news[i]);
  }
  if (news.size() > kMost) Log(LogLevel::kInfo, "and {} more Queues", news.size() - kMost);
}

}  // namespace

QueueSource::QueueSource(std::vector<QueueSpec> declared)
    : declared_(std::move(declared)), queues_(declared_) {}

void QueueSource::Declare(std::vector<QueueSpec> declared) {
  declared_ = std::move(declared);
  changed_ = true;
}

void QueueSource::Upsert(const QueueInfo& queue) {
  const auto [it, fresh] = entries_.try_emplace(queue.object.spec.name);
  Entry& entry = it->second;
  const bool another = !fresh && entry.info.object.uid != queue.object.uid;
  if (another) entry = Entry();
  entry.list = list_;
  // Our own writes of the status come back here: they are no change.
  if (!fresh && entry.info.object == queue.object) return;
  entry.info = queue;
  changed_ = true;
}

void QueueSource::Remove(const std::string& name) {
  if (entries_.erase(name) > 0) changed_ = true;
}

void QueueSource::BeginRelist() {
  ++list_;
  listing_ = true;
}

void QueueSource::EndRelist() {
  listing_ = false;
  if (std::erase_if(entries_, [this](const auto& e) { return e.second.list != list_; }) > 0) {
    changed_ = true;
  }
}

bool QueueSource::Refresh(Instant now) {
  if (!changed_ || listing_) return false;
  changed_ = false;
  std::vector<QueueCandidate> candidates;
  candidates.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) {
    candidates.push_back({entry.info.object, entry.accepted});
  }
  MergedQueues merged = MergeQueues(declared_, candidates);
  std::size_t i = 0;
  std::vector<std::string> news;
  for (auto& [name, entry] : entries_) {
    std::string line = Take(std::move(merged.verdicts[i++]), now, &entry);
    if (!line.empty()) news.push_back(std::move(line));
  }
  Tell(news);
  next_status_ = std::min(next_status_, now);
  if (merged.queues == queues_) return false;
  queues_ = std::move(merged.queues);
  return true;
}

std::string QueueSource::Take(QueueVerdict verdict, Instant now, Entry* entry) {
  const std::string& name = entry->info.object.spec.name;
  const bool accepted = verdict.accepted();
  if (!entry->verdict) {
    const bool shown = entry->info.shown_accepted == accepted;
    entry->since = shown ? entry->info.shown_since : now;
  } else if (entry->verdict->accepted() != accepted) {
    entry->since = now;
  }
  std::string news;
  if (!accepted && (!entry->verdict || entry->verdict->message != verdict.message)) {
    news = fmt::format("Queue {} is not accepted: {}", name, verdict.message);
  } else if (accepted && verdict.in_force != entry->accepted) {
    news = fmt::format("Queue {}{} in force", name, entry->accepted ? ": its changes are" : " is");
  }
  if (verdict.in_force) {
    entry->accepted = verdict.in_force;
  } else {
    entry->report.reset();
  }
  entry->verdict = std::move(verdict);
  return news;
}

void QueueSource::Decided() {
  if (!entries_.empty()) next_status_ = std::min(next_status_, looked_ + kLookEvery);
}

void QueueSource::Show(const QueueTable& table) {
  for (const QueueReport& report : table.queues) {
    const auto it = entries_.find(report.name);
    if (it == entries_.end() || !it->second.verdict || !it->second.verdict->in_force) continue;
    it->second.report = Shown(report);
  }
}

// How long after it was written it may be replaced.
Duration QueueSource::Patience(const QueueStatus& written, const QueueStatus& now) {
  if (!SameCondition(written, now)) return Duration{};
  if (!written.report || !now.report) return kWriteEvery;
  QueueReport report = *now.report;
  report.oldest_wait = written.report->oldest_wait;
  return report == *written.report ? kWaitEvery : kWriteEvery;
}

std::vector<QueueStatus> QueueSource::TakeStatuses(Instant now) {
  std::vector<QueueStatus> due;
  if (now < next_status_) return due;
  looked_ = now;
  next_status_ = kNever;
  for (auto& [name, entry] : entries_) {
    if (!entry.verdict) continue;
    QueueStatus status = StatusOf(entry);
    if (entry.written) {
      const bool same =
          SameCondition(*entry.written, status) && entry.written->report == status.report;
      if (same) {
        // It goes on waiting, whether anything is decided or not.
        const bool waits = status.report && status.report->oldest_wait;
        if (waits) next_status_ = std::min(next_status_, now + kWaitEvery);
        continue;
      }
      const Instant when = entry.written_at + Patience(*entry.written, status);
      if (when > now) {
        next_status_ = std::min(next_status_, when);
        continue;
      }
    }
    if (status.report && status.report->oldest_wait) {
      next_status_ = std::min(next_status_, now + kWaitEvery);
    }
    due.push_back(status);
    entry.written = std::move(status);
    entry.written_at = now;
  }
  return due;
}

QueueStatus QueueSource::StatusOf(const Entry& entry) {
  return {.name = entry.info.object.spec.name,
          .uid = entry.info.object.uid,
          .generation = entry.info.object.generation,
          .accepted = entry.verdict->accepted(),
          .reason = std::string(QueueReasonName(entry.verdict->reason)),
          .message = entry.verdict->message,
          .since = entry.since,
          .report = entry.report};
}

}  // namespace fairlead
