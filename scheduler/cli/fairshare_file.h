// The file that `fairlead fairshare` reads: a capacity and a tree of queues with their demand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/queues/entitlement.h"
#include "fairlead/queues/spec.h"
#include "fairlead/queues/tree.h"

namespace fairlead::cli {

// An amount of one resource, or one that any of several GPU models can serve.
struct KeyedAmount {
  std::string name;                   // "cpu", "gpu/A100|H100" with the models in order
  std::vector<ResourceId> resources;  // that one, or the models in order
  std::int64_t amount = 0;            // > 0 in a task
};
using KeyedAmounts = std::vector<KeyedAmount>;  // sorted by name

struct FairshareQueue {
  QueueSpec spec;
  std::vector<KeyedAmounts> demand;  // its classes, leaves only
  KeyedAmounts task;                 // empty: whole tasks are not counted
  std::int64_t tasks_wanted = 0;     // how many of them the demand holds
};

struct FairshareFile {
  std::vector<std::string> names;  // of resources, by ResourceId: the fixed ones, others by name
  NamedAmounts capacity;           // as declared
  std::vector<FairshareQueue> queues;
  QueueTree tree;
};

// What is wrong comes with file, line, column, field and what was expected.
Result<FairshareFile> ParseFairshare(std::string_view text, const std::string& file);
Result<FairshareFile> LoadFairshare(const std::string& path);

// The same as the solver takes it.
EntitlementInput MakeEntitlementInput(const FairshareFile& file);

}  // namespace fairlead::cli
