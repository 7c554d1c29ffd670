// QueueSource: which queues are in force, from the configuration and from Queue objects, and what
// the objects are to show.
//
// I1: queues() passes CheckTree and is never empty.
// I2: the last spec of an object that was in force is remembered until the object is gone or
//     another one of that name: an edit that cannot be accepted leaves it in force.
// I3: while a list of objects is under way, nothing changes: half a tree is none.
//
// What an object shows is written when its condition changes, and otherwise at most every 5 s; a
// change of nothing but the oldest wait at most every minute.
//
// On the engine's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/base/time.h"
#include "fairlead/cycle/queue_report.h"
#include "fairlead/engine/ports.h"
#include "fairlead/queues/merge.h"

namespace fairlead {

class QueueSource {
 public:
  // `declared`: by the configuration; passes CheckTree, not empty.
  explicit QueueSource(std::vector<QueueSpec> declared);

  void Declare(std::vector<QueueSpec> declared);  // instead of those before
  void Upsert(const QueueInfo& queue);
  void Remove(const std::string& name);
  void BeginRelist();
  void EndRelist();  // what has not come since BeginRelist is gone

  // Takes in what came. True: other queues are in force than before.
  bool Refresh(Instant now);
  const std::vector<QueueSpec>& queues() const { return queues_; }

  bool has_objects() const { return !entries_.empty(); }
  // A decision was made: what objects show may have changed.
  void Decided();
  // What the objects' queues have now.
  void Show(const QueueTable& table);
  // What is to be written now.
  std::vector<QueueStatus> TakeStatuses(Instant now);
  // When TakeStatuses wants to be called next; far future if never.
  Instant next_status() const { return next_status_; }

 private:
  struct Entry {
    QueueInfo info;
    std::optional<QueueSpec> accepted;  // in force last
    std::optional<QueueVerdict> verdict;
    Instant since;                      // of the condition
    std::optional<QueueReport> report;  // as shown last
    std::optional<QueueStatus> written;
    Instant written_at;
    std::uint64_t list = 0;  // in which it was seen last
  };

  // Returns what is worth a line in the log, or nothing.
  static std::string Take(QueueVerdict verdict, Instant now, Entry* entry);
  static QueueStatus StatusOf(const Entry& entry);
  static Duration Patience(const QueueStatus& written, const QueueStatus& now);

  std::vector<QueueSpec> declared_;
  std::vector<QueueSpec> queues_;
  std::map<std::string, Entry> entries_;  // by name
  std::uint64_t list_ = 0;
  bool listing_ = false;
  bool changed_ = false;
  Instant looked_{INT64_MIN / 2};  // when TakeStatuses last went through all
  Instant next_status_{INT64_MAX};
};

}  // namespace fairlead
