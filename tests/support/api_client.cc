#include "tests/support/api_client.h"

#include <openssl/evp.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tests/support/process.h"

namespace fairlead::e2e {
namespace {

constexpr int kReadTimeoutSeconds = 60;

// What follows "key:" on the first line that has it.
std::string ValueOf(const std::string& yaml, const std::string& key) {
  const std::size_t start = yaml.find(key + ":");
  if (start == std::string::npos) return "";
  std::string line = yaml.substr(start + key.size() + 1);
  line = line.substr(0, line.find('\n'));
  const std::size_t first = line.find_first_not_of(" \"'");
  const std::size_t last = line.find_last_not_of(" \"'\r");
  return first == std::string::npos ? "" : line.substr(first, last - first + 1);
}

std::string DecodeBase64(const std::string& text) {
  std::vector<unsigned char> out(text.size() + 4);
  const int n = EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                static_cast<int>(text.size()));
  std::string decoded(out.begin(), out.begin() + std::max(n, 0));
  while (!decoded.empty() && decoded.back() == '\0') decoded.pop_back();  // padding
  return decoded;
}

std::string RequestText(const Access& access, const std::string& method, const std::string& path,
                        const std::string& body, const std::string& content_type) {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: " + access.host +
                     "\r\nAccept: application/json\r\nUser-Agent: fairlead-tests\r\n";
  if (!access.token.empty()) text += "Authorization: Bearer " + access.token + "\r\n";
  if (!body.empty()) text += "Content-Type: " + content_type + "\r\n";
  return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

bool ReadKubeconfig(const std::string& path, Access* access) {
  const std::string yaml = ReadFileText(path);
  std::string server = ValueOf(yaml, "server");
  access->tls = server.starts_with("https://");
  server.erase(0, server.find("//") + 2);
  const std::size_t colon = server.find(':');
  if (colon == std::string::npos) return false;
  access->host = server.substr(0, colon);
  access->ca_pem = DecodeBase64(ValueOf(yaml, "certificate-authority-data"));
  access->token = ValueOf(yaml, "token");
  const char* const end = server.data() + server.size();
  return std::from_chars(server.data() + colon + 1, end, access->port).ec == std::errc();
}

Json Response::ToJson() const {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? Json() : json;
}

ApiClient::ApiClient(Access access)
    : access_(std::move(access)),
      tls_(access_.tls ? TlsClientContext(access_.ca_pem) : TlsContext()) {}
ApiClient::~ApiClient() = default;

bool ApiClient::Connect(std::string* error) {
  if (access_.tls && tls_ == nullptr) {
    *error = "no valid CA certificate";
    return false;
  }
  stream_ = Stream::Connect(access_.host, access_.port, tls_.get(), kReadTimeoutSeconds, error);
  return stream_ != nullptr;
}

// `heard`: the server has taken the request up. If not, it may be repeated.
bool ApiClient::Exchange(const std::string& request, Response* response, bool* heard) {
  HttpReader reader(stream_.get());
  HttpHead head;
  *heard = false;
  if (!stream_->WriteAll(request) || !reader.ReadHead(&head)) return false;
  *heard = true;
  if (!reader.ReadBody(&response->body)) return false;
  response->status = head.Status();
  if (head.Field("connection") == "close") stream_.reset();
  return true;
}

Response ApiClient::Send(const std::string& method, const std::string& path,
                         const std::string& body, const std::string& content_type) {
  const std::lock_guard lock(mutex_);
  const std::string request = RequestText(access_, method, path, body, content_type);
  // A kept connection may have been closed by the server meanwhile: one more try on a new one.
  for (int attempt = stream_ != nullptr ? 0 : 1; attempt < 2; ++attempt) {
    Response response;
    if (stream_ == nullptr && !Connect(&response.body)) return response;
    bool heard = false;
    if (Exchange(request, &response, &heard)) return response;
    stream_.reset();
    if (heard) break;
  }
  return {.status = 0, .body = "connection lost"};
}

Response ApiClient::Post(const std::string& path, const Json& body) {
  return Send("POST", path, body.dump());
}

Response ApiClient::Delete(const std::string& path, const Json& body) {
  return Send("DELETE", path, body.dump());
}

Watch::Watch(Access access)
    : access_(std::move(access)),
      tls_(access_.tls ? TlsClientContext(access_.ca_pem) : TlsContext()) {}

int Watch::Run(const std::string& path, const std::function<void(const std::string&)>& line) {
  std::string error;
  const std::shared_ptr<Stream> stream =
      Stream::Connect(access_.host, access_.port, tls_.get(), /*read_timeout_s=*/0, &error);
  if (stream == nullptr) return 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return 0;
    stream_ = stream;
  }
  HttpReader reader(stream.get());
  HttpHead head;
  if (!stream->WriteAll(RequestText(access_, "GET", path, "", "")) || !reader.ReadHead(&head)) {
    return 0;
  }
  std::string text;
  while (reader.ReadPiece(&text) == HttpReader::Piece::kData) {
    std::size_t begin = 0;
    std::size_t end = 0;
    while ((end = text.find('\n', begin)) != std::string::npos) {
      line(text.substr(begin, end - begin));
      begin = end + 1;
    }
    text.erase(0, begin);
  }
  return head.Status();
}

void Watch::Interrupt() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  if (stream_ != nullptr) stream_->Interrupt();
}

void ForEachParallel(const Access& access, int connections, std::size_t n,
                     const std::function<void(ApiClient&, std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < connections && static_cast<std::size_t>(t) < n; ++t) {
    threads.emplace_back([&] {
      ApiClient client(access);
      for (std::size_t i = next++; i < n; i = next++) work(client, i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace fairlead::e2e
