// An HTTP/1.1 server on 127.0.0.1 that answers as a test tells it to, well or badly: plain or TLS,
// one thread per connection, no code of the product.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace fairlead::testing {

struct Received {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  // names in lower case
  int connection = 0;                          // counted from 1
};

// A body that a test writes while the client reads it. Safe from any thread.
class Feed {
 public:
  void Send(std::string bytes);  // one chunk
  void End();                    // the end of the body, as it should be
  void Cut();                    // closes the connection in the middle

  // For the server: waits for what comes next. False: over.
  struct Next {
    std::string bytes;
    bool end = false;
    bool cut = false;
  };
  Next Take();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Next> waiting_;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::string> headers = {};  // "Name: value"
  bool drop = false;                      // closes instead of answering
  bool hang = false;                      // answers nothing until the client gives up
  bool close = false;                     // closes after the answer, as it says
  std::shared_ptr<Feed> feed = nullptr;   // a chunked body instead of `body`
};

struct ServerCertificate {
  std::string cert_pem, key_pem;  // empty: no TLS
  std::string client_ca_pem;      // not empty: clients need a certificate of this authority
};

class ScriptedServer {
 public:
  // Called on connection threads, one at a time.
  using Handler = std::function<Reply(const Received&)>;

  explicit ScriptedServer(Handler handler, const ServerCertificate& certificate = {});
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const;
  std::string url() const;  // "http://127.0.0.1:PORT" or https
  std::vector<Received> requests() const;
  // Waits until `n` requests have come. False after half a minute.
  bool WaitForRequests(std::size_t n) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::testing
