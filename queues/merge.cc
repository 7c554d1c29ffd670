#include "fairlead/queues/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "fairlead/queues/tree.h"

namespace fairlead {
namespace {

// A version of an object's queue that is to be put in force.
struct Change {
  std::size_t object = 0;  // index
  const QueueSpec* spec = nullptr;
};

class Merger {
 public:
  Merger(const std::vector<QueueSpec>& declared, const std::vector<QueueCandidate>& objects);

  MergedQueues Run();

 private:
  using Names = std::set<std::string>;

  bool EverythingFits();
  std::vector<Change> AcceptedBefore() const;
  std::vector<Change> NotYetInForce() const;
  // Puts in force what fits, until nothing more does.
  void ApplyAll(std::vector<Change> changes);
  // One pass. Returns what did not fit, of which problems_ says why.
  std::vector<Change> Apply(std::span<const Change> changes);
  std::vector<Change> WithKnownParents(std::span<const Change> changes,
                                       std::vector<Change>* refused);
  std::vector<Change> ParentsFirst(std::vector<Change> changes) const;
  QueueVerdict Judge(std::size_t object) const;

  std::vector<QueueSpec> List() const;
  std::string Explain(const Change& change, const TreeProblem& problem) const;
  const std::string& NameOf(std::size_t object) const { return objects_[object].object.spec.name; }
  const QueueSpec* InForce(std::size_t object) const;
  bool MayCount(std::size_t object) const { return declared_names_.count(NameOf(object)) == 0; }

  const std::vector<QueueSpec>& declared_;
  const std::vector<QueueCandidate>& objects_;
  Names declared_names_;  // those that no object can replace
  Names object_names_;
  std::map<std::string, const QueueSpec*> in_force_;  // of objects
  std::vector<std::string> problems_;                 // by object: of its last trial
};

// Says nothing but that there is such a queue.
bool IsPlainDefault(const QueueSpec& queue) {
  QueueSpec plain;
  plain.name = "default";
  return queue == plain;
}

// The key of the object for a field of the file: "lending_limit.cpu" is "lendingLimit.cpu". Names
// of resources stay as they are.
std::string ObjectField(std::string_view field) {
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '.') return out.append(field.substr(i));
    const bool joint = field[i] == '_' && i + 1 < field.size();
    if (joint) ++i;
    const char c = field[i];
    out.push_back(joint && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return out;
}

Merger::Merger(const std::vector<QueueSpec>& declared, const std::vector<QueueCandidate>& objects)
    : declared_(declared), objects_(objects), problems_(objects.size()) {
  for (const QueueSpec& queue : declared) {
    if (!IsPlainDefault(queue)) declared_names_.insert(queue.name);
  }
  for (const QueueCandidate& candidate : objects) object_names_.insert(candidate.object.spec.name);
}

MergedQueues Merger::Run() {
  if (!EverythingFits()) {
    ApplyAll(AcceptedBefore());
    ApplyAll(NotYetInForce());
  }
  MergedQueues merged;
  merged.queues = List();
  merged.verdicts.reserve(objects_.size());
  for (std::size_t i = 0; i < objects_.size(); ++i) merged.verdicts.push_back(Judge(i));
  return merged;
}

// The usual case, in one check. Where false, nothing is in force.
bool Merger::EverythingFits() {
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    const QueueCandidate& candidate = objects_[i];
    if (!MayCount(i)) continue;
    if (candidate.object.invalid.empty()) {
      in_force_[NameOf(i)] = &candidate.object.spec;
    } else if (candidate.accepted) {
      in_force_[NameOf(i)] = &*candidate.accepted;
    }
  }
  if (!CheckTree(List())) return true;
  in_force_.clear();
  return false;
}

std::vector<Change> Merger::AcceptedBefore() const {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    if (MayCount(i) && objects_[i].accepted) changes.push_back({i, &*objects_[i].accepted});
  }
  return changes;
}

std::vector<Change> Merger::NotYetInForce() const {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    const QueueObject& object = objects_[i].object;
    if (!MayCount(i) || !object.invalid.empty()) continue;
    const QueueSpec* const before = InForce(i);
    if (before == nullptr || *before != object.spec) changes.push_back({i, &object.spec});
  }
  return changes;
}

void Merger::ApplyAll(std::vector<Change> changes) {
  while (true) {
    std::vector<Change> refused = Apply(ParentsFirst(changes));
    // What came later may have made room for what was refused before it.
    if (refused.empty() || refused.size() == changes.size()) return;
    changes = std::move(refused);
  }
}

std::vector<Change> Merger::Apply(std::span<const Change> changes) {
  std::vector<Change> refused;
  const std::vector<Change> tried = WithKnownParents(changes, &refused);
  if (tried.empty()) return refused;
  const auto before = in_force_;
  for (const Change& change : tried) in_force_[change.spec->name] = change.spec;
  const std::optional<TreeProblem> problem = CheckTree(List());
  if (!problem) return refused;
  if (tried.size() == 1) problems_[tried.front().object] = Explain(tried.front(), *problem);
  in_force_ = before;
  if (tried.size() == 1) {
    refused.push_back(tried.front());
    return refused;
  }
  const std::size_t half = tried.size() / 2;
  for (const auto part : {std::span(tried).first(half), std::span(tried).subspan(half)}) {
    const std::vector<Change> left = Apply(part);
    refused.insert(refused.end(), left.begin(), left.end());
  }
  return refused;
}

// A parent that is deleted leaves many children behind, which need no check of the whole tree each.
std::vector<Change> Merger::WithKnownParents(std::span<const Change> changes,
                                             std::vector<Change>* refused) {
  Names known;
  for (const QueueSpec& queue : declared_) known.insert(queue.name);
  for (const auto& [name, spec] : in_force_) known.insert(name);
  Names coming;
  for (const Change& change : changes) coming.insert(change.spec->name);
  std::vector<Change> tried;
  for (const Change& change : changes) {
    const std::string& parent = change.spec->parent;
    if (parent.empty() || known.count(parent) > 0 || coming.count(parent) > 0) {
      tried.push_back(change);
      continue;
    }
    const bool there = object_names_.count(parent) > 0;
    problems_[change.object] =
        fmt::format("spec.parent: the queue \"{}\" {}", parent,
                    there ? "is not in force itself: its own condition says why"
                          : "does not exist: expected a queue of the configuration or a Queue");
    coming.erase(change.spec->name);  // its children come after it
    refused->push_back(change);
  }
  return tried;
}

std::vector<Change> Merger::ParentsFirst(std::vector<Change> changes) const {
  std::map<std::string, const QueueSpec*> specs;
  for (const Change& change : changes) specs[change.spec->name] = change.spec;
  // Above it among the changes; more than a tree may have where they form a cycle.
  const auto depth = [&specs](const QueueSpec* spec) {
    std::size_t above = 0;
    for (auto it = specs.find(spec->parent); it != specs.end() && above <= kMaxQueueDepth;
         ++above) {
      it = specs.find(it->second->parent);
    }
    return above;
  };
  std::vector<std::pair<std::size_t, Change>> ranked;
  ranked.reserve(changes.size());
  for (const Change& change : changes) ranked.emplace_back(depth(change.spec), change);
  std::sort(ranked.begin(), ranked.end(), [this](const auto& a, const auto& b) {
    const QueueObject& left = objects_[a.second.object].object;
    const QueueObject& right = objects_[b.second.object].object;
    return std::tie(a.first, left.created, left.spec.name) <
           std::tie(b.first, right.created, right.spec.name);
  });
  std::transform(ranked.begin(), ranked.end(), changes.begin(),
                 [](const auto& entry) { return entry.second; });
  return changes;
}

QueueVerdict Merger::Judge(std::size_t object) const {
  const QueueObject& queue = objects_[object].object;
  QueueVerdict verdict;
  if (!MayCount(object)) {
    verdict.reason = QueueReason::kDeclaredTwice;
    verdict.message = fmt::format(
        "the configuration file declares the queue \"{}\" too, and its declaration counts",
        queue.spec.name);
    return verdict;
  }
  const QueueSpec* const spec = InForce(object);
  if (spec != nullptr) verdict.in_force = *spec;
  if (queue.invalid.empty() && spec != nullptr && *spec == queue.spec) {
    verdict.message = "the queue is in force as it is here";
    return verdict;
  }
  const bool readable = queue.invalid.empty();
  verdict.reason = readable ? QueueReason::kDoesNotFit : QueueReason::kInvalidSpec;
  verdict.message = fmt::format(
      "{}; {}", readable ? problems_[object] : queue.invalid,
      spec != nullptr ? "what was accepted before stays in force" : "the queue is left out");
  return verdict;
}

std::vector<QueueSpec> Merger::List() const {
  std::vector<QueueSpec> list;
  for (const QueueSpec& queue : declared_) {
    if (in_force_.count(queue.name) == 0) list.push_back(queue);
  }
  for (const auto& [name, spec] : in_force_) list.push_back(*spec);
  return list;
}

std::string Merger::Explain(const Change& change, const TreeProblem& problem) const {
  const std::vector<QueueSpec> list = List();
  const std::string& at = list[problem.queue].name;
  if (at == change.spec->name) {
    return fmt::format("spec.{}: {}", ObjectField(problem.field), problem.message);
  }
  return fmt::format("with this, queue \"{}\" has a problem: {}: {}", at, problem.field,
                     problem.message);
}

const QueueSpec* Merger::InForce(std::size_t object) const {
  const auto it = in_force_.find(NameOf(object));
  return it == in_force_.end() ? nullptr : it->second;
}

}  // namespace

std::string_view QueueReasonName(QueueReason reason) {
  static constexpr std::array<std::string_view, 4> kNames = {"Accepted", "InvalidSpec",
                                                             "DeclaredTwice", "DoesNotFit"};
  return kNames.at(static_cast<std::size_t>(reason));
}

MergedQueues MergeQueues(const std::vector<QueueSpec>& declared,
                         const std::vector<QueueCandidate>& objects) {
  return Merger(declared, objects).Run();
}

}  // namespace fairlead
