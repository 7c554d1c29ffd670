#include "scheduler/cli/model_flow.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

namespace fairlead::cli {
namespace {

// A flow from amounts to models, along shortest augmenting paths (Edmonds and Karp).
class Flow {
 public:
  Flow(const std::vector<AnyOf>& wanted, ResourceVector* room)
      : wanted_(wanted), given_(wanted.size()), via_(wanted.size()), room_(room) {}

  bool Run() {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      for (std::int64_t left = wanted_[i].amount; left > 0;) {
        const std::int64_t more = Augment(i, left);
        if (more == 0) return false;
        left -= more;
      }
    }
    return true;
  }

  std::vector<ResourceVector> Take() { return std::move(given_); }

 private:
  // model -> the amount that leads to it
  using Reached = std::map<ResourceId, std::size_t>;

  // How much more of it found room, 0 where there is none.
  std::int64_t Augment(std::size_t from, std::int64_t left) {
    Reached reached;
    std::vector<std::size_t> line = {from};
    for (std::size_t next = 0; next < line.size(); ++next) {
      for (const ResourceId model : wanted_[line[next]].models) {
        if (!reached.emplace(model, line[next]).second) continue;
        if (room_->Get(model) > 0) return Push(from, model, reached, left);
        for (std::size_t i = 0; i < wanted_.size(); ++i) {
          if (given_[i].Get(model) == 0) continue;
          if (std::find(line.begin(), line.end(), i) != line.end()) continue;
          via_[i] = model;
          line.push_back(i);
        }
      }
    }
    return 0;
  }

  std::int64_t Push(std::size_t from, ResourceId to, const Reached& reached, std::int64_t amount) {
    amount = std::min(amount, room_->Get(to));
    for (std::size_t i = reached.at(to); i != from; i = reached.at(via_[i])) {
      amount = std::min(amount, given_[i].Get(via_[i]));
    }
    room_->Add(to, -amount);
    ResourceId model = to;
    for (std::size_t i = reached.at(to);; i = reached.at(model)) {
      given_[i].Add(model, amount);
      if (i == from) return amount;
      model = via_[i];
      given_[i].Add(model, -amount);
    }
  }

  const std::vector<AnyOf>& wanted_;
  std::vector<ResourceVector> given_;
  std::vector<ResourceId> via_;  // on the path: the model through which the amount was reached
  ResourceVector* room_;
};

}  // namespace

std::optional<std::vector<ResourceVector>> AssignModels(const std::vector<AnyOf>& wanted,
                                                        ResourceVector* room) {
  Flow flow(wanted, room);
  if (!flow.Run()) return std::nullopt;
  return flow.Take();
}

}  // namespace fairlead::cli
