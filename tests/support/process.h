// A child process whose output goes to a file. It is killed when the object goes away.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::e2e {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Tries `condition` until it holds (true) or the time is over (false). For what has no better way
// to wait for, such as another process' HTTP answers.
bool Eventually(milliseconds patience, const std::function<bool()>& condition);

// The whole file; empty if it is not there.
std::string ReadFileText(const std::string& path);
void WriteFileText(const std::string& path, const std::string& text);

// A new directory NAME.xxxxxx among the temporary files; empty if it cannot be made.
std::string MakeTempDirectory(const std::string& name);

// The exit code, 128 + the signal that ended it, or -1 when it could not be started.
// `output`, if not null, receives stdout and stderr together; `input` goes to stdin.
int RunCommand(const std::vector<std::string>& argv, std::string* output = nullptr,
               const std::string& input = "");

class Process {
 public:
  Process() = default;
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // `env` is added to ours; an empty value removes the name. Output is appended to `log_path`.
  bool Start(const std::vector<std::string>& argv, const std::string& log_path,
             const std::map<std::string, std::string>& env = {});
  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // As of RunCommand; nullopt: still running when the time was over.
  std::optional<int> Wait(milliseconds patience);

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace fairlead::e2e
