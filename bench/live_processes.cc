#include "bench/live_processes.h"

#include <unistd.h>

#include <csignal>
#include <sstream>

#include "tests/support/process.h"
#include "tests/support/stream.h"

namespace fairlead::bench {
namespace {

using e2e::ReadFileText;

double TicksToSeconds(double ticks) { return ticks / static_cast<double>(sysconf(_SC_CLK_TCK)); }

std::string ProcFile(pid_t pid, const char* file) {
  return ReadFileText("/proc/" + std::to_string(pid) + "/" + file);
}

double ProcessCpu(pid_t pid) {
  const std::string stat = ProcFile(pid, "stat");
  const std::size_t end = stat.rfind(") ");
  if (pid <= 0 || end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(end + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // up to utime
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return TicksToSeconds(user + system);
}

// Of all cores, time that was not idle.
double MachineCpu() {
  std::istringstream fields(ReadFileText("/proc/stat"));
  std::string name;
  double user = 0;
  double nice = 0;
  double system = 0;
  double idle = 0;
  double waiting = 0;
  double irq = 0;
  double soft_irq = 0;
  double steal = 0;
  fields >> name >> user >> nice >> system >> idle >> waiting >> irq >> soft_irq >> steal;
  return TicksToSeconds(user + nice + system + irq + soft_irq + steal);
}

pid_t PidOf(const e2e::ControlPlane& plane, const std::string& program) {
  std::istringstream lines(ReadFileText(plane.dir() + "/pids"));
  std::string name;
  std::string start;
  pid_t pid = 0;
  while (lines >> name >> pid >> start) {
    if (name == program) return pid;
  }
  return 0;
}

double MibOf(const std::string& status, const std::string& key) {
  const std::size_t at = status.find(key + ":");
  if (at == std::string::npos) return 0;
  return std::stod(status.substr(at + key.size() + 1)) / 1024;
}

}  // namespace

CpuTimes ReadCpu(const e2e::ControlPlane& plane, pid_t scheduler) {
  CpuTimes cpu;
  cpu.other = MachineCpu();
  cpu.scheduler = ProcessCpu(scheduler);
  cpu.api_server = ProcessCpu(PidOf(plane, "kube-apiserver"));
  cpu.etcd = ProcessCpu(PidOf(plane, "etcd"));
  cpu.self = ProcessCpu(getpid());
  cpu.other -= cpu.scheduler + cpu.api_server + cpu.etcd + cpu.self;
  return cpu;
}

Memory ReadMemory(pid_t pid) {
  const std::string status = ProcFile(pid, "status");
  return {MibOf(status, "VmRSS"), MibOf(status, "VmHWM")};
}

std::string SchedulerName(SchedulerKind kind) {
  return kind == SchedulerKind::kFairlead ? "fairlead" : "default-scheduler";
}

RunningScheduler::RunningScheduler(const e2e::ControlPlane& plane, SchedulerKind kind) {
  if (kind == SchedulerKind::kFairlead) {
    e2e::SchedulerOptions options;
    options.kubeconfig = plane.scheduler_kubeconfig();
    options.config = "policy: {topology: [{name: rack, label: example.com/rack}]}\n";
    fairlead_ = std::make_unique<e2e::SchedulerProcess>(plane.dir(), options);
    return;
  }
  // As tests/controlplane/up.sh --scheduler does: without client rate limits.
  const std::string address = "127.0.0.1:" + std::to_string(e2e::FreePort());
  const std::string config = plane.dir() + "/kube-scheduler.yaml";
  e2e::WriteFileText(config,
                     "apiVersion: kubescheduler.config.k8s.io/v1beta1\n"
                     "kind: KubeSchedulerConfiguration\n"
                     "clientConnection: {kubeconfig: \"" +
                         plane.admin_kubeconfig() +
                         "\", qps: 5000, burst: 5000}\n"
                         "leaderElection: {leaderElect: false}\n"
                         "healthzBindAddress: " +
                         address + "\nmetricsBindAddress: " + address + "\n");
  kube_.Start({plane.Program("kube-scheduler"), "--config=" + config, "--secure-port=0"},
              plane.dir() + "/logs/kube-scheduler.log");
}

RunningScheduler::~RunningScheduler() {
  if (fairlead_ != nullptr) {
    fairlead_->Terminate();
    return;
  }
  kube_.Signal(SIGTERM);
  kube_.Wait(e2e::seconds(20));
}

pid_t RunningScheduler::pid() const {
  return fairlead_ != nullptr ? fairlead_->pid() : kube_.pid();
}

}  // namespace fairlead::bench
