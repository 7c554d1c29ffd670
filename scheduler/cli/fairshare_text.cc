#include "scheduler/cli/fairshare_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "fairlead/base/json.h"
#include "fairlead/queues/amounts.h"
#include "scheduler/cli/fairshare_amounts.h"
#include "scheduler/cli/report_json.h"
#include "scheduler/cli/table.h"
#include "scheduler/cli/text.h"

namespace fairlead::cli {
namespace {

// "66.67 % (2/3)"
std::string ShareText(const Share& share) {
  const std::string text = share.ToString();  // four digits after the point
  const std::size_t point = text.find('.');
  std::string percent = text.substr(0, point) + text.substr(point + 1, 2);
  percent.erase(0, std::min(percent.find_first_not_of('0'), percent.size() - 1));
  return fmt::format("{}.{} % ({})", percent, text.substr(point + 3), Ratio(share));
}

// Names and amounts of a queue; what it wants and has nothing of is there with 0.
class Answers {
 public:
  Answers(const FairshareFile& file, const FairshareAnswer& answer);

  // None where a sum does not fit in 63 bits.
  const std::optional<NamedAmounts>& demand(QueueId queue) const { return demand_[queue.index()]; }
  NamedAmounts Entitlement(QueueId queue) const;
  NamedAmounts Unused() const;
  const std::string& NameOf(QueueId queue) const { return file_.queues[queue.index()].spec.name; }
  std::string BoundText(QueueId queue) const;
  bool HasTask(QueueId queue) const { return !file_.queues[queue.index()].task.empty(); }
  const fairlead::Entitlement& At(QueueId queue) const {
    return answer_.entitlements[queue.index()];
  }
  const std::string& ResourceName(ResourceId resource) const {
    return file_.names[resource.index()];
  }

 private:
  const FairshareFile& file_;
  const FairshareAnswer& answer_;
  std::vector<std::optional<NamedAmounts>> demand_;
};

Answers::Answers(const FairshareFile& file, const FairshareAnswer& answer)
    : file_(file), answer_(answer), demand_(file.queues.size(), NamedAmounts{}) {
  const auto add = [](const NamedAmounts& more, std::optional<NamedAmounts>* sum) {
    if (*sum && AddAmounts(more, &**sum)) sum->reset();
  };
  const std::vector<QueueId>& order = file.tree.DepthFirst();
  for (auto queue = order.rbegin(); queue != order.rend(); ++queue) {
    std::optional<NamedAmounts>& own = demand_[queue->index()];
    for (const KeyedAmounts& one : file.queues[queue->index()].demand) {
      NamedAmounts named;
      for (const KeyedAmount& amount : one) named.emplace_back(amount.name, amount.amount);
      add(named, &own);
    }
    const QueueId parent = file.tree.parent(*queue);
    if (!parent.valid()) continue;
    if (own) {
      add(*own, &demand_[parent.index()]);
    } else {
      demand_[parent.index()].reset();
    }
  }
}

NamedAmounts Answers::Entitlement(QueueId queue) const {
  NamedAmounts amounts = ToNamed(At(queue).amounts, file_.names);
  for (const AnyOf& any_of : At(queue).any_of) {
    amounts.emplace_back(AmountName(any_of.models, file_.names), any_of.amount);
  }
  if (const auto& wanted = demand(queue)) {
    for (const auto& want : *wanted) {
      const bool there = std::any_of(amounts.begin(), amounts.end(), [&want](const auto& amount) {
        return amount.first == want.first;
      });
      if (!there) amounts.emplace_back(want.first, 0);
    }
  }
  std::sort(amounts.begin(), amounts.end());
  return amounts;
}

NamedAmounts Answers::Unused() const {
  NamedAmounts unused;
  for (const auto& [name, amount] : file_.capacity) {
    const auto at = std::find(file_.names.begin(), file_.names.end(), name);
    const ResourceId resource(static_cast<std::uint32_t>(at - file_.names.begin()));
    unused.emplace_back(name, answer_.unused.Get(resource));
  }
  return unused;
}

// "limit gpu/H100 of team"
std::string Answers::BoundText(QueueId queue) const {
  const fairlead::Entitlement& own = At(queue);
  std::string text(BoundByName(own.bound_by));
  if (own.bound_resource.valid()) text += " " + ResourceName(own.bound_resource);
  if (own.bound_queue.valid() && own.bound_queue != queue) text += " of " + NameOf(own.bound_queue);
  if (own.guarantee_cut) text += ", guarantee cut";
  return text;
}

std::string WithoutZeros(NamedAmounts amounts) {
  std::erase_if(amounts, [](const auto& amount) { return amount.second == 0; });
  return FormatAmounts(amounts);
}

}  // namespace

std::string FairshareText(const FairshareFile& file, const FairshareAnswer& answer, bool order,
                          bool colour) {
  const Answers answers(file, answer);
  const bool tasks = std::any_of(file.queues.begin(), file.queues.end(),
                                 [](const FairshareQueue& queue) { return !queue.task.empty(); });
  std::vector<Row> rows = {{"QUEUE", "DEMAND", "ENTITLEMENT", "DOMINANT SHARE", "BOUND BY"}};
  if (tasks) rows.back().emplace_back("TASKS");
  for (const QueueId queue : file.tree.DepthFirst()) {
    std::size_t depth = 0;
    for (QueueId up = file.tree.parent(queue); up.valid(); up = file.tree.parent(up)) ++depth;
    const auto& demand = answers.demand(queue);
    Row row = {std::string(2 * depth, ' ') + answers.NameOf(queue),
               demand ? WithoutZeros(*demand) : "more than 63 bits",
               WithoutZeros(answers.Entitlement(queue)),
               ShareText(answers.At(queue).dominant_share), answers.BoundText(queue)};
    if (tasks) {
      row.push_back(answers.HasTask(queue) ? std::to_string(answer.whole.tasks[queue.index()])
                                           : "-");
    }
    rows.push_back(std::move(row));
  }
  std::string text = Table(rows);
  const std::size_t header = text.find('\n');
  text.replace(0, header, Paint(text.substr(0, header), kBold, colour));
  if (order) {
    text += "order:";
    for (const QueueId leaf : answer.whole.order) text += " " + answers.NameOf(leaf);
    text += "\n";
  }
  return text + "unused: " + WithoutZeros(answers.Unused()) + "\n";
}

std::string FairshareJson(const FairshareFile& file, const FairshareAnswer& answer, bool order) {
  const Answers answers(file, answer);
  JsonWriter json;
  json.BeginObject().Key("queues").BeginArray();
  for (const QueueId queue : file.tree.DepthFirst()) {
    const Entitlement& own = answers.At(queue);
    json.BeginObject().Field("name", answers.NameOf(queue));
    const QueueId parent = file.tree.parent(queue);
    if (parent.valid()) json.Field("parent", answers.NameOf(parent));
    WriteAmounts("entitlement", answers.Entitlement(queue), &json);
    json.Field("dominant_share", Ratio(own.dominant_share));
    json.Field("bound_by", BoundByName(own.bound_by));
    if (own.bound_resource.valid()) {
      json.Field("resource", answers.ResourceName(own.bound_resource));
    }
    if (own.bound_queue.valid()) json.Field("bound_queue", answers.NameOf(own.bound_queue));
    if (own.guarantee_cut) json.Field("guarantee_cut", true);
    if (answers.HasTask(queue)) json.Field("tasks", answer.whole.tasks[queue.index()]);
    json.EndObject();
  }
  json.EndArray();
  WriteAmounts("unused", answers.Unused(), &json);
  if (order) {
    json.Key("order").BeginArray();
    for (const QueueId leaf : answer.whole.order) json.String(answers.NameOf(leaf));
    json.EndArray();
  }
  json.EndObject();
  return json.Take() + "\n";
}

}  // namespace fairlead::cli
