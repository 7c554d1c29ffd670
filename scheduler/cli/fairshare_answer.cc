#include "scheduler/cli/fairshare_answer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "fairlead/base/check.h"

namespace fairlead::cli {
namespace {

using Models = std::vector<ResourceId>;

// Finds models for amounts that any of several can serve, all at once: a flow from sets of models
// to models, along shortest augmenting paths (Edmonds and Karp).
class ModelFlow {
 public:
  ModelFlow(const std::map<Models, std::int64_t>& wanted, ResourceVector* room) : room_(room) {
    for (const auto& [models, amount] : wanted) sets_.push_back({models, amount, {}, {}});
  }

  // True if all amounts found a place; takes it from the room.
  bool Assign() {
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      while (sets_[i].left > 0) {
        if (!Augment(i)) return false;
      }
    }
    return true;
  }

 private:
  struct Set {
    Models models;
    std::int64_t left = 0;
    std::map<ResourceId, std::int64_t> given;
    ResourceId via;  // on the path: the model through which the set was reached
  };

  bool Augment(std::size_t from) {
    std::map<ResourceId, std::size_t> reached;  // model -> the set that leads to it
    std::vector<std::size_t> line = {from};
    for (std::size_t next = 0; next < line.size(); ++next) {
      for (const ResourceId model : sets_[line[next]].models) {
        if (!reached.emplace(model, line[next]).second) continue;
        if (room_->Get(model) > 0) {
          Push(from, model, reached);
          return true;
        }
        for (std::size_t i = 0; i < sets_.size(); ++i) {
          const auto given = sets_[i].given.find(model);
          if (given == sets_[i].given.end() || given->second == 0) continue;
          if (std::find(line.begin(), line.end(), i) != line.end()) continue;
          sets_[i].via = model;
          line.push_back(i);
        }
      }
    }
    return false;
  }

  void Push(std::size_t from, ResourceId to, const std::map<ResourceId, std::size_t>& reached) {
    std::int64_t amount = std::min(sets_[from].left, room_->Get(to));
    for (std::size_t i = reached.at(to); i != from; i = reached.at(sets_[i].via)) {
      amount = std::min(amount, sets_[i].given.at(sets_[i].via));
    }
    room_->Add(to, -amount);
    ResourceId model = to;
    for (std::size_t i = reached.at(to);; i = reached.at(model)) {
      sets_[i].given[model] += amount;
      if (i == from) break;
      model = sets_[i].via;
      sets_[i].given[model] -= amount;
    }
    sets_[from].left -= amount;
  }

  std::vector<Set> sets_;
  ResourceVector* room_;
};

}  // namespace

ResourceVector UnusedCapacity(const EntitlementInput& input,
                              const std::vector<Entitlement>& entitlements) {
  ResourceVector room = input.capacity;
  std::map<Models, std::int64_t> any_of;
  for (std::size_t i = 0; i < input.queues.size(); ++i) {
    if (input.queues[i].parent.valid()) continue;
    room -= entitlements[i].amounts;
    for (const AnyOf& amount : entitlements[i].any_of) any_of[amount.models] += amount.amount;
  }
  const bool fits = ModelFlow(any_of, &room).Assign();
  FAIRLEAD_CHECK(fits, "the entitlements do not fit in the capacity of the GPU models");
  return room;
}

Result<FairshareAnswer> AnswerFairshare(const FairshareFile& file) {
  const EntitlementInput input = MakeEntitlementInput(file);
  FairshareAnswer answer;
  answer.entitlements = SolveEntitlements(input);
  answer.unused = UnusedCapacity(input, answer.entitlements);
  Result<WholeTasks> whole = GiveWholeTasks(file, input, answer.entitlements);
  if (!whole.ok()) return whole.error();
  answer.whole = std::move(*whole);
  return answer;
}

}  // namespace fairlead::cli
