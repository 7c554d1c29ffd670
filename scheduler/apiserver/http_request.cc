#include "scheduler/apiserver/http_request.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace fairlead::apiserver {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

// What is kept of a body's buffer from one request to the next.
constexpr std::size_t kKeptBody = 64U << 10;
// What a Content-Length alone may make us reserve.
constexpr std::size_t kMaxReserve = 256U << 10;

std::string_view Std(string_view text) { return {text.data(), text.size()}; }

// Fills a Request, whose strings keep their memory from one request to the next.
class Parser : public http::basic_parser<true> {
 public:
  Parser(Request* request, RequestReader::Limits limits) : request_(*request) {
    header_limit(static_cast<std::uint32_t>(limits.header));
    body_limit(limits.body);
    eager(true);
    for (std::string* text :
         {&request_.method, &request_.path, &request_.query, &request_.accept,
          &request_.content_type, &request_.authorization, &request_.user_agent, &request_.body}) {
      text->clear();
    }
    if (request_.body.capacity() > kKeptBody) request_.body.shrink_to_fit();
  }

  bool expects_continue() const { return expects_continue_; }
  bool has_host() const { return has_host_; }
  int http_version() const { return version_; }

 private:
  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code& error) override {
    version_ = version;
    request_.method.assign(method.data(), method.size());
    std::string_view path = Std(target);
    if (!path.starts_with('/') && path != "*" && !StripOrigin(&path)) {
      error = http::error::bad_target;
      return;
    }
    const std::size_t mark = path.find('?');
    request_.path.assign(path.substr(0, mark));
    if (mark != std::string_view::npos) request_.query.assign(path.substr(mark + 1));
  }
  void on_response_impl(int, string_view, int, error_code&) override {}

  // "http://host/path", as a proxy would ask.
  static bool StripOrigin(std::string_view* target) {
    const std::size_t scheme = target->find("://");
    if (scheme == std::string_view::npos) return false;
    const std::size_t path = target->find('/', scheme + 3);
    *target = path == std::string_view::npos ? "/" : target->substr(path);
    return true;
  }

  void on_field_impl(http::field name, string_view, string_view value, error_code&) override {
    switch (name) {
      case http::field::accept:  // may come as several fields, which means a list
        if (!request_.accept.empty()) request_.accept += ',';
        request_.accept.append(value.data(), value.size());
        break;
      case http::field::content_type:
        request_.content_type.assign(value.data(), value.size());
        break;
      case http::field::authorization:
        request_.authorization.assign(value.data(), value.size());
        break;
      case http::field::user_agent:
        request_.user_agent.assign(value.data(), value.size());
        break;
      case http::field::host:
        has_host_ = true;
        break;
      case http::field::expect:
        expects_continue_ = boost::beast::iequals(value, "100-continue");
        break;
      default:
        break;
    }
  }
  void on_header_impl(error_code& error) override {
    if (!has_host_ && version_ >= 11) error = http::error::bad_field;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (!length) return;
    request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, kMaxReserve)));
  }
  std::size_t on_body_impl(string_view body, error_code&) override {
    request_.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    request_.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Request& request_;
  int version_ = 0;
  bool has_host_ = false;
  bool expects_continue_ = false;
};

// Beast takes a last chunk up again only with five bytes at least. So many follow in any case: "0",
// CR LF, CR LF.
bool MayBeginLastChunk(std::string_view bytes) {
  constexpr std::size_t kLeast = 5;
  return bytes.size() < kLeast && (bytes.front() == '0' || bytes.front() == '\r');
}

}  // namespace

struct RequestReader::State {
  explicit State(Limits l) : limits(l) {}

  const Limits limits;
  Request request;
  std::optional<Parser> parser;
  bool started = false;
};

RequestReader::RequestReader(Limits limits) : state_(std::make_unique<State>(limits)) { Reset(); }
RequestReader::~RequestReader() = default;

void RequestReader::Reset() {
  state_->parser.emplace(&state_->request, state_->limits);
  state_->started = false;
}

RequestReader::Outcome RequestReader::Read(std::string_view bytes, std::size_t* used) {
  State& s = *state_;
  *used = 0;
  // Empty lines before a request are to be ignored (RFC 9112, 2.2).
  while (!s.started && *used < bytes.size() && (bytes[*used] == '\r' || bytes[*used] == '\n')) {
    ++*used;
  }
  while (*used < bytes.size()) {
    s.started = true;
    error_code error;
    const std::string_view rest = bytes.substr(*used);
    if (s.parser->is_header_done() && s.parser->chunked() && MayBeginLastChunk(rest)) {
      return Outcome::kMore;
    }
    const std::size_t taken = s.parser->put(boost::asio::buffer(rest.data(), rest.size()), error);
    *used += taken;
    if (error == http::error::need_more) return Outcome::kMore;
    if (error == http::error::header_limit) return Outcome::kHeaderTooLarge;
    if (error == http::error::body_limit) return Outcome::kBodyTooLarge;
    if (error == http::error::bad_field && s.parser->http_version() >= 11 &&
        !s.parser->has_host()) {
      return s.parser->is_header_done() ? Outcome::kNoHost : Outcome::kMalformed;
    }
    if (error) return Outcome::kMalformed;
    if (s.parser->is_done()) return Outcome::kDone;
    if (taken == 0) return Outcome::kMore;
  }
  return Outcome::kMore;
}

const Request& RequestReader::request() const { return state_->request; }
bool RequestReader::keep_alive() const { return state_->parser->keep_alive(); }
bool RequestReader::http10() const {
  return state_->parser->is_header_done() && state_->parser->http_version() < 11;
}
bool RequestReader::started() const { return state_->started; }
bool RequestReader::wants_continue() const {
  const Parser& parser = *state_->parser;
  return parser.is_header_done() && !parser.is_done() && parser.expects_continue() &&
         parser.http_version() >= 11;
}

}  // namespace fairlead::apiserver
