// An API server of Kubernetes in the process: for `fairlead demo` and for hermetic tests. It holds
// objects in memory and speaks the subset of the API that a scheduler and kubectl use, strict where
// the real one is strict. What it leaves out is listed in scheduler/apiserver/README.md.
//
// This is the server without sockets: a request is a value, its answer is a value, and handling it
// is one atomic step. http_front.h puts HTTP/1.1 and TLS before it.
//
// I1  Everything that is stored has a resourceVersion from one counter that only grows.
// I2  A watch from version v delivers each later change of what it selects once and in order, or
//     says that v is too old (410).
// I3  The same requests at the same times with the same seed give the same bytes.
//
// Not safe from several threads: everything runs on the thread of one loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/time.h"
#include "fairlead/engine/ports.h"

namespace fairlead::apiserver {

// Which server it behaves like. k120: Kubernetes 1.20 (policy/v1beta1, no scheduling gates, no
// WatchList, the uid of a Binding ignored). kCurrent: a current one.
enum class Profile : std::uint8_t { k120, kCurrent };

// What a bearer token may do; "*" matches all. Verbs are those of RBAC (get, list, watch, create,
// update, patch, delete, deletecollection); a subresource is "pods/binding".
struct AllowRule {
  std::vector<std::string> verbs;
  std::vector<std::string> groups;  // "" is the core group
  std::vector<std::string> resources;
  std::vector<std::string> namespaces = {"*"};
};
struct TokenUser {
  std::string token;
  std::string user;
  std::vector<AllowRule> allow;
};

struct ApiServerOptions {
  Profile profile = Profile::kCurrent;
  std::size_t history = 100'000;    // changes kept for watches; older ones: 410
  std::size_t max_body = 3U << 20;  // bytes of a request; more: 413
  bool watch_list = true;           // kCurrent only: sendInitialEvents is understood
  Duration bookmark_every = Duration::Seconds(60);
  Duration min_watch = Duration::Seconds(1'800);  // of a watch without timeoutSeconds; x1 to x2
  std::uint64_t seed = 1;                         // of uids and generated names
  std::vector<TokenUser> tokens;                  // empty: everybody may do everything
};

struct Request {
  std::string method;  // "GET", ...
  std::string path;    // percent-encoded, without the query
  std::string query;   // percent-encoded, without the "?"
  std::string accept, content_type, authorization, user_agent;
  std::string body;
};

// The running answer of a watch. Bytes are made when the reader asks for them, so that a slow
// reader costs no memory; one that falls behind the history is told 410 and ended.
class WatchStream {
 public:
  virtual ~WatchStream() = default;
  // Appends what is due, ending soon after max_bytes. False: the watch is over after these bytes.
  virtual bool Take(std::size_t max_bytes, std::string* out) = 0;
  // Called, at most once between two Takes, when there may be something to take. May be called from
  // inside a write to the store: it must not call back into the server.
  virtual void OnReady(std::function<void()> wake) = 0;
  // When to Take although nothing woke: the next bookmark or the end of the watch.
  virtual Instant due() const = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  int retry_after_s = -1;              // header Retry-After; -1: none
  std::shared_ptr<WatchStream> watch;  // the body is streamed instead
};

class Api;  // the verbs on objects, for what is in this module: scheduler/apiserver/api.h

class ApiServer {
 public:
  // `clock` is the time of day and outlives the server.
  ApiServer(ApiServerOptions options, const Clock* clock);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  Response Handle(const Request& request);

  Api& api();
  const ApiServerOptions& options() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::apiserver
