// Answers as they go over the wire.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fairlead/apiserver/api_server.h"
#include "scheduler/apiserver/answer.h"

namespace fairlead::apiserver {

// How the connection goes on after an answer, and what the client asked.
struct AnswerForm {
  bool keep_alive = true;
  bool http10 = false;
  bool head_only = false;
};

// The head alone; Content-Length says how long the body is. A watch has none: its body comes in
// chunks, to a client of 1.0 up to the end of the connection.
void AppendHead(const Response& response, const AnswerForm& form, std::string* out);
// One chunk of a chunked body; `bytes` is not empty.
void AppendChunk(std::string_view bytes, std::string* out);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

Response StatusResponse(const ApiError& error);
// What is said to those who do not speak HTTP: "400 Bad Request" and the like as plain text.
Response PlainResponse(int status, std::string_view why);

}  // namespace fairlead::apiserver
