// YAML documents and the configuration that is read from them.
#include "fairlead/config/config.h"
#include "fairlead/yaml/document.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = FuzzInput(data, size);
  // Small bounds, so that a run spends its time on grammar and not on size.
  const fairlead::yaml::Bounds bounds{.max_bytes = 1 << 16, .max_depth = 32, .max_nodes = 20'000};
  if (const auto documents = fairlead::yaml::ParseAll(text, "fuzz", bounds); documents.ok()) {
    for (const auto& document : *documents) (void)fairlead::yaml::ToJson(document);
  }
  (void)fairlead::ParseConfig(text, "fuzz").ok();
  return 0;
}
