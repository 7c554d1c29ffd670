// The binary as people run it: on a terminal of its own, or into a pipe.
#pragma once

#include <poll.h>
#include <pty.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::cli {

constexpr int kPatienceMs = 60'000;

// `fairlead ARGUMENTS` on a terminal.
class Terminal {
 public:
  Terminal(unsigned short columns, unsigned short rows, std::vector<std::string> arguments,
           const char* no_colour = "") {
    winsize size{rows, columns, 0, 0};
    arguments.insert(arguments.begin(), FAIRLEAD_BINARY);
    std::vector<std::string> environment =
        EnvironmentWith({"TERM=xterm", "LANG=C.UTF-8", std::string("NO_COLOR=") + no_colour});
    const std::vector<char*> argv = Pointers(&arguments);
    const std::vector<char*> envp = Pointers(&environment);
    // The child of a process with threads may not allocate: all is ready before the fork.
    child_ = forkpty(&terminal_, nullptr, nullptr, &size);
    if (child_ != 0) return;
    execve(FAIRLEAD_BINARY, argv.data(), envp.data());
    _exit(127);
  }
  ~Terminal() {
    if (child_ > 0) kill(child_, SIGKILL), waitpid(child_, nullptr, 0);
    close(terminal_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Reads on until the text is there; false: it ended, or took too long.
  bool ReadUntil(const std::string& text) {
    while (output_.find(text) == std::string::npos) {
      if (!ReadSome()) return false;
    }
    return true;
  }
  void Resize(unsigned short columns, unsigned short rows) const {
    const winsize size{rows, columns, 0, 0};
    ioctl(terminal_, TIOCSWINSZ, &size);
  }
  void Interrupt() const { kill(child_, SIGINT); }
  int Wait() {
    while (ReadSome()) {
    }
    int status = 0;
    waitpid(std::exchange(child_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  const std::string& output() const { return output_; }

 private:
  static std::vector<char*> Pointers(std::vector<std::string>* texts) {
    std::vector<char*> pointers;
    for (std::string& text : *texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
  }
  // This process's environment, with these variables ("NAME=VALUE") instead of what they were.
  static std::vector<std::string> EnvironmentWith(std::vector<std::string> variables) {
    const std::vector<std::string> given = variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      bool replaced = false;
      for (const std::string& variable : given) {
        replaced = replaced || text.starts_with(variable.substr(0, variable.find('=') + 1));
      }
      if (!replaced) variables.push_back(text);
    }
    return variables;
  }

  bool ReadSome() {
    pollfd waiting{terminal_, POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMs) <= 0) return false;
    std::array<char, 4096> buffer{};
    const ssize_t n = read(terminal_, buffer.data(), buffer.size());
    if (n <= 0) return false;
    output_.append(buffer.data(), static_cast<std::size_t>(n));
    return true;
  }

  int terminal_ = -1;
  pid_t child_ = -1;
  std::string output_;
};

struct Ran {
  int code = -1;
  std::string output;  // both streams
};

// Through a shell, to the end.
inline Ran Fairlead(const std::string& arguments) {
  Ran ran;
  std::FILE* pipe = popen((std::string(FAIRLEAD_BINARY) + " " + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    ran.output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

}  // namespace fairlead::cli
