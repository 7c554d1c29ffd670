// Policy: everything that a person may configure about decisions, validated. The configuration
// module builds it; decide() reads it; it travels with a dumped decision.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fairlead/base/time.h"

namespace fairlead {

// Weights are exact decimals with up to six digits after the point, kept as millionths.
inline constexpr std::int64_t kWeightOne = 1'000'000;

struct QueueSpec {
  std::string name;
  std::int64_t weight = kWeightOne;  // > 0, millionths

  friend bool operator==(const QueueSpec&, const QueueSpec&) = default;
};

// A tenant owns namespaces and may use some queues. A namespace belongs to the tenant that lists it
// here, else to the one that its admin-set label names.
struct TenantSpec {
  std::string name;
  std::vector<std::string> namespaces;
  std::vector<std::string> queues;  // allowed; each exists
  std::string default_queue;        // one of `queues`

  friend bool operator==(const TenantSpec&, const TenantSpec&) = default;
};

struct Policy {
  // Unique names; never empty: the loader adds the queue "default" where the file declares none of
  // that name and there are no tenants.
  std::vector<QueueSpec> queues = {QueueSpec{"default", kWeightOne}};
  std::vector<TenantSpec> tenants;  // empty = every namespace may use every queue

  std::int64_t max_gang_size = 10'000;            // a larger one is refused as invalid
  Duration bind_timeout = Duration::Seconds(30);  // a gang bound in part for longer is rolled back

  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace fairlead
