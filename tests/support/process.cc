#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

extern char** environ;

namespace fairlead::e2e {
namespace {

std::vector<std::string> Environment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!changes.contains(text.substr(0, text.find('=')))) out.push_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) out.push_back(name + "=" + value);
  }
  return out;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

bool Eventually(milliseconds patience, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    poll(nullptr, 0, 20);
  }
  return true;
}

std::string ReadFileText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void WriteFileText(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

std::string MakeTempDirectory(const std::string& name) {
  std::string path = (std::filesystem::temp_directory_path() / (name + ".XXXXXX")).string();
  return mkdtemp(path.data()) == nullptr ? "" : path;
}

int RunCommand(const std::vector<std::string>& argv, std::string* output,
               const std::string& input) {
  const std::string base = MakeTempDirectory("fairlead-command");
  if (base.empty()) return -1;
  WriteFileText(base + "/in", input);
  // The shell only redirects: the arguments travel as "$@".
  std::vector<std::string> wrapped = {"/bin/sh", "-c", "in=$1; shift; exec \"$@\" <\"$in\"", "sh",
                                      base + "/in"};
  wrapped.insert(wrapped.end(), argv.begin(), argv.end());
  Process process;
  int code = -1;
  if (process.Start(wrapped, base + "/out")) code = process.Wait(seconds(600)).value_or(-1);
  if (output != nullptr) *output = ReadFileText(base + "/out");
  unlink((base + "/in").c_str());
  unlink((base + "/out").c_str());
  rmdir(base.c_str());
  return code;
}

bool Process::Start(const std::vector<std::string>& argv, const std::string& log_path,
                    const std::map<std::string, std::string>& env) {
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables = Environment(env);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  // We ignore SIGPIPE, and that would be inherited.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int error = posix_spawnp(&pid_, argv[0].c_str(), &files, &attributes,
                                 Pointers(arguments).data(), Pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  exit_code_.reset();
  if (error != 0) pid_ = -1;
  return error == 0;
}

Process::~Process() {
  if (pid_ <= 0 || exit_code_) return;
  Signal(SIGKILL);
  Wait(seconds(30));
}

void Process::Signal(int signal) const {
  if (pid_ > 0 && !exit_code_) kill(pid_, signal);
}

std::optional<int> Process::Wait(milliseconds patience) {
  if (pid_ <= 0 || exit_code_) return exit_code_;
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (fd >= 0) {
    pollfd ended{.fd = fd, .events = POLLIN, .revents = 0};
    poll(&ended, 1, static_cast<int>(patience.count()));
    close(fd);
  }
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) exit_code_ = ExitCode(status);
  return exit_code_;
}

}  // namespace fairlead::e2e
