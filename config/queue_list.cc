#include "config/fields.h"
#include "config/policy_checks.h"

namespace fairlead {

Result<std::vector<QueueSpec>> ReadQueueList(const yaml::Node& list, const std::string& file,
                                             const std::vector<std::string_view>& more_keys) {
  if (list.kind != yaml::Kind::kSequence || list.items.empty()) {
    return config::ErrorAt(file, list, "queues", "expected a list of at least one queue");
  }
  std::vector<QueueSpec> queues;
  queues.reserve(list.items.size());
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    yaml::MapReader reader(list.items[i], file, fmt::format("queues[{}]", i));
    config::ReadFields(&reader, config::QueueFields(), &queues.emplace_back());
    for (const std::string_view key : more_keys) reader.Child(key);
    if (Status status = reader.Finish(); !status.ok()) return status.error();
  }
  if (Status status = config::CheckQueues(list, file, queues); !status.ok()) return status.error();
  return queues;
}

}  // namespace fairlead
