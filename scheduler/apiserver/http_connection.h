// One connection of a client: requests in, answers out in their order.
//
// I1  At most one answer is made ahead of what is written, apart from small ones to requests that
//     came together: those go out in one write.
// I2  A watch is asked for bytes only when all that it gave before is written; a client that does
//     not read costs one buffer.
// I3  While a watch runs, the connection reads on, to see the client go. What comes then waits.
//
// There is no header Date: nothing here depends on the time of day.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/apiserver/faults.h"
#include "fairlead/net/loop.h"
#include "scheduler/apiserver/http_answer.h"
#include "scheduler/apiserver/http_request.h"
#include "scheduler/apiserver/http_transport.h"

namespace fairlead::apiserver {

// Who answers.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  virtual Response Handle(const Request& request) = 0;
  virtual Instant Now() const = 0;  // of the clock that WatchStream::due() is in
};

class HttpConnection;

// What connections share; outlives them.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // OnWoken() is to be called soon, from the loop.
  virtual void Wake(std::shared_ptr<HttpConnection> connection) = 0;
  // The last thing that a connection does with its owner.
  virtual void Ended(HttpConnection* connection) = 0;

  net::IoLoop* loop = nullptr;
  RequestHandler* handler = nullptr;
  Faults* faults = nullptr;  // may be null
  RequestReader::Limits limits;
  Duration idle_timeout;
  std::string frames;  // scratch space of whichever watch is asked
};

class HttpConnection : public TransportUser, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(ConnectionOwner* owner, std::unique_ptr<Transport> transport);
  void Start();
  void OnWoken();
  void Close();

  void OnStarted(bool ok) override;
  void OnRead(std::size_t bytes) override;
  void OnWritten(bool ok) override;
  void OnFinished() override;

 private:
  enum class Mode {
    kRequests,
    kWatch,
    kHeld,       // a fault: no answer, ever
    kCut,        // to be closed as soon as what is there is written
    kLast,       // the same, but so that the last answer is not lost
    kFinishing,  // waits for the other side to end
    kClosed,
  };

  void ReadMore();
  void Process();
  void GoOn();
  void ServeRequest();
  void Refuse(RequestReader::Outcome outcome);
  void AnswerRequest(Response response, const AnswerForm& form, const Fault& fault);
  void AppendAnswer(Response response, const AnswerForm& form);
  void StartWatch(Response response, const AnswerForm& form, const Fault& fault);
  void PumpWatch();
  void EndWatch();
  void ArmWatchTimer();
  void StartWrite();
  void WriteSlowly();
  void Finish();
  void CheckIdle();

  ConnectionOwner& owner_;
  const std::unique_ptr<Transport> transport_;
  RequestReader reader_;
  Mode mode_ = Mode::kRequests;
  bool reading_ = false;
  bool writing_ = false;
  bool continued_ = false;  // 100 Continue was sent for this request

  std::string in_;  // bytes [in_begin_, in_end_) are not used yet
  std::size_t in_begin_ = 0, in_end_ = 0;
  std::string out_;   // what is, or is about to be, written
  std::string tail_;  // a large body that follows out_

  std::shared_ptr<WatchStream> watch_;
  bool chunked_ = false;
  bool keep_alive_ = false;  // after the watch
  bool woken_ = false;       // OnWoken is due
  net::IoLoop::TimerId watch_timer_ = 0;
  Instant watch_due_;  // when that timer is for

  Duration slow_;  // of a fault: between pieces of an answer; 0: none
  std::size_t slow_at_ = 0, slow_piece_ = 0;
  net::IoLoop::TimerId slow_timer_ = 0;

  Instant active_;                       // the last progress with a request
  net::IoLoop::TimerId idle_timer_ = 0;  // also bounds the time for finishing
};

}  // namespace fairlead::apiserver
