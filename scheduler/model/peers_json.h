// Rules about labels, and between pods, as a snapshot's JSON text holds them.
#pragma once

#include <map>
#include <vector>

#include "fairlead/base/json.h"
#include "fairlead/model/snapshot.h"

namespace fairlead {

void WriteStrings(const std::vector<std::string>& values, JsonWriter* json);
void WriteLabels(const Labels& labels, JsonWriter* json);
void WriteRequirements(std::string_view key, const std::vector<LabelRequirement>& requirements,
                       JsonWriter* json);

// Numbers for the pods of residents and of pending members, in order of first sight. Where there
// are no residents, there are none.
class PeerNumbers {
 public:
  explicit PeerNumbers(const Snapshot& snapshot);

  // -1 = none
  std::int64_t Of(const MemberView& member) const;
  // Fields "peers" and "residents", "namespaces" and "volumes".
  void Write(JsonWriter* json) const;

 private:
  void Number(const PeerRef& peer);

  const Snapshot& snapshot_;
  std::map<const Peer*, std::int64_t> numbers_;
  std::vector<const Peer*> peers_;
};

}  // namespace fairlead
