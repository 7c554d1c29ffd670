// What a simulation runs: nodes, and jobs with their times. Traces and generators make these
// values; everything after them knows no format of files.
//
// Units: seconds since the begin of the trace, mCPU, MiB, thousandths of a GPU (mGPU).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/model/objects.h"

namespace fairlead::sim {

inline constexpr std::int64_t kWholeGpu = 1000;            // mGPU
inline constexpr std::int64_t kUnlimited = 1'000'000'000;  // of CPU and memory that nobody stated

// Texts by number, in order of first sight.
class Names {
 public:
  std::uint32_t Intern(std::string_view name);
  const std::string& operator[](std::uint32_t id) const { return names_[id]; }
  const std::vector<std::string>& all() const { return names_; }
  std::size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> ids_;
};

struct NodeSpec {
  std::string name;
  std::int64_t cpu = kUnlimited;
  std::int64_t memory = kUnlimited;
  std::int32_t gpus = 0;
  std::string model;
  Labels labels;
  std::shared_ptr<const NodeInfo> info;  // of a real cluster: all that is known of it; else null
};

// `pods` equal pods that start together and end together, and perhaps one smaller one more.
struct Job {
  std::string id;
  std::uint32_t queue = 0;   // of Workload::queues
  std::uint32_t tenant = 0;  // of Workload::tenants
  std::uint32_t user = 0;    // of Workload::users
  std::int64_t submit = 0;
  std::int64_t duration = 0;   // -1: not known
  std::int64_t cpu = 0;        // per pod
  std::int64_t memory = 0;     // per pod
  std::int32_t pods = 1;       // 0: `gpus` are those of the whole job, not yet cut into pods
  std::int32_t gpus = 0;       // per pod
  std::int32_t milli = 1000;   // mGPU of each; below 1000 a share
  std::int32_t rest_gpus = 0;  // of the one pod more; 0 = there is none
  std::uint32_t models = 0;    // of Workload::models: accepted ones as "A|B", "" = any
  std::int32_t priority = 0;
  std::uint32_t shape = 0;  // of a real cluster: one more than the position in Workload::shapes
  std::int64_t ran = -1;    // s: it runs already, for so long; -1: it waits

  std::int64_t AllPods() const { return std::int64_t{pods} + (rest_gpus > 0 ? 1 : 0); }
  std::int64_t Gpu() const {  // mGPU of the whole job
    return (std::int64_t{pods} * gpus + rest_gpus) * milli;
  }
};

struct Workload {
  std::vector<Job> jobs;  // in the order of the trace
  Names queues, tenants, users;
  Names models;  // models[0] is ""
  std::vector<PodShape> shapes;
  std::int64_t bad_rows = 0;          // left out because the caller wanted so
  std::vector<Error> first_bad_rows;  // some of them

  Workload() { models.Intern(""); }
};

}  // namespace fairlead::sim
