#include "fairlead/ledger/jsonl.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace fairlead::ledger {
namespace {

constexpr std::size_t kBatch = 2'000;  // lines in a transaction

Error At(Error error, const std::string& file, std::int64_t line) {
  error.file = file;
  error.line = static_cast<int>(line);
  return error;
}

// What lines say of their order.
class Order {
 public:
  Status Check(const StoredInterval& stored) {
    if (stored.seq == 0) return Ok{};
    if (stored.seq <= last_seq_) {
      return Wrong("seq", fmt::format("{} after {}: lines are out of order or doubled", stored.seq,
                                      last_seq_));
    }
    last_seq_ = stored.seq;
    if (stored.hash.empty()) return Ok{};
    const auto [it, first] = heads_.try_emplace(stored.interval.cluster, stored.hash);
    if (!first) {
      if (stored.previous_hash != it->second) {
        return Wrong("previous_hash",
                     "is not the hash of the line before of this cluster: lines are missing");
      }
      it->second = stored.hash;
    }
    return Ok{};
  }

 private:
  static Error Wrong(std::string field, std::string message) {
    Error error;
    error.field = std::move(field);
    error.message = std::move(message);
    return error;
  }
  std::int64_t last_seq_ = 0;
  std::map<std::string, std::string> heads_;
};

Change ChangeOf(Interval interval) {
  if (interval.end) return Append{std::move(interval)};
  return Open{std::move(interval)};
}

class Importer {
 public:
  Importer(const std::string& file, Store* store, Instant now)
      : file_(file), store_(store), now_(now) {}

  Status Check(std::istream* in) {
    Order order;
    std::string line;
    for (std::int64_t number = 1; std::getline(*in, line); ++number) {
      const Result<StoredInterval> stored = ParseInterval(line);
      if (!stored.ok()) return At(stored.error(), file_, number);
      if (Status ordered = order.Check(*stored); !ordered) {
        return At(ordered.error(), file_, number);
      }
    }
    if (in->bad()) return At(Error{"cannot be read", "", 0, 0, ""}, file_, 0);
    return Ok{};
  }

  Result<Imported> Write(std::istream* in) {
    std::string line;
    while (std::getline(*in, line)) {
      Result<StoredInterval> stored = ParseInterval(line);
      if (!stored.ok()) return At(stored.error(), file_, imported_.lines + 1);
      batch_.push_back(ChangeOf(std::move(stored->interval)));
      ++imported_.lines;
      if (batch_.size() < kBatch) continue;
      if (Status flushed = Flush(); !flushed) return flushed.error();
    }
    if (Status flushed = Flush(); !flushed) return flushed.error();
    return imported_;
  }

 private:
  void Count(const Written& written) {
    imported_.written.appended += written.appended;
    imported_.written.duplicates += written.duplicates;
  }

  Status Flush() {
    if (batch_.empty()) return Ok{};
    const Result<Written> written = store_->Write(batch_, now_);
    if (!written.ok()) return OneByOne();
    Count(*written);
    batch_.clear();
    return Ok{};
  }
  // Finds the line that does not go in.
  Status OneByOne() {
    const std::int64_t first = imported_.lines - static_cast<std::int64_t>(batch_.size()) + 1;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      const Result<Written> written = store_->Write({batch_[i]}, now_);
      if (!written.ok()) {
        return At(written.error(), file_, first + static_cast<std::int64_t>(i));
      }
      Count(*written);
    }
    batch_.clear();
    return Ok{};
  }

  const std::string& file_;
  Store* store_;
  Instant now_;
  std::vector<Change> batch_;
  Imported imported_;
};

}  // namespace

Result<std::int64_t> ExportLines(Store* store, std::ostream* out) {
  std::int64_t lines = 0;
  Status read = store->Read({}, [&](const StoredInterval& stored) -> Status {
    *out << ToJsonLine(stored) << '\n';
    ++lines;
    return Ok{};
  });
  if (!read) return read.error();
  Result<std::vector<Interval>> open = store->OpenIntervals();
  if (!open.ok()) return open.error();
  for (const Interval& interval : *open) *out << CanonicalJson(interval) << '\n';
  out->flush();
  if (!*out) return Error{"cannot be written", "", 0, 0, ""};
  return lines + static_cast<std::int64_t>(open->size());
}

Result<Imported> ImportLines(std::istream* in, const std::string& file, Store* store, Instant now) {
  Importer importer(file, store, now);
  if (Status checked = importer.Check(in); !checked) return checked.error();
  in->clear();
  in->seekg(0);
  return importer.Write(in);
}

}  // namespace fairlead::ledger
