#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fairlead/base/check.h"
#include "fairlead/engine/log.h"
#include "scheduler/engine/engine_state.h"

namespace fairlead {
namespace {

constexpr Duration kLongestRest = Duration::Milliseconds(500);

}  // namespace

const GangView& WaitingGang(const Snapshot& snapshot, GangId id) {
  const auto it =
      std::lower_bound(snapshot.waiting.begin(), snapshot.waiting.end(), id,
                       [](const auto& gang, GangId wanted) { return gang->id < wanted; });
  FAIRLEAD_CHECK(it != snapshot.waiting.end() && (*it)->id == id, "gang {}", id.value());
  return **it;
}

bool Engine::State::Due(Instant now) {
  if (dump_requested.load()) return true;
  const bool wanted =
      store.wake_count() != decided_wakes || policy_changed || exhausted || now >= next_timer;
  if (wanted && Resting(now, rest_until, kLongestRest)) {
    next_timer = rest_until;
    return false;
  }
  return wanted;
}

bool Engine::State::Step(Instant now) {
  decided_wakes = store.wake_count();
  decided_version = store.version();
  table_due = true;
  policy_changed = false;
  const auto snapshot = store.TakeSnapshot();
  const bool remembers = policy.history.strength > 0;
  const DecideInput input{.snapshot = *snapshot,
                          .policy = policy,
                          .now = now,
                          .seed = options.seed,
                          .history = remembers ? &history : nullptr,
                          .memo = &entitlements,
                          .placement = &placements,
                          .explain = !options.silent};
  const Decision decision = Decide(input);
  exhausted = decision.exhausted;
  const std::vector<std::string> objections = Verify(*snapshot, policy, decision.plan);
  const Instant decided = clock->Now();
  metrics->ObserveDecision(decided - now);
  // Decisions take at most a quarter of the time, however many events come and however long the
  // line of waiting gangs is; the next one then sees all that came meanwhile.
  rest_until = decided + std::min(Duration{3 * (decided - now).ns}, kLongestRest);
  SetTimer(*snapshot, now);
  if (!objections.empty()) {
    metrics->CountVerifyFailure();
    Log(LogLevel::kError, "a decision did not verify and was not carried out: {}", objections[0]);
    Dump(input, decision.plan, "failed verification");
    FAIRLEAD_CHECK(!options.abort_on_bug, "{}", objections[0]);
    return false;
  }
  if (dump_requested.exchange(false)) Dump(input, decision.plan, "on request");
  if (options.dry_run) {
    DryRun(*snapshot, decision.plan);
    return true;
  }
  Execute(*snapshot, decision.plan, now);
  if (!options.silent) Publish(*snapshot, decision.plan, now);
  queue_source.Decided();
  return true;
}

void Engine::State::Execute(const Snapshot& snapshot, const Plan& plan, Instant now) {
  std::uint64_t scheduled = 0;
  for (std::size_t begin = 0; begin < plan.bind.size();) {
    std::size_t end = begin;
    while (end < plan.bind.size() && plan.bind[end].gang == plan.bind[begin].gang) ++end;
    if (AssumeGang(snapshot, plan, begin, end, now)) ++scheduled;
    begin = end;
  }
  metrics->CountAttempts("scheduled", scheduled);
  metrics->CountAttempts("unschedulable", plan.pending.size());
  for (const Eviction& eviction : plan.evict) {
    const GangView& gang = WaitingGang(snapshot, eviction.gang);
    std::vector<PodRef> pods;
    for (const std::uint32_t member : eviction.members) {
      pods.push_back({gang.key.ns, gang.members[member].pod, gang.members[member].uid});
    }
    Log(LogLevel::kWarning, "gang {}/{}: evicting {} pods: {}", gang.key.ns, gang.key.name,
        pods.size(), eviction.reason);
    Evict(std::move(pods), eviction.reason);
  }
}

// All members of the gang in the plan, or none: the plan was made on this very state, so that a
// refusal is a bug that is survived, not an expected outcome.
bool Engine::State::AssumeGang(const Snapshot& snapshot, const Plan& plan, std::size_t begin,
                               std::size_t end, Instant now) {
  const GangView& gang = WaitingGang(snapshot, plan.bind[begin].gang);
  std::vector<BindJob> jobs;
  jobs.reserve(end - begin);
  for (std::size_t i = begin; i < end; ++i) {
    const Placement& placement = plan.bind[i];
    const MemberView& member = gang.members[placement.member];
    BindJob job;
    job.pod = {gang.key.ns, member.pod, member.uid};
    job.gang = gang.id;
    job.row = placement.node;
    job.node = snapshot.nodes->info[placement.node.index()].name;
    job.gpus = placement.gpus;
    job.grant = GrantOf(snapshot, member.shape, placement.node);
    job.stamp = store.NodeStamp(placement.node);
    if (!store.Assume(job.pod, placement.node, placement.gpus, now)) {
      Log(LogLevel::kError, "pod {}/{} could not be assumed on node {}", job.pod.ns, job.pod.name,
          job.node);
      for (const BindJob& assumed : jobs) store.Forget(assumed.pod, now);
      metrics->CountAttempts("error", 1);
      return false;
    }
    jobs.push_back(std::move(job));
  }
  std::move(jobs.begin(), jobs.end(), std::back_inserter(queue));
  return true;
}

// The earliest moment at which time alone changes a decision: a backoff, or the time that a gang
// may be partial, ends.
void Engine::State::SetTimer(const Snapshot& snapshot, Instant now) {
  next_timer = Instant{INT64_MAX};
  for (const auto& gang : snapshot.waiting) {
    if (gang->not_before > now) next_timer = std::min(next_timer, gang->not_before);
    if (!gang->partial) continue;
    const std::optional<Duration> wait = PartialFor(*gang, policy);
    if (!wait) continue;
    const Instant deadline = gang->partial_since + *wait;
    // Past the deadline an eviction that did not work is tried again, at a walking pace.
    next_timer = std::min(next_timer, std::max(deadline, now + Duration::Seconds(1)));
  }
}

void Engine::State::DryRun(const Snapshot& snapshot, const Plan& plan) {
  std::string text = PlanToJson(snapshot, plan);
  if (text == last_dry_run) return;
  Log(LogLevel::kInfo, "dry run: would do {}", text);
  last_dry_run = std::move(text);
}

void Engine::State::Dump(const DecideInput& input, const Plan& plan, std::string_view why) {
  if (options.dump_dir.empty()) {
    Log(LogLevel::kWarning, "a decision was to be dumped ({}), but no dump_dir is configured", why);
    return;
  }
  const std::filesystem::path path = std::filesystem::path(options.dump_dir) /
                                     fmt::format("decision-{}.json", input.snapshot.version);
  std::error_code ignored;
  std::filesystem::create_directories(options.dump_dir, ignored);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << DumpDecision(input, plan);
  file.flush();
  if (!file) {
    Log(LogLevel::kError, "cannot write {}", path.string());
    return;
  }
  Log(LogLevel::kInfo, "decision dumped ({}): {}; repeat it with: fairlead replay {}", why,
      path.string(), path.string());
}

}  // namespace fairlead
