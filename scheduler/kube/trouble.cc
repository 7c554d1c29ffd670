#include "scheduler/kube/trouble.h"

#include <fmt/format.h>

#include "fairlead/engine/log.h"

namespace fairlead::kube {
namespace {

constexpr Duration kRepeat = Duration::Seconds(60);

std::string Seconds(Duration d) {
  const std::int64_t tenths = d.ns / 100'000'000;
  return fmt::format("{}.{} s", tenths / 10, tenths % 10);
}

}  // namespace

void Trouble::Expect(const std::string& source, const std::string& what) {
  const std::lock_guard lock(mutex_);
  entries_[source] = Entry{what, fmt::format("{}: {}", source, what), false, {}};
}

void Trouble::Set(const std::string& source, const std::string& why, Duration retry) {
  const Instant now = loop_->Now();
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[source];
  const bool changed = !entry.logged || entry.why != why;
  entry.why = why;
  entry.text = fmt::format("{}: {} (retrying in {})", source, why, Seconds(retry));
  if (!changed && now - entry.logged_at < kRepeat) return;
  entry.logged = true;
  entry.logged_at = now;
  Log(LogLevel::kWarning, "{}", entry.text);
}

void Trouble::Clear(const std::string& source) {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(source);
  if (it == entries_.end()) return;
  if (it->second.logged) Log(LogLevel::kInfo, "{}: works again", source);
  entries_.erase(it);
}

std::string Trouble::Text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [source, entry] : entries_) {
    if (!out.empty()) out += "; ";
    out += entry.text;
  }
  return out;
}

}  // namespace fairlead::kube
