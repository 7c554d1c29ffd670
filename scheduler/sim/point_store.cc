#include "scheduler/sim/point_store.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fairlead/sim/experiment.h"

namespace fairlead::sim {
namespace {

// Fowler, Noll and Vo, 64 bits: a name for a file whose first line then says what it is of.
std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1'099'511'628'211ULL;
  }
  return hash;
}

std::uint64_t SizeOf(const std::string& file) {
  std::error_code failure;
  const std::uint64_t size = file.empty() ? 0 : std::filesystem::file_size(file, failure);
  return failure ? 0 : size;
}

}  // namespace

PointStore::PointStore(const std::string& dir, const Scenario& scenario, const std::string& text) {
  if (dir.empty()) return;
  key_ = fmt::format("{} {} {} {}", SizeOf(scenario.workload.jobs), SizeOf(scenario.workload.pods),
                     SizeOf(scenario.cluster.nodes_file), text);
  path_ = fmt::format("{}/point-{:016x}.txt", dir, Hash(key_));
}

std::optional<Results> PointStore::Load() const {
  if (path_.empty()) return std::nullopt;
  std::ifstream file(path_, std::ios::binary);
  std::string line;
  if (!std::getline(file, line) || line != key_) return std::nullopt;
  Results results;
  while (std::getline(file, line)) {
    Result<ReplayResult> run = LoadRun(line);
    if (!run) return std::nullopt;  // half written, or of another version: run it again
    results.replay.push_back(std::move(*run));
  }
  if (results.replay.empty()) return std::nullopt;
  return results;
}

Status PointStore::Save(const Results& results) const {
  if (path_.empty()) return Ok{};
  std::error_code ignored;  // writing says what is wrong
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  const std::string fresh = path_ + ".new";
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << key_ << '\n';
  for (const ReplayResult& run : results.replay) file << SaveRun(run) << '\n';
  file.close();
  if (file) std::filesystem::rename(fresh, path_, ignored);
  if (file && !ignored) return Ok{};
  Error error;
  error.file = path_;
  error.message = "cannot be written";
  return error;
}

}  // namespace fairlead::sim
