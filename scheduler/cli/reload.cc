#include "scheduler/cli/reload.h"

#include <utility>

#include "fairlead/engine/log.h"

namespace fairlead::cli {

ConfigReloader::ConfigReloader(std::string path, Config running, EventSink* engine,
                               Metrics* metrics)
    : path_(std::move(path)), running_(std::move(running)), engine_(engine), metrics_(metrics) {}

void ConfigReloader::Reload() {
  if (path_.empty()) {
    Log(LogLevel::kWarning, "SIGHUP: started without --config, so there is no file to read again");
    return;
  }
  const Result<Config> read = LoadConfig(path_);
  if (!read.ok()) {
    metrics_->CountConfigReload("refused");
    Log(LogLevel::kError, "configuration not reloaded, the last good one stays in force: {}",
        read.error().ToString());
    return;
  }
  metrics_->CountConfigReload("applied");
  const ConfigChanges changes = CompareConfigs(running_, *read);
  for (const std::string& line : changes.restart) {
    Log(LogLevel::kWarning, "configuration: {}: needs a restart", line);
  }
  for (const std::string& line : changes.live) Log(LogLevel::kInfo, "configuration: {}", line);
  Log(LogLevel::kInfo, "configuration reloaded from {}: {} changes in force, {} need a restart",
      path_, changes.live.size(), changes.restart.size());
  Config live = WithLiveParts(running_, *read);
  if (live == running_) return;
  running_ = std::move(live);
  EventBatch batch;
  batch.emplace_back(PolicyReplaced{running_.policy});
  engine_->Post(std::move(batch));
}

}  // namespace fairlead::cli
