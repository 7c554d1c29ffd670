#include "scheduler/apiserver/http_answer.h"

#include <fmt/format.h>

#include <iterator>

#include "scheduler/apiserver/json.h"

namespace fairlead::apiserver {
namespace {

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Request Entity Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

}  // namespace

void AppendHead(const Response& response, const AnswerForm& form, std::string* out) {
  fmt::format_to(std::back_inserter(*out),
                 "HTTP/1.1 {} {}\r\nCache-Control: no-cache, private\r\nContent-Type: {}\r\n",
                 response.status, ReasonPhrase(response.status), response.content_type);
  if (response.retry_after_s >= 0) {
    fmt::format_to(std::back_inserter(*out), "Retry-After: {}\r\n", response.retry_after_s);
  }
  if (response.watch == nullptr) {
    fmt::format_to(std::back_inserter(*out), "Content-Length: {}\r\n", response.body.size());
  } else if (!form.http10) {
    *out += "Transfer-Encoding: chunked\r\n";
  }
  if (!form.keep_alive) {
    *out += "Connection: close\r\n";
  } else if (form.http10) {
    *out += "Connection: keep-alive\r\n";
  }
  *out += "\r\n";
}

void AppendChunk(std::string_view bytes, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "{:x}\r\n", bytes.size());
  out->append(bytes);
  *out += "\r\n";
}

Response StatusResponse(const ApiError& error) {
  Response response;
  response.status = error.code;
  response.body = json::serialize(error.ToStatus());
  if (error.retry_after_s > 0) response.retry_after_s = error.retry_after_s;
  return response;
}

Response PlainResponse(int status, std::string_view why) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = fmt::format("{} {}", status, ReasonPhrase(status));
  if (!why.empty()) response.body += fmt::format(": {}", why);
  return response;
}

}  // namespace fairlead::apiserver
