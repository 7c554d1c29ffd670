// Bytes of a client before the whole embedded API server, in virtual time. The first byte says how
// the rest is cut into pieces; the connection stays open for a while after them, so that watches
// run, and ends in the middle of whatever is under way.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/apiserver/http_front.h"
#include "fairlead/base/check.h"
#include "tests/fuzz/input.h"

namespace {

using namespace fairlead;

class LoopClock : public Clock {
 public:
  explicit LoopClock(const net::IoLoop* loop) : loop_(*loop) {}
  Instant Now() const override { return loop_.Now() + Duration::Seconds(1'770'000'000); }

 private:
  const net::IoLoop& loop_;
};

void Drain(int fd) {
  char buffer[65536];
  while (::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes = FuzzInput(data, size);
  if (bytes.empty()) return 0;
  const std::size_t piece = 1 + static_cast<unsigned char>(bytes.front()) * 16U;
  bytes.remove_prefix(1);

  net::IoLoop loop(net::LoopTime::kVirtual);
  const LoopClock clock(&loop);
  apiserver::ApiServer server({}, &clock);
  apiserver::HttpFront front(&loop, &server, {}, nullptr);
  const int fd = front.Dial();
  FAIRLEAD_CHECK(fd >= 0);
  while (!bytes.empty()) {
    const std::string_view now = bytes.substr(0, piece);
    const ssize_t sent = ::send(fd, now.data(), now.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    loop.Poll();
    Drain(fd);
  }
  loop.AdvanceTo(Instant{Duration::Seconds(200).ns});
  Drain(fd);
  ::close(fd);
  loop.Poll();
  FAIRLEAD_CHECK(front.connections() == 0, "{} connections are left", front.connections());
  return 0;
}
