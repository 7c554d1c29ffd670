// What the live benchmark puts into a cluster: nodes, pods, and bindings by hand. Everything goes
// over kConnections connections at once.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tests/support/api_client.h"

namespace fairlead::bench {

inline constexpr int kConnections = 32;
inline constexpr const char* kNamespace = "bench";
inline constexpr std::string_view kPodPrefix = "bench-pod-";
inline constexpr std::size_t kPodDigits = 6;

std::string PodName(std::size_t i);
std::string NodeName(std::size_t i);

struct PodPlan {
  std::string scheduler = "fairlead";
  std::size_t gang_size = 1;  // 1: single pods without the keys of a gang
  std::size_t bound = 0;      // so many pods come with a node, round robin over `nodes`
  std::size_t nodes = 0;
  std::size_t gpus = 1;      // of each pod
  bool in_one_rack = false;  // each gang
};

// Writes pods one by one: the text of all but the names is made once.
class PodWriter {
 public:
  explicit PodWriter(const PodPlan& plan);
  bool Create(e2e::ApiClient& client, std::size_t i) const;
  std::size_t bytes() const { return text_.size(); }

 private:
  PodPlan plan_;
  std::string text_;
};

// Each returns whether all requests succeeded; what did not is on stderr.
bool CreateNamespace(const e2e::Access& access);
bool CreateNodes(const e2e::Access& access, std::size_t n);
bool CreatePods(const e2e::Access& access, const PodPlan& plan, std::size_t n);
bool BindPods(const e2e::Access& access, std::size_t pods, std::size_t nodes);
bool DeletePods(const e2e::Access& access, std::size_t n);

}  // namespace fairlead::bench
