// differential_check FILE|-: holds Fairlead's verdicts against those of the real kube-scheduler.
//
// Each line of the input is a case that oracle.py recorded: nodes, running pods, and probes with
// the nodes that passed kube-scheduler's filters and the reasons why the others did not. For each
// probe the same nodes must pass here, with the same reasons for the others, in the words of the
// pod's condition; and decide() must bind it to one of these nodes, or to none where there is none.
// Exit code: 0 all agree, 1 some do not, 2 the input is no such file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "fairlead/kube/decode.h"
#include "fairlead/model/cluster_store.h"
#include "scheduler/cycle/node_reasons.h"

namespace fairlead {
namespace {

using Json = nlohmann::json;

template <typename T>
T Unwrap(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

struct Answer {
  std::set<std::string> passed;
  std::map<std::string, int> reasons;
};

class Case {
 public:
  explicit Case(const Json& recorded) : recorded_(recorded) {
    for (const Json& node : recorded["nodes"]) {
      store_.UpsertNode(Unwrap(kube::NodeFromJson(node.dump(), options_, &meta_)));
    }
    AddStorage();
    for (const Json& pod : recorded["pods"]) Add(pod);
  }

  // What is wrong with each probe, in words.
  std::vector<std::string> Run() {
    for (const Json& probe : recorded_["probes"]) Check(probe);
    return std::move(problems_);
  }

 private:
  // What the server holds of a kind; nothing where the case has none.
  std::vector<std::string> All(const char* kind) const {
    std::vector<std::string> texts;
    for (const Json& object : recorded_.value(kind, Json::array())) texts.push_back(object.dump());
    return texts;
  }

  void AddStorage() {
    for (const std::string& text : All("PersistentVolumeClaim")) {
      store_.UpsertVolumeClaim(Unwrap(kube::VolumeClaimFromJson(text, &meta_)));
    }
    for (const std::string& text : All("PersistentVolume")) {
      store_.UpsertVolume(Unwrap(kube::VolumeFromJson(text, &meta_)));
    }
    for (const std::string& text : All("CSINode")) {
      store_.UpsertCsiNode(Unwrap(kube::CsiNodeFromJson(text, &meta_)));
    }
    for (const ObjectKind kind : kVolumeKinds) store_.EndRelist(kind, Instant{});
  }

  void Add(const Json& pod) {
    store_.UpsertPod(Unwrap(kube::PodFromJson(pod.dump(), options_, &meta_)), Instant{});
  }

  void Check(const Json& probe) {
    const PodInfo pod = Unwrap(kube::PodFromJson(probe["pod"].dump(), options_, &meta_));
    store_.UpsertPod(pod, Instant{});
    const auto snapshot = store_.TakeSnapshot();
    const auto complain = [&](const std::string& text) {
      problems_.push_back(fmt::format("{}: {}", pod.name, text));
    };
    if (!pod.invalid.empty()) complain("refused: " + pod.invalid);
    Answer theirs;
    for (const Json& name : probe["passed"]) theirs.passed.insert(name.get<std::string>());
    for (const auto& [reason, count] : probe["reasons"].items()) {
      theirs.reasons[reason] = count.get<int>();
    }
    if (snapshot->waiting.size() != 1) return complain("not the only pod that waits");
    const Answer ours = Ask(*snapshot);
    if (ours.passed != theirs.passed) {
      complain(fmt::format("passes on [{}], with kube-scheduler on [{}]",
                           fmt::join(ours.passed, " "), fmt::join(theirs.passed, " ")));
    }
    if (ours.reasons != theirs.reasons) {
      complain(fmt::format("reasons {}, with kube-scheduler {}", Words(ours), Words(theirs)));
    }
    const Plan plan = Decide({*snapshot, Policy(), Instant{}}).plan;
    if (plan.bind.empty() != theirs.passed.empty()) complain("the decision is not the verdict");
    for (const Placement& placement : plan.bind) {
      const std::string& node = snapshot->nodes->info[placement.node.index()].name;
      if (!theirs.passed.contains(node)) complain("is bound to " + node);
    }
    for (const std::string& text : Verify(*snapshot, Policy(), plan)) complain(text);
    store_.RemovePod(pod.ns, pod.name, pod.uid, Instant{});
  }

  static Answer Ask(const Snapshot& snapshot) {
    const GangView& gang = *snapshot.waiting.front();
    const MemberView& member = gang.members.front();
    const NodeClasses classes(snapshot, {member.shape});
    Placer placer(snapshot, classes, Room::Free(snapshot), PeerBook::Now(snapshot),
                  Capacity(snapshot));
    const MemberGroup group = GroupByShape(gang).front();
    const NodeReasons why(snapshot, classes, &placer, member.shape, placer.KindOf(group, 0));
    Answer answer;
    for (std::uint32_t rank = 0; rank < snapshot.nodes->by_name.size(); ++rank) {
      const std::vector<std::string> reasons = why.On(rank);
      const NodeId node = snapshot.nodes->by_name[rank];
      if (reasons.empty()) answer.passed.insert(snapshot.nodes->info[node.index()].name);
      for (const std::string& reason : reasons) ++answer.reasons[reason];
    }
    return answer;
  }

  static std::string Words(const Answer& answer) {
    std::vector<std::string> parts;
    for (const auto& [reason, count] : answer.reasons) {
      parts.push_back(fmt::format("{} {}", count, reason));
    }
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }

  const Json& recorded_;
  kube::TranslateOptions options_;
  kube::ObjectMeta meta_;
  ClusterStore store_;
  std::vector<std::string> problems_;
};

int CheckAll(std::istream& input) {
  std::size_t cases = 0;
  std::size_t wrong = 0;
  std::string line;
  for (int number = 1; std::getline(input, line); ++number) {
    const Json recorded = Json::parse(line);
    cases += recorded["probes"].size();
    for (const std::string& problem : Case(recorded).Run()) {
      fmt::print("line {}: {}\n", number, problem);
      ++wrong;
    }
  }
  if (cases == 0) throw std::runtime_error("no cases");
  fmt::print("{} cases, {} disagreements\n", cases, wrong);
  return wrong == 0 ? 0 : 1;
}

int Main(const std::vector<std::string>& args) {
  try {
    if (args.size() != 1) throw std::runtime_error("expected one file name, or -");
    if (args.front() == "-") return CheckAll(std::cin);
    std::ifstream file(args.front());
    if (!file) throw std::runtime_error("cannot read " + args.front());
    return CheckAll(file);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "differential_check: {}\n", problem.what());
    return 2;
  }
}

}  // namespace
}  // namespace fairlead

int main(int argc, char** argv) { return fairlead::Main({argv + 1, argv + argc}); }
