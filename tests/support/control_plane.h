// The Kubernetes control plane that the tests run against, made by tests/controlplane/up.sh.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/api_client.h"

namespace fairlead::e2e {

class ControlPlane {
 public:
  // Starts one of our own in `dir`, which must be new; it ends with this object, or with this
  // process. Null if that fails; why is on stderr.
  static std::unique_ptr<ControlPlane> Start(const std::string& dir,
                                             const std::vector<std::string>& options = {});
  // Uses one that runs already.
  static std::unique_ptr<ControlPlane> Attach(const std::string& dir);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  const std::string& dir() const { return dir_; }
  std::string admin_kubeconfig() const { return dir_ + "/admin.kubeconfig"; }
  std::string scheduler_kubeconfig() const { return dir_ + "/scheduler.kubeconfig"; }
  std::string Program(const std::string& name) const { return dir_ + "/bin/" + name; }
  Access admin() const;
  Access scheduler() const;

  // Kills the API server, and starts it again with the same arguments.
  bool KillApiServer();
  bool RestartApiServer();

 private:
  ControlPlane(std::string dir, bool owned) : dir_(std::move(dir)), owned_(owned) {}

  std::string dir_;
  bool owned_;
  std::vector<std::string> server_command_;  // of the killed API server
};

// Runs kubectl with the admin's kubeconfig; its exit code.
int Kubectl(const ControlPlane& plane, const std::vector<std::string>& arguments,
            std::string* output);

}  // namespace fairlead::e2e
