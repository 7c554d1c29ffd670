// Reads the amounts of a fairshare file: maps of resources and exact quantities.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/queues/spec.h"
#include "fairlead/yaml/document.h"
#include "scheduler/cli/fairshare_file.h"

namespace fairlead::cli {

// What an amount of one resource, or of any of these GPU models, is called: "gpu/A100|H100".
std::string AmountName(const std::vector<ResourceId>& resources,
                       const std::vector<std::string>& names);

class FairshareAmounts {
 public:
  explicit FairshareAmounts(std::string file) : file_(std::move(file)) {}

  // Defines the resources that everything else may name.
  Result<NamedAmounts> ReadCapacity(const yaml::Node& node, const std::string& path);
  // Keys may also be gpu/<model>|<model>...
  Result<KeyedAmounts> Read(const yaml::Node& node, const std::string& path) const;
  // Refuses those of `amounts`, which were read from `node`, that the capacity does not name.
  Status CheckKnown(const yaml::Node& node, const std::string& path,
                    const NamedAmounts& amounts) const;

  std::vector<std::string> TakeNames() { return std::move(names_); }

 private:
  Status CheckMap(const yaml::Node& node, const std::string& path) const;
  Result<KeyedAmount> ReadOne(const std::string& key, const yaml::Node& value,
                              const std::string& path) const;
  Result<std::int64_t> Quantity(const std::string& name, const yaml::Node& value,
                                const std::string& path) const;
  Error AtKey(const yaml::Node& value, const std::string& path, std::string message) const;
  // None where the capacity does not name it.
  std::optional<ResourceId> Find(std::string_view name) const;

  std::string file_;
  std::vector<std::string> names_;  // by ResourceId
  std::vector<std::string> known_;  // declared under capacity, sorted
};

}  // namespace fairlead::cli
