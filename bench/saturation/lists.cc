// The published lists of nodes and pods.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "bench/saturation/cluster.h"

namespace fairlead::saturation {
namespace {

Error ErrorIn(const std::string& file, std::string message) {
  Error error;
  error.message = std::move(message);
  error.file = file;
  return error;
}

// Lines of a file, uncompressed; zlib reads plain files as they are.
Result<std::vector<std::string>> ReadLines(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) return ErrorIn(path, "cannot be read");
  std::string text;
  std::array<char, 1 << 16> buffer{};
  int read = 0;
  while ((read = gzread(file.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(read));
  }
  if (read < 0) return ErrorIn(path, "is damaged");
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// One line of a table by the names of its columns.
class Row {
 public:
  Row(const std::vector<std::string>& columns, std::string_view line) : columns_(columns) {
    while (true) {
      const std::size_t comma = std::min(line.find(','), line.size());
      cells_.push_back(line.substr(0, comma));
      if (comma == line.size()) return;
      line.remove_prefix(comma + 1);
    }
  }
  bool Has(std::string_view column) const {
    return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
  }
  std::string_view Text(std::string_view column) {
    const auto it = std::find(columns_.begin(), columns_.end(), column);
    const auto at = static_cast<std::size_t>(it - columns_.begin());
    if (at >= cells_.size()) {
      problem_ = fmt::format("column {} is missing", column);
      return "";
    }
    return cells_[at];
  }
  std::int64_t Number(std::string_view column, std::int64_t most) {
    const std::string_view text = Text(column);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most) {
      problem_ = fmt::format("{}: '{}': expected a whole number up to {}", column, text, most);
    }
    return value;
  }
  const std::string& problem() const { return problem_; }

 private:
  const std::vector<std::string>& columns_;
  std::vector<std::string_view> cells_;
  std::string problem_;
};

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// Calls read(row) for each line after the first, which names the columns.
template <typename Read>
Status ReadTable(const std::string& path, Read read) {
  const Result<std::vector<std::string>> lines = ReadLines(path);
  if (!lines.ok()) return lines.error();
  if (lines->empty()) return ErrorIn(path, "is empty: expected a line with the names of columns");
  const std::vector<std::string> columns = Split(lines->front(), ',');
  for (std::size_t i = 1; i < lines->size(); ++i) {
    Row row(columns, (*lines)[i]);
    read(&row);
    if (!row.problem().empty())
      return ErrorIn(path, fmt::format("line {}: {}", i + 1, row.problem()));
  }
  return Ok{};
}

constexpr std::int64_t kMostAmount = 1'000'000'000;

std::uint32_t ModelOf(std::string_view name, std::vector<std::string>* models) {
  const auto it = std::find(models->begin(), models->end(), name);
  const auto index = static_cast<std::uint32_t>(it - models->begin());
  if (it == models->end()) models->emplace_back(name);
  return index;
}

}  // namespace

Result<Workload> ReadWorkload(const std::string& nodes, const std::string& pods) {
  Workload out;
  Status status = ReadTable(nodes, [&out](Row* row) {
    Node node;
    node.cpu = row->Number("cpu_milli", kMostAmount);
    node.memory = row->Number("memory_mib", kMostAmount);
    node.devices = static_cast<std::size_t>(row->Number("gpu", kMostDevices));
    std::fill_n(node.free.begin(), node.devices, kWhole);
    node.model = ModelOf(row->Text("model"), &out.models);
    out.nodes.push_back(node);
  });
  if (!status.ok()) return status.error();
  status = ReadTable(pods, [&out](Row* row) {
    Pod pod;
    pod.cpu = row->Number("cpu_milli", kMostAmount);
    pod.memory = row->Number("memory_mib", kMostAmount);
    pod.devices = static_cast<std::size_t>(row->Number("num_gpu", kMostDevices));
    if (pod.devices > 0) {
      pod.each = std::min(kWhole, row->Number("gpu_milli", kMostAmount));
      const std::string_view models = row->Has("gpu_spec") ? row->Text("gpu_spec") : "";
      for (const std::string& model : Split(models, '|')) {
        pod.models |= ModelSet{1} << ModelOf(model, &out.models);
      }
    }
    out.pods.push_back(pod);
  });
  if (!status.ok()) return status.error();
  if (out.models.size() > 32) return ErrorIn(pods, "more than 32 GPU models");
  return out;
}

}  // namespace fairlead::saturation
