// A kubeconfig given as text. Relative paths in it lead nowhere, so that no run depends on files.
#include "fairlead/kube/client.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = FuzzInput(data, size);
  (void)fairlead::kube::ParseKubeconfig(text, "/nonexistent/config", "").ok();
  (void)fairlead::kube::ParseKubeconfig(text, "/nonexistent/config", "c").ok();
  return 0;
}
