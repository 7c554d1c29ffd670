// Reading the configuration file again while the scheduler runs (SIGHUP): what rules decisions
// (queues, tenants, policy) is replaced, what needs a restart is named. A file that is not valid
// changes nothing.
#pragma once

#include <string>

#include "fairlead/config/config.h"
#include "fairlead/engine/metrics.h"
#include "fairlead/engine/ports.h"

namespace fairlead::cli {

class ConfigReloader {
 public:
  // `path` empty: there is no file to read again. `running` is what was read from it.
  ConfigReloader(std::string path, Config running, EventSink* engine, Metrics* metrics);

  // Says in the log what changed, or why nothing does.
  void Reload();

 private:
  std::string path_;
  Config running_;
  EventSink* engine_;
  Metrics* metrics_;
};

}  // namespace fairlead::cli
