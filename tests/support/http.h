// The little of HTTP/1.1 that the tests need, read from and written to a Stream.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/stream.h"

namespace fairlead::e2e {

struct HttpHead {
  std::string start_line;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case

  std::string Field(std::string_view name) const;  // empty if absent
  int Status() const;                              // of an answer; 0 if it is none
  std::string Method() const;                      // of a request
  std::string Target() const;
  // As it goes over the wire.
  std::string ToText() const;
};

// Reads messages one after the other.
class HttpReader {
 public:
  explicit HttpReader(Stream* stream) : stream_(stream) {}

  // Also prepares for reading the body.
  bool ReadHead(HttpHead* head);
  enum class Piece { kData, kEnd, kFailed };
  // The next part of the body as it comes, without its framing.
  Piece ReadPiece(std::string* out);
  bool ReadBody(std::string* body);
  bool chunked() const { return framing_ == Framing::kChunked; }

 private:
  enum class Framing { kLength, kChunked, kUntilClose };
  bool ReadLine(std::string* line);
  Piece ReadCounted(std::string* out);

  Stream* stream_;
  std::string buffer_;
  Framing framing_ = Framing::kLength;
  std::size_t left_ = 0;  // bytes left of the body or the chunk
};

}  // namespace fairlead::e2e
