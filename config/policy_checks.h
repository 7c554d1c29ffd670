// What must hold between the queues and tenants of a file, with the position of each error.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/model/policy.h"
#include "fairlead/yaml/document.h"

namespace fairlead::config {

// A place in a file of this name.
Error ErrorAt(const std::string& file, const yaml::Node& at, std::string field,
              std::string message);

// Names that may occur once, with the place of each.
class UniqueNames {
 public:
  // Refuses a name that is known already; both ends are named.
  Status Add(const std::string& name, const std::string& file, const yaml::Node& at,
             const std::string& path);

 private:
  struct Seen {
    std::string path;
    int line = 0;
    int column = 0;
  };
  std::map<std::string, Seen> first_;
};

// `queues` were read from the list `node`: unique names and a sound tree.
Status CheckQueues(const yaml::Node& node, const std::string& file,
                   const std::vector<QueueSpec>& queues);

// Where `queues` name tenants, each is declared. `node` is the list of queues.
Status CheckTenantsOfQueues(const yaml::Node& node, const std::string& file, const Policy& policy);

// `policy->tenants` were read from the list `node`: unique names, namespaces of one tenant, known
// queues. Fills in default queues that the file leaves out. The queues are a sound tree.
Status CheckTenants(const yaml::Node& node, const std::string& file, Policy* policy);

}  // namespace fairlead::config
