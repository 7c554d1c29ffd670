#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "fairlead/cycle/decide.h"
#include "fairlead/yaml/document.h"
#include "scheduler/cli/commands.h"
#include "scheduler/cli/files.h"
#include "scheduler/cli/plan_text.h"

namespace fairlead::cli {
namespace {

constexpr std::size_t kMaxRecordBytes = std::size_t{2} << 30;

struct Options {
  std::string file;
  bool json = false;
};

// The entry of a plan's JSON text around a position: from the "{" before it to the "}" after it.
std::string_view EntryAt(std::string_view text, std::size_t position) {
  position = std::min(position, text.size());
  const std::size_t open = text.rfind('{', position);
  const std::size_t close = text.find('}', position);
  const std::size_t from = open == std::string_view::npos ? 0 : open;
  const std::size_t to = close == std::string_view::npos ? text.size() : close + 1;
  return text.substr(from, to - from);
}

void PrintDifference(std::string_view recorded, std::string_view now) {
  const auto [a, b] = std::mismatch(recorded.begin(), recorded.end(), now.begin(), now.end());
  const auto position = static_cast<std::size_t>(a - recorded.begin());
  fmt::print(stderr, "fairlead: the decision differs from the record, first here:\n- {}\n+ {}\n",
             EntryAt(recorded, position), EntryAt(now, position));
}

int Run(const Options& options) {
  const Result<std::string> text = yaml::ReadFile(options.file, kMaxRecordBytes);
  if (!text) {
    PrintError(text.error());
    return kWrongInput;
  }
  const Result<DecisionRecord> record = LoadDecision(*text);
  if (!record) {
    Error error = record.error();
    error.file = options.file;
    PrintError(error);
    return kWrongInput;
  }
  const Decision decision = Decide(record->Input());
  const std::string plan = PlanToJson(record->snapshot, decision.plan);
  const bool colour = isatty(STDOUT_FILENO) == 1;
  fmt::print("{}", options.json ? plan : PlanToText(record->snapshot, decision, colour));
  if (plan == record->plan_json) return kDone;
  PrintDifference(record->plan_json, plan);
  return kDoesNotHold;
}

}  // namespace

void AddReplay(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "replay",
      "Decide again on a recorded decision; 0 if the plan is the same, byte for byte, 3 if not");
  command->add_option("FILE", options->file, "A record, as fairlead decide --dump writes it")
      ->required();
  command->add_flag("--json", options->json, "Print the plan as JSON");
  command->callback([options, exit_code] { *exit_code = Run(*options); });
}

}  // namespace fairlead::cli
