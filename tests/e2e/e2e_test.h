// What every end-to-end case starts from: a shared control plane, a namespace, nodes with simulated
// kubelets, and schedulers as processes of their own. Afterwards it checks what must hold in every
// case and cleans up:
//
//   I1  no kubelet had to reject a pod for lack of room (no double booking),
//   I2  no pod was shown on one node and later on another,
//   I3  SIGTERM ends every scheduler with exit code 0.
//
// The control plane is the one in FAIRLEAD_E2E_DIR (ctest sets it), else one of our own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/api_client.h"
#include "tests/support/control_plane.h"
#include "tests/support/cutting_proxy.h"
#include "tests/support/scheduler_process.h"
#include "tests/support/sim_kubelets.h"

namespace fairlead::e2e {

struct PodOptions {
  std::string name = {};
  std::string cpu = "1";
  std::string memory = "1Gi";
  int gpus = 0;
  std::string gang = {};
  std::string gang_size = {};  // as the annotation; empty: none
  std::string queue = {};
  std::string scheduler = "fairlead";
  std::string runtime_ms = {};
  std::map<std::string, std::string> labels = {};
  std::map<std::string, std::string> annotations = {};
};
Json PodObject(const PodOptions& options);
Json BindingObject(const std::string& pod, const std::string& node);

// Holds requests up until they are let go, with a bound, so that a failing test ends.
class Gate {
 public:
  void Pass();  // blocks until opened
  void Open();
  bool WaitForArrivals(int n, milliseconds patience = seconds(30));

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

class E2eTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  static ControlPlane& plane();
  ApiClient& api() { return *api_; }  // as administrator
  SimKubelets& kubelets() { return *kubelets_; }
  const std::string& ns() const { return ns_; }
  const std::string& dir() const { return dir_; }  // for files of this case

  // Nodes named after the namespace: NodeName(0), ...
  void AddNodes(int n, NodeSpec like = {});
  std::string NodeName(int i) const { return ns_ + "-" + std::to_string(i); }

  SchedulerProcess& StartScheduler(SchedulerOptions options = {});  // waits until it is ready
  SchedulerProcess& SpawnScheduler(SchedulerOptions options = {});
  void ForgetSchedulers();  // those that a test has ended itself

  void CreatePod(const PodOptions& options);
  // Members NAME-0 ... of one gang.
  void CreateGang(const std::string& name, int from, int to, PodOptions like);
  void CreateJob(const std::string& name, int parallelism, PodOptions like);
  void DeletePod(const std::string& name);  // with grace 0
  bool BindByHand(const std::string& pod, const std::string& node);

  std::string PodPath(const std::string& name = "") const;
  bool WaitRunning(int n, milliseconds patience = seconds(30));
  bool WaitPhase(const std::string& pod, const std::string& phase,
                 milliseconds patience = seconds(30));
  // Waits for PodScheduled=False with `part` in its "reason: message" and returns that; what there
  // is if that does not come in time.
  std::string WaitPending(const std::string& pod, const std::string& part = "",
                          milliseconds patience = seconds(20));
  int Bound();
  int BoundOf(const std::string& gang);
  std::string Uid(const std::string& pod);
  std::vector<Json> Events(const std::string& reason);

 private:
  void Clean();

  std::string ns_, dir_;
  std::unique_ptr<ApiClient> api_;
  std::unique_ptr<SimKubelets> kubelets_;
  std::vector<std::unique_ptr<SchedulerProcess>> schedulers_;

 protected:
  int expected_double_bookings_ = 0;  // only cases about the harness itself expect any
};

}  // namespace fairlead::e2e
