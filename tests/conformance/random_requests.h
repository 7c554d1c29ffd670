// Random requests to two servers, whose answers must be the same.
//
// A sequence is a seed's 40 to 80 requests to a small pool of names in two namespaces and a few
// kinds; a good part of them is invalid. What a request needs of earlier answers (uids, versions,
// the object that an update starts from) is looked up when it is sent, from what the same server
// said before, so that a sequence stays meaningful when requests are taken out of it.
//
// I1  The same seed gives the same requests.
// I2  Everything that a sequence makes has a name with its prefix, or lives in its namespaces: the
//     real server is shared.
//
// Left out, because the real server answers from copies that lag behind its writes: reads with
// resourceVersion=0, pods of a priority class that was just made, default priority classes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/conformance/runner.h"

namespace fairlead::conformance {

// A stream of choices that is the same on every machine.
class Choices {
 public:
  explicit Choices(std::uint64_t seed) : engine_(seed) {}
  std::size_t Below(std::size_t n) { return n == 0 ? 0 : engine_() % n; }
  bool OneIn(std::size_t n) { return Below(n) == 0; }
  std::uint64_t Seed() { return engine_() | 1; }
  // While calm, only of the first half of a list, where what is valid stands.
  void Calm(bool calm) { calm_ = calm; }
  bool calm() const { return calm_; }
  template <typename List>
  auto Of(const List& list) -> typename List::value_type {
    const std::size_t size = calm_ ? (list.size() + 1) / 2 : list.size();
    return *(list.begin() + static_cast<std::ptrdiff_t>(Below(size)));
  }
  std::string Text(std::initializer_list<const char*> list) { return Of(list); }

 private:
  std::mt19937_64 engine_;
  bool calm_ = false;
};

struct RandomKind {
  std::string plural, api_version, kind;
  bool namespaced = true;
  bool status = false;  // has a status subresource

  std::string Collection(const std::string& ns) const;
};
const std::vector<RandomKind>& RandomKinds();

// A body that is mostly valid, and a change of one as a JSON merge patch that mostly is.
Json RandomBody(const RandomKind& kind, const std::string& name, Choices* choices);
Json RandomChange(const RandomKind& kind, Choices* choices);
Json RandomStatus(const RandomKind& kind, Choices* choices);
// The least that is valid.
Json PlainBody(const RandomKind& kind, const std::string& name);
// Changes one place of the value for the worse: removes it, or puts something strange there.
void Damage(Json* value, std::uint64_t seed);

// Texts may have ${s} (the sequence's prefix), and of what the server said about `object` last:
// ${uid}, ${rv}, ${oldrv} (the first one); of the same collection: ${continue}, ${saved}.
struct RandomRequest {
  std::string method;  // WATCH: until an object is seen that is made just before
  std::string path;
  std::string type = "application/json";
  std::string accept = "application/json";
  const RandomKind* kind = nullptr;
  std::string object;      // "pods/${s}-x/a": what the request is about
  Json body;               // null: none
  bool from_last = false;  // the body is the object as last seen, with `body` merged into it
  std::uint64_t damage = 0;
};
std::vector<RandomRequest> RandomSequence(std::uint64_t seed);

struct RandomAnswer {
  bool sent = false;  // false: what it needs was never seen, such as a continue token
  std::string request;
  Json answer;  // normalised
};
// Sends the requests of one sequence to one server.
class RandomSender {
 public:
  RandomSender(Target target, std::string prefix);
  RandomAnswer Send(const RandomRequest& request);
  // At the end: the real server is shared. Nothing is sent after it.
  void CleanUp();

 private:
  struct Seen {
    Json last;
    std::string uid, version, first_version;
  };
  std::optional<std::string> Filled(std::string text, const RandomRequest& request) const;
  std::optional<Json> Filled(const Json& value, const RandomRequest& request) const;
  void Remember(const RandomRequest& request, const std::string& collection, const Json& body);
  void Make(const std::string& path, const Json& body);

  Target target_;
  std::string prefix_;
  std::map<std::string, Seen> objects_;
  std::map<std::string, std::string> continues_, saved_;  // by collection
  int markers_ = 0;
};

// Where the two answers differ although neither server is wrong is taken out of both first; the
// rules are listed there.
std::vector<std::string> AnswerDifferences(Json real, Json ours);

}  // namespace fairlead::conformance
