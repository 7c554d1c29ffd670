#include "scheduler/cli/client_options.h"

namespace fairlead::cli {

kube::ClientOptions ClientOptionsOf(const Config& config) {
  kube::ClientOptions options;
  options.scheduler_names = config.scheduler_names;
  options.gpu_resources = config.gpu_resources;
  options.gpu_model_labels = config.gpu_model_labels;
  options.max_gang_size = config.policy.max_gang_size;
  options.bind_connections = static_cast<int>(config.bind_connections);
  options.events_per_second = static_cast<int>(config.events_per_second);
  options.request_timeout = config.request_timeout;
  return options;
}

}  // namespace fairlead::cli
