#include "fairlead/ledger/interval.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::ledger {
namespace {

template <typename Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<Kind, 4> kKinds = {{{Kind::kUsage, "usage"},
                                    {Kind::kSystem, "system"},
                                    {Kind::kReserved, "reserved"},
                                    {Kind::kCapacity, "capacity"}}};
constexpr Names<UseClass, 3> kClasses = {{{UseClass::kGuaranteed, "guaranteed"},
                                          {UseClass::kEntitled, "entitled"},
                                          {UseClass::kBorrowed, "borrowed"}}};
constexpr Names<Phase, 3> kPhases = {{{Phase::kStarting, "starting"},
                                      {Phase::kRunning, "running"},
                                      {Phase::kTerminating, "terminating"}}};
constexpr Names<EndReason, 13> kReasons = {{{EndReason::kNone, ""},
                                            {EndReason::kCompleted, "completed"},
                                            {EndReason::kFailed, "failed"},
                                            {EndReason::kDeleted, "deleted"},
                                            {EndReason::kPreempted, "preempted"},
                                            {EndReason::kReclaimed, "reclaimed"},
                                            {EndReason::kNodeLost, "node_lost"},
                                            {EndReason::kBindFailed, "bind_failed"},
                                            {EndReason::kGangRollback, "gang_rollback"},
                                            {EndReason::kBound, "bound"},
                                            {EndReason::kChanged, "changed"},
                                            {EndReason::kSplit, "split"},
                                            {EndReason::kUnknown, "unknown"}}};
constexpr Names<Source, 3> kSources = {
    {{Source::kWatch, "watch"}, {Source::kReconcile, "reconcile"}, {Source::kImport, "import"}}};

template <typename Enum, std::size_t N>
std::string_view NameIn(const Names<Enum, N>& names, Enum value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "";
}

template <typename Enum, std::size_t N>
std::optional<Enum> ValueIn(const Names<Enum, N>& names, std::string_view text) {
  for (const auto& [known, name] : names) {
    if (name == text) return known;
  }
  return std::nullopt;
}

Error Wrong(std::string field, std::string message) {
  Error error;
  error.field = std::move(field);
  error.message = std::move(message);
  return error;
}

constexpr std::size_t kIdDigits = 32;

// Lengths keep parts apart: no two lists of parts give the same text.
std::string IdOf(const std::vector<std::string_view>& parts) {
  std::string text;
  for (const std::string_view part : parts) text += fmt::format("{}:{};", part.size(), part);
  return Sha256(text).substr(0, kIdDigits);
}

Status CheckGpus(const Interval& i) {
  for (std::size_t d = 0; d < i.devices.size(); ++d) {
    if (i.devices[d] < 0) return Wrong("devices", "expected device numbers from 0");
    if (d > 0 && i.devices[d] <= i.devices[d - 1]) {
      return Wrong("devices", "expected distinct device numbers in ascending order");
    }
  }
  if (i.unknown_devices < 0) return Wrong("unknown_devices", "expected 0 or more");
  if (i.gpus() == 0) {
    if (i.slices == 0 && i.slices_per_gpu == 0) return Ok{};
    return Wrong("slices", "slices without devices: expected none");
  }
  if (i.slices_per_gpu < 1 || i.slices_per_gpu > 64) {
    return Wrong("slices_per_gpu", fmt::format("{}: expected 1 to 64", i.slices_per_gpu));
  }
  if (i.slices < 1 || i.slices > i.slices_per_gpu) {
    return Wrong("slices", fmt::format("{}: expected 1 to {}", i.slices, i.slices_per_gpu));
  }
  return Ok{};
}

}  // namespace

std::string_view KindName(Kind kind) { return NameIn(kKinds, kind); }
std::optional<Kind> ParseKind(std::string_view text) { return ValueIn(kKinds, text); }
std::string_view UseClassName(UseClass c) { return NameIn(kClasses, c); }
std::optional<UseClass> ParseUseClass(std::string_view text) { return ValueIn(kClasses, text); }
std::string_view PhaseName(Phase phase) { return NameIn(kPhases, phase); }
std::optional<Phase> ParsePhase(std::string_view text) { return ValueIn(kPhases, text); }
std::string_view EndReasonName(EndReason reason) { return NameIn(kReasons, reason); }
std::optional<EndReason> ParseEndReason(std::string_view text) { return ValueIn(kReasons, text); }
std::string_view SourceName(Source source) { return NameIn(kSources, source); }
std::optional<Source> ParseSource(std::string_view text) { return ValueIn(kSources, text); }

std::string RecordIdOf(const Interval& i) {
  const std::string start = fmt::format("{}", i.start.ns);
  const std::string revision = fmt::format("{}", i.revision);
  // Without a uid the names must do: imported usage may come from a system that has none.
  return IdOf({i.cluster, i.pod_uid, i.ns, i.pod, i.node, KindName(i.kind), start, revision});
}

std::string OpenKeyOf(const Interval& i) {
  return IdOf({i.cluster, i.pod_uid, i.ns, i.pod, i.node, KindName(i.kind)});
}

Status CheckInterval(const Interval& i) {
  const std::pair<const char*, std::int64_t> amounts[] = {{"revision", i.revision},
                                                          {"gpu_memory_bytes", i.gpu_memory_bytes},
                                                          {"cpu_milli", i.cpu_milli},
                                                          {"memory_bytes", i.memory_bytes},
                                                          {"storage_bytes", i.storage_bytes},
                                                          {"epoch", i.epoch},
                                                          {"start", i.start.ns}};
  for (const auto& [field, amount] : amounts) {
    if (amount < 0) return Wrong(field, fmt::format("{}: expected 0 or more", amount));
  }
  if (i.end && *i.end <= i.start) {
    return Wrong("end", fmt::format("{} is not after the start {}", FormatInstant(*i.end),
                                    FormatInstant(i.start)));
  }
  if (i.end && i.end_reason == EndReason::kNone) {
    return Wrong("end_reason", "an interval that has ended: expected a reason");
  }
  if (!i.end && i.end_reason != EndReason::kNone) {
    return Wrong("end_reason", "an interval that is open: expected none");
  }
  if (i.cluster.empty()) return Wrong("cluster", "expected a name");
  if (i.kind == Kind::kUsage && i.tenant.empty()) return Wrong("tenant", "expected a name");
  if (i.kind == Kind::kCapacity && i.node.empty()) return Wrong("node", "expected a name");
  if ((i.revision > 0) == i.supersedes.empty()) {
    return Wrong("supersedes", i.revision > 0 ? "a correction: expected the record it corrects"
                                              : "a first revision: expected none");
  }
  return CheckGpus(i);
}

}  // namespace fairlead::ledger
