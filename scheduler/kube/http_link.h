// One connection to the server, and the exchange that runs on it. Between http.cc, which hands
// exchanges to links, and http_link.cc, the only file that sees Asio, Beast and OpenSSL's streams.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fairlead/base/time.h"
#include "scheduler/kube/http.h"
#include "scheduler/kube/server_url.h"

namespace fairlead::kube {

class Link;

// A TLS configuration; shared by the links made under it.
class TlsContext;
Result<std::shared_ptr<TlsContext>> NewTlsContext(const Connection& connection);

// One request with its answer; lives on across the links that it is tried on.
struct Exchange : HttpStream {
  HttpRequest request;
  HttpStreamHandlers handlers;
  bool streaming = false;
  bool cancelled = false;
  bool renewed = false;  // the credentials, once
  std::string authorization;
  std::weak_ptr<Link> link;
  HttpAnswer answer;

  void Cancel() override;
};

// Where links lead.
struct Peer {
  IoLoop* loop = nullptr;
  Duration connect_timeout;
  ServerUrl url;
  std::optional<ServerUrl> proxy;
  std::string origin;
  std::string host_header;
  std::string tls_name;
  std::shared_ptr<TlsContext> tls;  // null for http://
  std::function<int()> dial;        // gives connected sockets; null: by the addresses above
};

// Who hands out the links; outlives them or closes them.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  // The exchange is over, its answer complete or in error; `link` may be reused if `keep`.
  virtual void OnOver(const std::shared_ptr<Link>& link, bool keep,
                      const std::shared_ptr<Exchange>& exchange) = 0;
  // The exchange was cancelled and its link closed.
  virtual void OnAbandoned(const std::shared_ptr<Link>& link) = 0;
  // The link wants CheckDeadline() to be called at `deadline`.
  virtual void OnDeadline(Instant deadline) = 0;
};

class Link {
 public:
  virtual ~Link() = default;
  virtual void Run(std::shared_ptr<Exchange> exchange) = 0;
  virtual void Close() = 0;    // no callback after this
  virtual void Abandon() = 0;  // drops the exchange without an answer
  virtual void CheckDeadline(Instant now) = 0;
  // Of its exchange, or, of an idle link, when it is no longer kept.
  virtual Instant deadline() const = 0;
  // Of an idle link: whether it still has a peer; costs a system call only after a pause.
  virtual bool Usable(Instant now) const = 0;
};

// `peer` outlives the link, unless it is closed.
std::shared_ptr<Link> NewLink(LinkOwner* owner, const Peer* peer);

}  // namespace fairlead::kube
