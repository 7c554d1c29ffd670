// HTTP/1.1 to one server, asynchronous, on one loop. This is the only border between the adapter
// and Asio, Beast and TLS.
//
// Connections are kept alive and reused; how many run at once is the caller's matter (one per
// request in flight). A kept connection that has been idle for long, or that the server has closed,
// is not reused. A request is sent once: the client never repeats it by itself, except once after a
// 401 where the credentials could be renewed (the server did nothing then). Redirects are not
// followed. Sizes of headers and bodies are bounded. Callbacks run on the loop's thread and may
// call back into the client; there are none after its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "fairlead/base/time.h"
#include "fairlead/kube/client.h"
#include "fairlead/net/loop.h"
#include "scheduler/kube/pace.h"

namespace fairlead::kube {

using net::IoLoop;

struct HttpRequest {
  std::string_view method = "GET";  // static text
  std::string target;               // path and query, without the server's prefix
  std::string_view accept;          // static text; empty: JSON
  std::string_view content_type;    // of the body; static text
  std::string body;
  Duration timeout = Duration::Seconds(30);       // to the answer's end; of a stream, to its head
  Duration idle_timeout = Duration::Seconds(60);  // between two reads of a stream
  std::size_t max_body = 8U << 20;                // of an answer that is not streamed
};

struct HttpAnswer {
  int status = 0;     // 0: no complete answer
  std::string error;  // why; also set where a stream broke off after its head
  // False: no byte of the request has left, so the server cannot have acted on it.
  bool sent = false;
  std::string content_type;
  int retry_after = -1;  // seconds; -1: not given
  std::string body;      // not of a stream with status 200
};

struct HttpStreamHandlers {
  std::function<void(const HttpAnswer& head)> on_head;  // status 200 only
  std::function<void(std::string_view data)> on_data;   // as it comes, not kept
  // Always called once unless cancelled; `error` empty: the server ended the body properly.
  std::function<void(HttpAnswer)> on_end;
};

// Adds who we are. See credentials.h.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // Calls back, perhaps at once, with why there are no credentials, or empty.
  virtual void Prepare(std::function<void(std::string error)> ready) = 0;
  // The header's value as of the last Prepare; empty: none.
  virtual const std::string& header() const = 0;
  // The server refused `header` (401): calls back whether there is another one now.
  virtual void Rejected(const std::string& header, std::function<void(bool renewed)> done) = 0;
};

class HttpStream {
 public:
  virtual ~HttpStream() = default;
  virtual void Cancel() = 0;  // no callback after this
};

class HttpClient {
 public:
  // `authorizer` may be null. `dial` makes the connections, instead of TCP to the server's address;
  // it may be null.
  HttpClient(IoLoop* loop, const Connection& connection, const Pace& pace, Authorizer* authorizer,
             std::function<int()> dial = nullptr);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void Send(HttpRequest request, std::function<void(HttpAnswer)> done);
  std::shared_ptr<HttpStream> Stream(HttpRequest request, HttpStreamHandlers handlers);

  // For new connections; kept ones are dropped.
  void SetClientCertificate(const std::string& cert_pem, const std::string& key_pem);
  // "https://host:port".
  const std::string& origin() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::kube
