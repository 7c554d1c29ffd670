// Reads requests of HTTP/1.0 and 1.1 off the bytes of a connection, one after the other, as far as
// an API server needs them: bodies with a Content-Length or in chunks, bounded headers and bodies.
// It keeps no bytes beyond a request's own; trailers and unknown fields are dropped. Upgrades are
// not spoken: such a request reads like any other.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "fairlead/apiserver/api_server.h"

namespace fairlead::apiserver {

class RequestReader {
 public:
  struct Limits {
    std::size_t header = 64U << 10;
    std::size_t body = 3U << 20;
  };
  explicit RequestReader(Limits limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  enum class Outcome {
    kMore,  // what is not used must be given again, with more behind it
    kDone,
    kHeaderTooLarge,
    kBodyTooLarge,
    kMalformed,
    kNoHost,  // 1.1 demands the field
  };
  // Takes bytes of the request and says how many.
  Outcome Read(std::string_view bytes, std::size_t* used);
  // For the next request. Buffers are kept.
  void Reset();

  // Whole after kDone; as far as it is known after an error.
  const Request& request() const;
  bool keep_alive() const;
  bool http10() const;
  // Some bytes of a request have been taken.
  bool started() const;
  // The head is read and the client waits for "100 Continue" before it sends the body.
  bool wants_continue() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::apiserver
