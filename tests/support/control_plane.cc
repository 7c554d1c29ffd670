#include "tests/support/control_plane.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <sstream>

#include "tests/support/process.h"

namespace fairlead::e2e {
namespace {

std::string Script(const char* name) {
  return std::string(FAIRLEAD_SOURCE_DIR) + "/tests/controlplane/" + name;
}

// The pid that DIR/pids gives for a program; 0 if none.
pid_t PidOf(const std::string& dir, const std::string& program) {
  std::istringstream lines(ReadFileText(dir + "/pids"));
  std::string name, start;
  pid_t pid = 0;
  while (lines >> name >> pid >> start) {
    if (name == program) return pid;
  }
  return 0;
}

bool Gone(pid_t pid) {
  const std::string stat = ReadFileText("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t end = stat.rfind(") ");
  return end == std::string::npos || stat[end + 2] == 'Z';
}

}  // namespace

std::unique_ptr<ControlPlane> ControlPlane::Start(const std::string& dir,
                                                  const std::vector<std::string>& options) {
  std::vector<std::string> argv = {Script("up.sh"), "--dir", dir, "--tied-to",
                                   std::to_string(getpid())};
  argv.insert(argv.end(), options.begin(), options.end());
  std::string output;
  if (RunCommand(argv, &output) != 0) {
    std::fprintf(stderr, "the control plane does not start:\n%s\n", output.c_str());
    return nullptr;
  }
  return std::unique_ptr<ControlPlane>(new ControlPlane(dir, /*owned=*/true));
}

std::unique_ptr<ControlPlane> ControlPlane::Attach(const std::string& dir) {
  return std::unique_ptr<ControlPlane>(new ControlPlane(dir, /*owned=*/false));
}

ControlPlane::~ControlPlane() {
  if (owned_) RunCommand({Script("down.sh"), "--dir", dir_});
}

Access ControlPlane::admin() const {
  Access access;
  ReadKubeconfig(admin_kubeconfig(), &access);
  return access;
}

Access ControlPlane::scheduler() const {
  Access access;
  ReadKubeconfig(scheduler_kubeconfig(), &access);
  return access;
}

bool ControlPlane::KillApiServer() {
  const pid_t pid = PidOf(dir_, "kube-apiserver");
  const std::string command = ReadFileText("/proc/" + std::to_string(pid) + "/cmdline");
  if (pid <= 0 || command.empty()) return false;
  server_command_.clear();
  for (std::size_t begin = 0; begin < command.size();) {
    const std::size_t end = command.find('\0', begin);
    server_command_.push_back(command.substr(begin, end - begin));
    begin = end + 1;
  }
  return kill(pid, SIGKILL) == 0 && Eventually(seconds(10), [pid] { return Gone(pid); });
}

bool ControlPlane::RestartApiServer() {
  // The same bookkeeping as up.sh's, so that down.sh ends the new one too.
  std::vector<std::string> argv = {
      "bash",
      "-c",
      "set -e; . \"$1\"; dir=$2; shift 2; setsid \"$@\" </dev/null "
      ">>\"$dir/logs/kube-apiserver.log\" "
      "2>&1 & echo \"kube-apiserver $! $(process_start $!)\" >>\"$dir/pids\"",
      "bash",
      Script("processes.sh"),
      dir_};
  argv.insert(argv.end(), server_command_.begin(), server_command_.end());
  if (RunCommand(argv) != 0) return false;
  return Eventually(seconds(60), [this] { return ApiClient(admin()).Get("/readyz").ok(); });
}

int Kubectl(const ControlPlane& plane, const std::vector<std::string>& arguments,
            std::string* output) {
  std::vector<std::string> argv = {plane.Program("kubectl"), "--kubeconfig",
                                   plane.admin_kubeconfig(), "--cache-dir",
                                   plane.dir() + "/kubectl-cache"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunCommand(argv, output);
}

}  // namespace fairlead::e2e
