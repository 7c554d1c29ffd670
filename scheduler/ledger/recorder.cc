#include "fairlead/ledger/recorder.h"

#include <utility>

#include "fairlead/engine/log.h"

namespace fairlead::ledger {

Recorder::Recorder(Store* store, RecorderOptions options)
    : store_(store), options_(std::move(options)), book_(options_.book) {}

Status Recorder::Restore() {
  const Result<std::vector<Interval>> open = store_->OpenIntervals();
  if (!open.ok()) return open.error();
  const Result<std::optional<Instant>> last = store_->LastWrite();
  if (!last.ok()) return last.error();
  book_.Restore(*open, last->value_or(Instant{}));
  return Ok{};
}

void Recorder::Take(const UsageBatch& batch) {
  at_ = batch.at;
  std::vector<Change> changes = book_.Apply(batch);
  std::move(changes.begin(), changes.end(), std::back_inserter(changes_));
}

Status Recorder::Flush() {
  if (changes_.empty()) return Ok{};
  const Result<Written> written = store_->Write(changes_, at_);
  if (!written.ok()) {
    if (trouble_.empty()) {
      Log(LogLevel::kError, "usage cannot be written and waits: {}", written.error().ToString());
    }
    trouble_ = written.error().ToString();
    return written.error();
  }
  if (!trouble_.empty()) {
    Log(LogLevel::kInfo, "usage is written again: {} changes had waited", changes_.size());
  }
  trouble_.clear();
  written_ += static_cast<std::int64_t>(changes_.size());
  changes_.clear();
  return Ok{};
}

void Recorder::Record(UsageBatch batch) {
  Take(batch);
  static_cast<void>(Flush().ok());  // what could not be written waits
}

}  // namespace fairlead::ledger
