#include "scheduler/cli/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <unistd.h>

#include <cerrno>

#include "fairlead/base/check.h"

namespace fairlead::cli {
namespace {

int g_signal_pipe = -1;  // NOLINT: a signal handler can reach nothing else

void OnSignal(int number) {
  const auto byte = static_cast<unsigned char>(number);
  const int saved = errno;
  // A full pipe means that signals wait already.
  [[maybe_unused]] const ssize_t written = write(g_signal_pipe, &byte, 1);
  errno = saved;
}

}  // namespace

int ListenForSignals(std::initializer_list<int> numbers) {
  int ends[2];
  FAIRLEAD_CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe: errno {}", errno);
  g_signal_pipe = ends[1];
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  for (const int number : numbers) sigaction(number, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return ends[0];
}

int WaitForSignal(int signals, int milliseconds) {
  pollfd waiting{signals, POLLIN, 0};
  int ready = 0;
  do {  // the signal itself interrupts the wait before its byte is looked for
    ready = poll(&waiting, 1, milliseconds);
  } while (ready < 0 && errno == EINTR);
  unsigned char number = 0;
  return ready > 0 && read(signals, &number, 1) == 1 ? number : 0;
}

}  // namespace fairlead::cli
