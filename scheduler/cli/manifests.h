// Kubernetes objects from files, as `fairlead decide` takes them: what an API server would have
// made of them, put into a store.
//
// Like the API server: a namespace and a uid where there are none, requests from limits, priority
// from the priority class, pods from a Job's template. Pod, Node, Namespace, Job, PodGroup and
// lists of them are used; PriorityClass gives priorities; PodDisruptionBudget is accepted and has
// no say, since budgets are checked by the API server when a pod is evicted. Every other kind is
// refused by name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/kube/decode.h"
#include "fairlead/model/cluster_store.h"
#include "fairlead/yaml/document.h"

namespace fairlead::cli {

class Manifests {
 public:
  Manifests(kube::TranslateOptions options, Instant now);

  // One object or list; `file` goes into errors.
  Status Add(const yaml::Node& object, const std::string& file);
  // All documents of a file.
  Status AddFile(const std::string& path);

  // Puts everything into the store, in the order of addition; nodes and groups before pods.
  Status Store(ClusterStore* store) const;

  const std::vector<std::string>& node_names() const { return node_names_; }

 private:
  struct Object {
    yaml::Node tree;
    std::string file;
  };

  Status AddPodsOfJob(const yaml::Node& job, const std::string& file);
  Status StorePod(const Object& object, ClusterStore* store) const;
  Status StoreOther(const Object& object, ClusterStore* store) const;

  kube::TranslateOptions options_;
  Instant now_;
  std::vector<Object> pods_;
  std::vector<Object> others_;
  std::vector<std::string> node_names_;
  std::map<std::string, std::string> priority_classes_;  // name -> value
};

}  // namespace fairlead::cli
