#include "bench/live_watch.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/live_load.h"
#include "tests/support/http.h"
#include "tests/support/stream.h"

namespace fairlead::bench {
namespace {

constexpr std::size_t kLengthBytes = 4;

std::size_t BigEndian(std::string_view bytes) {
  std::size_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

double Seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

BoundWatch::BoundWatch(const e2e::Access& access, const std::string& ns, std::size_t pods)
    : access_(access), tls_(e2e::TlsClientContext(access.ca_pem)), seen_(pods) {
  const std::string path = "/api/v1/namespaces/" + ns + "/pods?";
  const e2e::Json list = e2e::ApiClient(access).Get(path + "limit=1").ToJson();
  const std::string version = list.is_object() ? list["metadata"].value("resourceVersion", "") : "";
  std::string error;
  stream_ = e2e::Stream::Connect(access.host, access.port, tls_.get(), 0, &error);
  if (stream_ == nullptr || version.empty()) {
    std::fprintf(stderr, "no watch of pods: %s\n", error.c_str());
    over_ = true;
    return;
  }
  const std::string query = "watch=1&fieldSelector=spec.nodeName%21%3D&resourceVersion=" + version;
  thread_ = std::thread([this, target = path + query] { Run(target); });
}

BoundWatch::~BoundWatch() {
  if (stream_ != nullptr) stream_->Interrupt();
  if (thread_.joinable()) thread_.join();
}

void BoundWatch::Run(const std::string& path) {
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: " + access_.host +
      "\r\nAccept: application/vnd.kubernetes.protobuf;stream=watch\r\nAuthorization: Bearer " +
      access_.token + "\r\n\r\n";
  e2e::HttpReader reader(stream_.get());
  e2e::HttpHead head;
  std::string bytes;
  if (stream_->WriteAll(request) && reader.ReadHead(&head) && head.Status() == 200) {
    while (reader.ReadPiece(&bytes) == e2e::HttpReader::Piece::kData) {
      std::size_t begin = 0;
      while (bytes.size() - begin >= kLengthBytes) {
        const std::string_view rest = std::string_view(bytes).substr(begin);
        const std::size_t size = BigEndian(rest.substr(0, kLengthBytes));
        if (rest.size() < kLengthBytes + size) break;
        OnFrame(rest.substr(kLengthBytes, size));
        begin += kLengthBytes + size;
      }
      bytes.erase(0, begin);
    }
  }
  const std::lock_guard lock(mutex_);
  over_ = true;
  changed_.notify_all();
}

// WatchEvent{1 type, 2 object}: the type comes first, and the first text of the object that looks
// like a name of ours is its name.
void BoundWatch::OnFrame(std::string_view frame) {
  if (frame.substr(2, 5) != "ADDED") return;
  const std::size_t at = frame.find(kPodPrefix);
  if (at == std::string_view::npos) return;
  const std::string_view digits = frame.substr(at + kPodPrefix.size(), kPodDigits);
  std::size_t index = seen_.size();
  std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (index >= seen_.size() || seen_[index] != SteadyTime()) return;
  seen_[index] = std::chrono::steady_clock::now();
  if (++count_ < seen_.size()) return;
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

bool BoundWatch::WaitForAll(e2e::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return over_ || count_ == seen_.size(); });
  return count_ == seen_.size();
}

}  // namespace fairlead::bench
