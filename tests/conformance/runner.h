// Requests to an API server and what must come back, as cases in YAML files (cases/*.yaml): the
// same ones are put to the embedded server in both of its profiles and to the real kube-apiserver,
// so that neither our reading of the API nor our memory of it has the last word.
//
//   - name: a pod needs a namespace that exists
//     since: 20            # minor versions of Kubernetes for which the case holds; default: all
//     until: 33
//     steps:
//       - POST: /api/v1/namespaces/nowhere/pods
//         body: {...}      # JSON; or `text:` for any bytes, `proto:` for bytes in hex
//         type: application/json          # of the body
//         accept: application/json
//         expect: {status: 404, reason: NotFound, message: 'namespaces "nowhere" not found'}
//         save: {uid: metadata.uid}       # for later steps, as ${uid}
//         retry: true      # repeated for some seconds until the status is as expected
//       - WATCH: /api/v1/namespaces/${ns}/pods?resourceVersion=${rv}
//         events: [{type: ADDED, object: {metadata: {name: a}}}]   # the first ones, in order
//         then: end        # the server ends the watch after them; default: it goes on
//
// `expect` may have status, reason, message, message_has, body (a part of the answer: objects by
// the members named, lists whole; null: must be absent; "*": anything), type (of the answer), count
// (of items). ${ns} is a namespace of the case's own, made before and deleted after it. `differs:
// why` on a step keeps its answer out of the comparison of whole answers between two servers.
#pragma once

#include <climits>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/api_client.h"

namespace fairlead::conformance {

using Json = nlohmann::json;

struct Step {
  std::string method, path;
  std::string body;  // with ${...} not yet replaced
  std::string type = "application/json";
  std::string accept = "application/json";
  Json expect;  // null: only that an answer comes
  std::vector<std::pair<std::string, std::string>> save;
  std::vector<Json> events;
  bool then_end = false;
  std::string until;  // of a watch: the name of the object whose event is the last one to read
  bool retry = false;
  std::string differs;
  int line = 0;
};

struct Case {
  std::string file, name;
  int since = 0;
  int until = INT_MAX;
  std::vector<Step> steps;

  std::string TestName() const;  // letters, digits and _ only
};

// For the test framework, which would print bytes.
inline void PrintTo(const Case& one, std::ostream* out) { *out << one.file << ": " << one.name; }

// All cases of a folder; a file that cannot be read ends the process with the reason.
std::vector<Case> LoadCases(const std::string& folder);

struct Target {
  e2e::Access access;
  int minor = 20;
};

struct Answer {
  int status = 0;  // 0: none
  std::string content_type;
  std::string body;
  std::vector<Json> events;  // of a watch
  Json ToJson() const;       // null: no JSON
};
Answer Send(const e2e::Access& access, const Step& request);

struct Outcome {
  std::vector<std::string> failures;  // empty: all as expected
  std::vector<Json> answers;          // one per step, normalised; null where they may differ
};
// `ns` names the case's namespace: the same on all servers, so that answers can be compared.
Outcome RunCase(const Case& one, const Target& target, const std::string& ns);

// Without what differs between any two servers: uids, times, resourceVersions, managedFields,
// continue tokens, generated names, self links.
Json Normalise(const Json& answer);

// Where two values differ, as "path: a | b" lines; empty: equal.
std::vector<std::string> Differences(const Json& a, const Json& b);

}  // namespace fairlead::conformance
