// Published means of a saturation, and how far a reproduction may be from them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fairlead/sim/results.h"
#include "fairlead/sim/scenario.h"

namespace fairlead::sim {

class PublishedMeans {
 public:
  // Sets what was published of each policy. Error: nothing was, of a policy that has a published
  // counterpart.
  Status Compare(std::vector<SaturationSummary>* summary) const;

 private:
  friend Result<PublishedMeans> ReadPublished(const ExpectSpec& spec, const std::string& pods);
  std::string file_;
  std::string list_;
  std::map<std::string, double> means_;  // alloc(100) by the file's names of policies
};

// `pods`: the file whose name says which list it is (openb_pod_list_NAME.csv.gz), where `spec` does
// not. Error: the file cannot be read, or has nothing on the list.
Result<PublishedMeans> ReadPublished(const ExpectSpec& spec, const std::string& pods);

}  // namespace fairlead::sim
