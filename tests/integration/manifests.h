// Objects as JSON, as a user would send them.
#pragma once

#include <map>
#include <string>

namespace fairlead::integration {

struct PodWish {
  std::string ns = "default";
  std::string name = {};
  int cpu = 1;
  int memory_gib = 1;
  int gpus = 0;
  std::string gang = {};
  int gang_size = 0;  // 0: not stated
  std::string queue = {};
  std::map<std::string, std::string> labels = {};
  std::map<std::string, std::string> annotations = {};
  std::string gate = {};  // a scheduling gate
  std::string scheduler = "fairlead";
};

// With the members that are common to a Pod and to the template of a Job.
std::string PodJson(const PodWish& wish);
std::string JobJson(const std::string& name, int parallelism, const PodWish& pod);
std::string NamespaceJson(const std::string& name);
// Gangs by object: its definition, the object, and the label that pods name it with.
std::string PodGroupCrdJson();
std::string PodGroupJson(const std::string& name, int min_member);
inline constexpr const char* kPodGroupLabel = "scheduling.x-k8s.io/pod-group";
// For all pods of a namespace; nothing may be evicted.
std::string BudgetJson(const std::string& api_version, const std::string& name);

}  // namespace fairlead::integration
