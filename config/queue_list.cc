#include "config/fields.h"
#include "config/policy_checks.h"
#include "config/read_list.h"

namespace fairlead {

Result<std::vector<QueueSpec>> ReadQueueList(const yaml::Node& list, const std::string& file,
                                             const std::vector<std::string_view>& more_keys) {
  std::vector<QueueSpec> queues;
  Status status =
      config::ReadList(list, file, {"queues", "expected a list of at least one queue", more_keys},
                       config::QueueFields(), &queues);
  if (status.ok()) status = config::CheckQueues(list, file, queues);
  if (!status.ok()) return status.error();
  return queues;
}

}  // namespace fairlead
