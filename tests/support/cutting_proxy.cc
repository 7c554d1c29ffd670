#include "tests/support/cutting_proxy.h"

#include <cstdio>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/process.h"

namespace fairlead::e2e {
namespace {

constexpr const char* kServerError =
    "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
    "Content-Length: 96\r\n\r\n"
    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":500,"
    "\"message\":\"broken by the test\"}";

std::string ChunkHead(std::size_t size) {
  char text[32];
  std::snprintf(text, sizeof text, "%zx\r\n", size);
  return text;
}

// Passes one answer on as it comes. False: the connection is of no more use.
bool PassAnswer(HttpReader& from, Stream* to) {
  HttpHead head;
  if (!from.ReadHead(&head) || (to != nullptr && !to->WriteAll(head.ToText()))) return false;
  const bool chunked = from.chunked();
  std::string piece;
  HttpReader::Piece kind = HttpReader::Piece::kData;
  while ((kind = from.ReadPiece(&piece)) == HttpReader::Piece::kData) {
    if (to != nullptr) {
      const std::string framed = chunked ? ChunkHead(piece.size()) + piece + "\r\n" : piece;
      if (!to->WriteAll(framed)) return false;
    }
    piece.clear();
  }
  if (kind == HttpReader::Piece::kFailed) return false;
  return !chunked || to == nullptr || to->WriteAll("0\r\n\r\n");
}

}  // namespace

bool ProxiedRequest::IsBinding() const {
  return method == "POST" && target.substr(0, target.find('?')).ends_with("/binding");
}

bool ProxiedRequest::IsBindingOf(const std::string& pod) const {
  return IsBinding() && target.find("/pods/" + pod + "/binding") != std::string::npos;
}

struct CuttingProxy::State {
  State(Access a, Rule r)
      : upstream(std::move(a)),
        upstream_tls(TlsClientContext(upstream.ca_pem)),
        rule(std::move(r)) {}

  void AcceptLoop();
  void Serve(Stream& client);
  void Track(Stream* stream, bool present);

  const Access upstream;
  TlsContext upstream_tls;
  const Rule rule;
  TlsContext client_tls;
  std::string scheme = "http";

  std::mutex mutex;
  std::vector<Stream*> open;  // under mutex, to be interrupted
  bool down = true;           // under mutex
  std::unique_ptr<Listener> listener;
  std::uint16_t port = 0;  // of the last listener
  std::thread accepting;
  std::list<std::thread> serving;  // only on `accepting`, and after it has ended
};

void CuttingProxy::State::Track(Stream* stream, bool present) {
  const std::lock_guard lock(mutex);
  if (present) {
    open.push_back(stream);
    if (down) stream->Interrupt();
  } else {
    std::erase(open, stream);
  }
}

void CuttingProxy::State::AcceptLoop() {
  int fd = -1;
  while ((fd = listener->Accept()) >= 0) {
    serving.emplace_back([this, fd] {
      const std::unique_ptr<Stream> client = Stream::Accepted(fd, client_tls.get());
      if (client == nullptr) return;
      Track(client.get(), true);
      Serve(*client);
      Track(client.get(), false);
    });
  }
}

void CuttingProxy::State::Serve(Stream& client) {
  HttpReader requests(&client);
  std::string error;
  const std::unique_ptr<Stream> server =
      Stream::Connect(upstream.host, upstream.port, upstream_tls.get(), 0, &error);
  if (server == nullptr) return;
  Track(server.get(), true);
  HttpReader answers(server.get());
  HttpHead head;
  ProxiedRequest request;
  while (requests.ReadHead(&head) && requests.ReadBody(&request.body)) {
    request.method = head.Method();
    request.target = head.Target();
    const Fate fate = rule(request);
    if (fate == Fate::kRefuse) break;
    if (fate == Fate::kServerError) {
      if (!client.WriteAll(kServerError)) break;
      continue;
    }
    if (!server->WriteAll(head.ToText() + request.body)) break;
    if (!PassAnswer(answers, fate == Fate::kLoseReply ? nullptr : &client)) break;
    if (fate == Fate::kLoseReply) break;
  }
  client.Interrupt();
  Track(server.get(), false);
}

CuttingProxy::CuttingProxy(Access upstream, Rule rule)
    : state_(std::make_unique<State>(std::move(upstream), std::move(rule))) {}

CuttingProxy::~CuttingProxy() { GoDown(); }

bool CuttingProxy::UseCertificate(const std::string& certificate_file,
                                  const std::string& key_file) {
  state_->client_tls = TlsServerContext(certificate_file, key_file);
  state_->scheme = "https";
  return state_->client_tls != nullptr;
}

bool CuttingProxy::Listen(std::uint16_t port) {
  GoDown();
  state_->listener = std::make_unique<Listener>();
  if (!state_->listener->Open(port)) return false;
  state_->port = state_->listener->port();
  {
    const std::lock_guard lock(state_->mutex);
    state_->down = false;
  }
  state_->accepting = std::thread([s = state_.get()] { s->AcceptLoop(); });
  return true;
}

void CuttingProxy::GoDown() {
  if (!state_->accepting.joinable()) return;
  state_->listener->Interrupt();
  state_->accepting.join();
  {
    const std::lock_guard lock(state_->mutex);
    state_->down = true;
    for (const Stream* stream : state_->open) stream->Interrupt();
  }
  for (std::thread& thread : state_->serving) thread.join();
  state_->serving.clear();
  state_->listener = nullptr;
}

std::uint16_t CuttingProxy::port() const { return state_->port; }

void CuttingProxy::WriteKubeconfig(const std::string& path, const std::string& ca_file) const {
  std::string text =
      "apiVersion: v1\nkind: Config\nclusters:\n- name: proxy\n  cluster:\n    server: " +
      state_->scheme + "://127.0.0.1:" + std::to_string(port()) + "\n";
  if (!ca_file.empty()) text += "    certificate-authority: " + ca_file + "\n";
  text += "users:\n- name: fairlead\n  user:\n    token: " + state_->upstream.token +
          "\ncontexts:\n- name: proxy\n  context:\n    cluster: proxy\n    user: fairlead\n"
          "current-context: proxy\n";
  WriteFileText(path, text);
}

}  // namespace fairlead::e2e
