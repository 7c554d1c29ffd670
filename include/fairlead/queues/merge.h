// The queues in force: those that the configuration file declares and those that exist as objects.
//
// I1: the merged list passes CheckTree, whatever the objects say: those that do not go together
//     with the rest are left out, or stay as they were accepted last, and why is in their verdict.
// I2: of a name that both declare, the file's counts. The one exception is a queue `default` that
//     the file says nothing else about: an object of that name replaces it.
// I3: no change is refused that could be accepted: at the end none of the refused ones fits alone.
//
// Which ones are refused, where not all fit: what was accepted before and still holds comes first;
// then changes and new queues are tried, parents before children, of these the older object first,
// ties by name. So the answer does not depend on the order of the input.
//
// A queue whose parent was deleted is left out: nothing keeps a deleted object in force.
//
// Cost: one CheckTree where everything fits, about 2 log2(n) for each object that does not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/time.h"
#include "fairlead/queues/spec.h"

namespace fairlead {

// A queue as an object, as it was read. `spec.name` is the object's name.
struct QueueObject {
  QueueSpec spec;
  std::string uid;
  std::int64_t generation = 0;  // grows with every change of the spec
  Instant created;
  // Non-empty: the spec cannot be used, and why: names the field, what was found and what was
  // expected. Then only the name of `spec` means something.
  std::string invalid;

  friend bool operator==(const QueueObject&, const QueueObject&) = default;
};

struct QueueCandidate {
  QueueObject object;
  std::optional<QueueSpec> accepted = {};  // what was in force of it last
};

enum class QueueReason : std::uint8_t {
  kAccepted,
  kInvalidSpec,    // cannot be read
  kDeclaredTwice,  // by the configuration file too
  kDoesNotFit,     // into the tree of the others
};
std::string_view QueueReasonName(QueueReason reason);  // "Accepted", "InvalidSpec", ...

struct QueueVerdict {
  QueueReason reason = QueueReason::kAccepted;
  std::string message;  // a sentence
  // What is in force of the object: its spec, where refused that of before, or nothing.
  std::optional<QueueSpec> in_force;

  bool accepted() const { return reason == QueueReason::kAccepted; }
};

struct MergedQueues {
  std::vector<QueueSpec> queues;       // the file's in their order, then the objects' by name
  std::vector<QueueVerdict> verdicts;  // by object, in order of the input
};

// `declared` passes CheckTree; names of objects are unique.
MergedQueues MergeQueues(const std::vector<QueueSpec>& declared,
                         const std::vector<QueueCandidate>& objects);

}  // namespace fairlead
