// The life of one pod on its node: admission, start, end, restart, termination.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "scheduler/apiserver/kubelets_state.h"

namespace fairlead::apiserver {
namespace {

constexpr Duration kFirstBackOff = Duration::Seconds(10);
constexpr Duration kLongestBackOff = Duration::Seconds(300);
// How long a pod may be bound to a Node that does not exist, before it is removed.
constexpr Duration kOrphanAfter = Duration::Seconds(40);
constexpr int kKilled = 137;

std::string_view Annotation(const json::object& pod, std::string_view key) {
  const json::object* annotations = FindObject(pod, {"metadata", "annotations"});
  return annotations == nullptr ? std::string_view() : MapGet(*annotations, key);
}

// None: absent, or not a number of milliseconds.
std::optional<Duration> Milliseconds(const json::object& pod, std::string_view key) {
  const std::string_view text = Annotation(pod, key);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr std::int64_t kMost = std::int64_t{1} << 42;
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < 0 || value > kMost) return std::nullopt;
  return Duration::Milliseconds(value);
}

bool Restarts(const json::object& pod) {
  return GetString(pod, {"spec", "restartPolicy"}) != "Never";
}

// The first restart comes at once.
Duration BackOff(int restarts) {
  if (restarts <= 1) return Duration{};
  const int doublings = std::min(restarts - 2, 5);
  return std::min(Duration{kFirstBackOff.ns << doublings}, kLongestBackOff);
}

}  // namespace

void Kubelets::State::Judge(PodRun* run, const json::object& pod) {
  if (run->stage != Stage::kSeen || run->terminating) return;
  Machine* machine = FindMachine(run->node);
  if (machine == nullptr) {
    run->leave = Later(*run, kOrphanAfter, &State::Collect);
    return;
  }
  work.Cancel(&run->leave);
  if (machine->lost) {
    if (machine->marked) ScheduleLeave(run, pod);
    return;
  }
  if (Find(pod, {"metadata", "deletionTimestamp"}) != nullptr) return;
  const VersionPtr node = api->store().Get("nodes", "", run->node);
  const json::object* labels =
      node == nullptr ? nullptr : FindObject(node->object, {"metadata", "labels"});
  const Verdict verdict =
      machine->book.Admit({.uid = run->uid,
                           .requests = PodRequests(pod),
                           .gpu_assignment = std::string(Annotation(pod, kGpuAssignmentKey)),
                           .node_matches = NodeMatches(pod, labels, run->node)});
  if (!verdict.admitted) {
    Reject(run, verdict);
    return;
  }
  run->stage = Stage::kAdmitted;
  const Duration delay =
      Milliseconds(pod, "sim.fairlead.dev/start-delay-ms").value_or(options.start_delay);
  if (delay.ns <= 0) {
    Start(run);
    return;
  }
  WriteStatus(run,
              [&](json::object* object) { WriteStarting(object, FactsOf(*run), clock->Now()); });
  run->life = Later(*run, delay, &State::Start);
}

void Kubelets::State::Reject(PodRun* run, const Verdict& verdict) {
  ++counters.rejected;
  if (verdict.double_booking) ++counters.double_bookings;
  run->stage = Stage::kEnded;
  const std::string lead = api->profile() == Profile::k120 ? "Pod " : "Pod was rejected: ";
  WriteStatus(run, [&](json::object* object) {
    WriteRejected(object, verdict.reason, lead + verdict.message, clock->Now());
  });
  if (const VersionPtr pod = Current(*run)) {
    RecordEvent(api, {.about = &pod->object,
                      .component = "kubelet",
                      .warning = true,
                      .reason = verdict.reason,
                      .message = verdict.message});
  }
}

void Kubelets::State::Start(PodRun* run) {
  if (run->stage != Stage::kAdmitted) return;
  ++counters.started;
  const std::uint32_t ip = ++last_ip;
  run->ip = fmt::format("10.{}.{}.{}", 128U + (ip >> 16U & 127U), ip >> 8U & 255U, ip & 255U);
  Run(run);
}

void Kubelets::State::Run(PodRun* run) {
  const VersionPtr pod = Current(*run);
  if (pod == nullptr) return;
  run->stage = Stage::kRunning;
  run->started_at = clock->Now();
  WriteStatus(run,
              [&](json::object* object) { WriteRunning(object, FactsOf(*run), clock->Now()); });
  const std::int64_t limit = GetInt(pod->object, {"spec", "activeDeadlineSeconds"}, -1);
  if (limit >= 0 && run->deadline == 0) {
    const std::string_view since = GetString(pod->object, {"status", "startTime"});
    const Instant start = since.empty() ? clock->Now() : TimeOf(since);
    run->deadline =
        Later(*run, start + Duration::Seconds(limit) - clock->Now(), &State::PastDeadline);
  }
  const auto fails = Milliseconds(pod->object, "sim.fairlead.dev/fail-after-ms");
  auto ends = Milliseconds(pod->object, "sim.fairlead.dev/runtime-ms");
  if (!ends && !fails && options.default_runtime.ns >= 0) ends = options.default_runtime;
  if (fails && (!ends || *fails < *ends)) {
    run->life = Later(*run, *fails, &State::Fail);
  } else if (ends) {
    run->life = Later(*run, *ends, &State::Succeed);
  }
}

// Also with restartPolicy Always: the annotation says that the pod succeeds.
void Kubelets::State::Succeed(PodRun* run) {
  ++counters.succeeded;
  End(run, {});
}

void Kubelets::State::Fail(PodRun* run) {
  const VersionPtr pod = Current(*run);
  if (pod == nullptr) return;
  if (!Restarts(pod->object) || run->terminating) {
    ++counters.failed;
    End(run, {.succeeded = false, .exit_code = 1, .reason = "Error"});
    return;
  }
  const Duration delay = BackOff(++run->restarts);
  if (delay.ns == 0) {
    Run(run);
    return;
  }
  run->stage = Stage::kBackOff;
  WriteStatus(
      run, [&](json::object* object) { WriteBackOff(object, FactsOf(*run), delay, clock->Now()); });
  run->life = Later(*run, delay, &State::Run);
}

void Kubelets::State::PastDeadline(PodRun* run) {
  ++counters.failed;
  End(run, {.succeeded = false,
            .exit_code = kKilled,
            .reason = "Error",
            .pod_reason = "DeadlineExceeded",
            .pod_message = "Pod was active on the node longer than the specified deadline"});
}

// Its room is free once the change of its status comes back: whoever was given it before that was
// given what others could still see as taken.
void Kubelets::State::End(PodRun* run, const EndFacts& end) {
  const bool was_terminating = run->terminating;
  CancelTimers(run);
  run->stage = Stage::kEnded;
  WriteStatus(run,
              [&](json::object* object) { WriteEnded(object, FactsOf(*run), end, clock->Now()); });
  if (was_terminating) Delete(run);
}

// Again when the grace period has become shorter.
void Kubelets::State::Terminate(PodRun* run, const json::object& pod) {
  const Duration grace = Duration::Seconds(
      std::max<std::int64_t>(GetInt(pod, {"metadata", "deletionGracePeriodSeconds"}, 0), 0));
  if (std::exchange(run->terminating, true) && grace >= run->grace) return;
  run->grace = grace;
  const Machine* machine = FindMachine(run->node);
  if (machine == nullptr || machine->lost) return;
  const std::string_view ignore = Annotation(pod, "sim.fairlead.dev/ignore-term");
  const bool stubborn = !ignore.empty() && ignore != "false";
  const bool running = run->stage == Stage::kRunning || run->stage == Stage::kBackOff;
  const Duration delay = !running   ? Duration{}
                         : stubborn ? grace
                                    : std::min(grace, options.term_delay);
  work.Cancel(&run->kill);
  if (delay.ns > 0) {
    run->kill = Later(*run, delay, &State::Delete);
    return;
  }
  CancelTimers(run);
  Delete(run);
}

void Kubelets::State::Delete(PodRun* run) {
  const VersionPtr pod = Current(*run);
  if (pod == nullptr) return;
  const json::array* finalizers = FindArray(pod->object, {"metadata", "finalizers"});
  if (run->stage != Stage::kEnded && finalizers != nullptr && !finalizers->empty()) {
    // It stays visible after its containers are gone, so its status has to say so.
    ++counters.deleted;
    Release(run);
    CancelTimers(run);
    run->stage = Stage::kEnded;
    WriteStatus(run, [&](json::object* object) {
      WriteEnded(object, FactsOf(*run),
                 {.succeeded = false, .exit_code = kKilled, .reason = "Error"}, clock->Now());
    });
  }
  DeleteOptions now;
  now.grace_period_s = 0;
  now.uid = run->uid;
  const auto gone = api->Delete(pods, {run->key.ns, run->key.name}, now);
  FAIRLEAD_CHECK(gone.ok() || gone.error().code == 404 || gone.error().code == 409, "pod {}/{}: {}",
                 run->key.ns, run->key.name, gone.ok() ? "" : gone.error().message);
}

// The machine was off: containers that ran have ended with it.
void Kubelets::State::Return(PodRun* run) {
  work.Cancel(&run->leave);
  const VersionPtr pod = Current(*run);
  if (pod == nullptr) return;
  if (run->terminating) {
    Delete(run);
  } else if (run->stage == Stage::kSeen) {
    Judge(run, pod->object);
  } else if (run->stage == Stage::kAdmitted) {
    Start(run);
  } else if (run->stage != Stage::kEnded) {
    Fail(run);
  }
}

void Kubelets::State::ScheduleLeave(PodRun* run, const json::object& pod) {
  const Duration time = TimeOnUnreachableNode(pod);
  const Machine* machine = FindMachine(run->node);
  if (time.ns < 0 || run->terminating || machine == nullptr) return;
  const Duration passed = clock->Now() - machine->marked_at;
  work.Cancel(&run->leave);
  run->leave = Later(*run, {std::max<std::int64_t>(time.ns - passed.ns, 0)}, &State::Leave);
}

// Evicted from a node that is out of reach: it stays Terminating until the node is back or removed.
void Kubelets::State::Leave(PodRun* run) {
  run->leave = 0;
  DeleteOptions options_of_delete;
  options_of_delete.uid = run->uid;
  const auto asked = api->Delete(pods, {run->key.ns, run->key.name}, options_of_delete);
  FAIRLEAD_CHECK(asked.ok() || asked.error().code == 404 || asked.error().code == 409,
                 "pod {}/{}: {}", run->key.ns, run->key.name,
                 asked.ok() ? "" : asked.error().message);
}

// Bound to a Node that does not exist, as the pod collector does. A Node that has no simulated
// kubelet is not this class's business.
void Kubelets::State::Collect(PodRun* run) {
  run->leave = 0;
  if (FindMachine(run->node) != nullptr) return;
  if (api->store().Get("nodes", "", run->node) == nullptr) Delete(run);
}

}  // namespace fairlead::apiserver
