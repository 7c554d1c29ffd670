#include "scheduler/cli/fairshare_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "fairlead/config/config.h"
#include "fairlead/queues/amounts.h"
#include "fairlead/yaml/document.h"
#include "scheduler/cli/fairshare_amounts.h"

namespace fairlead::cli {
namespace {

using yaml::MapReader;

constexpr yaml::Bounds kBounds{64UL << 20, 16, 5'000'000};

class Loader {
 public:
  explicit Loader(std::string file) : file_(std::move(file)), amounts_(file_) {}

  Result<FairshareFile> Load(const yaml::Node& root);

 private:
  Status ReadQueue(const yaml::Node& node, const std::string& path, FairshareQueue* queue,
                   bool leaf) const;
  Status CheckResources(const yaml::Node& node, const std::string& path,
                        const QueueSpec& spec) const;
  Status ReadDemand(const yaml::Node& node, const std::string& path, FairshareQueue* queue) const;
  Status ReadTask(const yaml::Node& node, const std::string& path, FairshareQueue* queue) const;
  Error ErrorAt(const yaml::Node& at, std::string field, std::string message) const {
    return Error{std::move(message), file_, at.line, at.column, std::move(field)};
  }

  std::string file_;
  FairshareAmounts amounts_;
};

Status Loader::CheckResources(const yaml::Node& node, const std::string& path,
                              const QueueSpec& spec) const {
  const std::pair<const char*, const NamedAmounts*> all[] = {
      {"guarantee", &spec.guarantee},
      {"limit", &spec.limit},
      {"lending_limit", &spec.lending_limit},
  };
  for (const auto& [key, amounts] : all) {
    if (amounts->empty()) continue;
    Status status = amounts_.CheckKnown(*node.Find(key), fmt::format("{}.{}", path, key), *amounts);
    if (!status.ok()) return status;
  }
  return Ok{};
}

Status Loader::ReadDemand(const yaml::Node& node, const std::string& path,
                          FairshareQueue* queue) const {
  if (node.kind == yaml::Kind::kMap) {
    Result<KeyedAmounts> demand = amounts_.Read(node, path);
    if (!demand.ok()) return demand.error();
    queue->demand.push_back(std::move(*demand));
    return Ok{};
  }
  if (node.kind != yaml::Kind::kSequence) {
    return ErrorAt(node, path,
                   "expected a quantity of each resource, such as {cpu: 64}, or a list of such "
                   "maps, one for each kind of work");
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Result<KeyedAmounts> demand = amounts_.Read(node.items[i], fmt::format("{}[{}]", path, i));
    if (!demand.ok()) return demand.error();
    queue->demand.push_back(std::move(*demand));
  }
  return Ok{};
}

Status Loader::ReadTask(const yaml::Node& node, const std::string& path,
                        FairshareQueue* queue) const {
  Result<KeyedAmounts> task = amounts_.Read(node, path);
  if (!task.ok()) return task.error();
  if (queue->demand.size() != 1) {
    return ErrorAt(node, path,
                   fmt::format("a task of a queue whose demand is {}: expected 'demand' as one map",
                               queue->demand.empty() ? "not given" : "a list"));
  }
  std::erase_if(*task, [](const KeyedAmount& amount) { return amount.amount == 0; });
  if (task->empty()) return ErrorAt(node, path, "expected an amount above 0 of some resource");
  queue->tasks_wanted = std::numeric_limits<std::int64_t>::max();
  for (const KeyedAmount& amount : *task) {
    const KeyedAmounts& demand = queue->demand.front();
    const auto wanted = std::find_if(demand.begin(), demand.end(), [&](const KeyedAmount& other) {
      return other.name == amount.name;
    });
    if (wanted == demand.end()) {
      return ErrorAt(node, path,
                     fmt::format("the task uses {0}, of which there is no demand: expected {0} "
                                 "under 'demand'",
                                 amount.name));
    }
    queue->tasks_wanted = std::min(queue->tasks_wanted, wanted->amount / amount.amount);
  }
  queue->task = std::move(*task);
  return Ok{};
}

Status Loader::ReadQueue(const yaml::Node& node, const std::string& path, FairshareQueue* queue,
                         bool leaf) const {
  if (Status status = CheckResources(node, path, queue->spec); !status.ok()) return status;
  const yaml::Node* demand = node.Find("demand");
  const yaml::Node* task = node.Find("task");
  for (const yaml::Node* own : {demand, task}) {
    if (own == nullptr || leaf) continue;
    const char* key = own == demand ? "demand" : "task";
    return ErrorAt(
        *own, fmt::format("{}.{}", path, key),
        fmt::format("'{}' has children: expected a {} of its leaves only", queue->spec.name, key));
  }
  Status status = Ok{};
  if (demand != nullptr) status = ReadDemand(*demand, path + ".demand", queue);
  if (status.ok() && task != nullptr) status = ReadTask(*task, path + ".task", queue);
  return status;
}

Result<FairshareFile> Loader::Load(const yaml::Node& root) {
  MapReader reader(root, file_, "");
  const yaml::Node* capacity = reader.Child("capacity");
  const yaml::Node* list = reader.Child("queues");
  reader.Require("capacity");
  reader.Require("queues");
  if (Status status = reader.Finish(); !status.ok()) return status.error();
  Result<NamedAmounts> total = amounts_.ReadCapacity(*capacity, "capacity");
  if (!total.ok()) return total.error();
  Result<std::vector<QueueSpec>> specs = ReadQueueList(*list, file_, {"demand", "task"});
  if (!specs.ok()) return specs.error();

  QueueTree tree(*specs);
  std::vector<FairshareQueue> queues(specs->size());
  for (std::size_t i = 0; i < queues.size(); ++i) {
    queues[i].spec = std::move((*specs)[i]);
    Status status = ReadQueue(list->items[i], fmt::format("queues[{}]", i), &queues[i],
                              tree.IsLeaf(QueueId(static_cast<std::uint32_t>(i))));
    if (!status.ok()) return status.error();
  }
  return FairshareFile{amounts_.TakeNames(), std::move(*total), std::move(queues), std::move(tree)};
}

DemandClass ClassOf(const KeyedAmounts& amounts) {
  DemandClass out;
  for (const KeyedAmount& amount : amounts) {
    if (amount.resources.size() == 1) {
      out.amounts.Set(amount.resources.front(), amount.amount);
    } else {
      out.any_of.push_back({amount.resources, amount.amount});
    }
  }
  std::sort(out.any_of.begin(), out.any_of.end(),
            [](const AnyOf& a, const AnyOf& b) { return a.models < b.models; });
  return out;
}

}  // namespace

Result<FairshareFile> ParseFairshare(std::string_view text, const std::string& file) {
  const Result<yaml::Node> root = yaml::Parse(text, file, kBounds);
  if (!root.ok()) return root.error();
  return Loader(file).Load(*root);
}

Result<FairshareFile> LoadFairshare(const std::string& path) {
  const Result<std::string> text = yaml::ReadFile(path, kBounds.max_bytes);
  if (!text.ok()) return text.error();
  return ParseFairshare(*text, path);
}

EntitlementInput MakeEntitlementInput(const FairshareFile& file) {
  EntitlementInput input{ToVector(file.capacity, file.names), {}};
  for (std::uint32_t i = 0; i < file.queues.size(); ++i) {
    const QueueId id(i);
    const QueueSpec& spec = file.queues[i].spec;
    EntitlementQueue queue;
    queue.parent = file.tree.parent(id);
    queue.rank = file.tree.NameRank(id);
    queue.weight = spec.weight;
    queue.priority = spec.priority;
    queue.guarantee = ToVector(file.tree.Guarantee(id), file.names);
    queue.limit = ToLimits(spec.limit, file.names);
    queue.lending_limit = ToLimits(spec.lending_limit, file.names);
    queue.lendable = spec.lendable;
    queue.borrowing = spec.borrowing;
    for (const KeyedAmounts& demand : file.queues[i].demand) {
      queue.demand.push_back(ClassOf(demand));
    }
    input.queues.push_back(std::move(queue));
  }
  return input;
}

}  // namespace fairlead::cli
