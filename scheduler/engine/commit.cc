#include <algorithm>

#include "fairlead/engine/log.h"
#include "scheduler/engine/engine_state.h"

namespace fairlead {
namespace {

// How long a name stays watched for a binding that hit another uid, after the binding was sent.
constexpr Duration kIssuedFor = Duration::Seconds(300);
// A failure that long ago is none any more.
constexpr Duration kFailureFor = Duration::Seconds(300);

// 1 s, doubled per failure in a row, at most 60 s. Failures older than five minutes are forgotten.
Duration Wait(Backoff* backoff, Instant now) {
  if (now - backoff->last > kFailureFor) backoff->failures = 0;
  backoff->last = now;
  const int doublings = std::min(backoff->failures++, 6);
  return std::min(Duration::Seconds(60), Duration::Seconds(std::int64_t{1} << doublings));
}

}  // namespace

// Sends decided bindings up to the window. Each is checked against the state of this moment first;
// what no longer holds is given back and decided anew.
void Engine::State::Dispatch(Instant now) {
  std::vector<BindRequest> requests;
  while (!queue.empty() && in_flight.size() < kBindWindow) {
    BindJob job = std::move(queue.front());
    queue.pop_front();
    if (!store.StillSound(job.pod, job.stamp)) {
      store.Forget(job.pod, now);
      continue;
    }
    const auto status = store.Find(job.pod.ns, job.pod.name);
    job.pod_created = status->created;
    job.sent = now;
    BindRequest& request = requests.emplace_back();
    request.pod = job.pod;
    request.node = job.node;
    request.gpu_devices = MaskToDevices(job.gpus);
    request.gpu_grant = job.grant;
    request.decision = fmt::format("{}-{}", options.instance, decided_version);
    const std::string key = job.pod.ns + "/" + job.pod.name;
    const Instant expires = now + kIssuedFor;
    issued[key] = IssuedBinding{job.pod.uid, job.node, expires};
    issued_order.emplace_back(expires, key);
    const std::string uid = job.pod.uid;
    in_flight.emplace(uid, std::move(job));
  }
  if (requests.empty()) return;
  TellUsage(now);
  writer->Bind(std::move(requests));
}

void Engine::State::Finish(const BindFinished& answer, Instant now) {
  const auto it = in_flight.find(answer.pod.uid);
  if (it == in_flight.end()) {
    Log(LogLevel::kWarning, "an answer for a binding that is not under way: pod {}/{}",
        answer.pod.ns, answer.pod.name);
    return;
  }
  const BindJob job = std::move(it->second);
  in_flight.erase(it);
  if (answer.outcome != BindOutcome::kBound) {
    Retry(job, answer, now);
    return;
  }
  backoff.erase(job.gang);
  metrics->ObservePodLatency(now - job.pod_created);
  writer->Note({{job.pod, false, "Scheduled", "", job.node}});
}

// The member goes back to pending and its gang, now perhaps partial, waits a moment before it is
// tried again.
void Engine::State::Retry(const BindJob& job, const BindFinished& answer, Instant now) {
  metrics->CountAttempts("error", 1);
  if (answer.outcome == BindOutcome::kGone) issued.erase(job.pod.ns + "/" + job.pod.name);
  if (!store.Forget(job.pod, now)) return;  // the watch knows better: gone, replaced, or bound
  ForgetOldFailures(now);
  const Duration wait = Wait(&backoff[job.gang], now);
  store.Delay(job.gang, now + wait);
  Log(LogLevel::kWarning, "pod {}/{} could not be bound to {}: {}; its gang is tried again in {}",
      job.pod.ns, job.pod.name, job.node, answer.detail, FormatDuration(wait));
  if (answer.outcome == BindOutcome::kGone) return;
  writer->Note({{job.pod, true, "FailedBinding",
                 fmt::format("binding to {} failed: {}", job.node, answer.detail)}});
}

void Engine::State::ForgetOldFailures(Instant now) {
  if (backoff.size() < 1024) return;
  std::erase_if(backoff, [now](const auto& e) { return now - e.second.last > kFailureFor; });
}

// One eviction per pod, however often it is asked for.
void Engine::State::Evict(std::vector<PodRef> pods, std::string_view reason) {
  std::vector<EvictRequest> requests;
  for (PodRef& pod : pods) {
    if (!evicting.insert(pod.uid).second) continue;
    metrics->CountEviction(reason);
    if (options.usage_sink != nullptr) evicted_for.insert_or_assign(pod.uid, std::string(reason));
    requests.push_back({std::move(pod), std::string(reason)});
  }
  if (!requests.empty()) writer->Evict(std::move(requests));
}

void Engine::State::Finish(const EvictFinished& answer, Instant now) {
  const auto pod = store.Find(answer.pod.ns, answer.pod.name);
  const bool there = pod && pod->ref.uid == answer.pod.uid;
  if (answer.outcome == EvictOutcome::kEvicted && there) return;  // until the watch shows it gone
  evicting.erase(answer.pod.uid);
  if (!there || answer.outcome == EvictOutcome::kGone) return;
  Log(LogLevel::kWarning, "pod {}/{} could not be evicted: {}", answer.pod.ns, answer.pod.name,
      answer.detail);
  // The decision that wanted it is made again by the timer of its gang, or by the next event.
  next_timer = std::min(next_timer, now + Duration::Seconds(1));
}

void Engine::State::ExpireIssued(Instant now) {
  while (!issued_order.empty() && issued_order.front().first <= now) {
    const auto it = issued.find(issued_order.front().second);
    if (it != issued.end() && it->second.expires <= now) issued.erase(it);
    issued_order.pop_front();
  }
}

}  // namespace fairlead
