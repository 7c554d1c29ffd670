// A client of a running scheduler (fairlead.v1), on values of ours.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"
#include "fairlead/cycle/node_report.h"
#include "fairlead/cycle/queue_report.h"

namespace fairlead::cli {

struct SchedulerAddress {
  std::string address = "127.0.0.1:8471";  // HOST:PORT
  // Paths of PEM files, all or none. `ca` signs the server's certificate, `cert` and `key` are
  // ours.
  std::string tls_ca, tls_cert, tls_key;
};

class SchedulerClient {
 public:
  // Does not connect yet. Error: no HOST:PORT, or a file that cannot be read.
  static Result<std::unique_ptr<SchedulerClient>> Make(SchedulerAddress server);
  ~SchedulerClient();
  SchedulerClient(const SchedulerClient&) = delete;
  SchedulerClient& operator=(const SchedulerClient&) = delete;

  // The table now. Error, after five seconds at most: why there is none.
  Result<QueueTable> List();
  // The nodes now. Errors as of List.
  Result<NodesReport> Nodes();
  // Calls `show` with the table now and after every change, at most once per `interval`, until
  // Cancel(), which makes it return Ok, or until the server ends it: the error says why.
  Status Watch(Duration interval, const std::function<void(QueueTable)>& show);
  // Ends Watch(), also one that only begins. From any thread.
  void Cancel();

 private:
  struct State;
  explicit SchedulerClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::cli
