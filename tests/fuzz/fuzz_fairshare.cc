// The file of `fairlead fairshare`. What is read is solved, small as it is, and printed.
#include "scheduler/cli/fairshare_answer.h"
#include "scheduler/cli/fairshare_text.h"
#include "tests/fuzz/input.h"

namespace {

constexpr std::size_t kMostQueues = 40;
constexpr std::int64_t kMostTasks = 1000;

// So that a run spends its time on what files can say and not on how much of it.
bool IsSmall(const fairlead::cli::FairshareFile& file) {
  std::int64_t tasks = 0;
  for (const fairlead::cli::FairshareQueue& queue : file.queues) {
    if (queue.tasks_wanted > kMostTasks - tasks) return false;
    tasks += queue.tasks_wanted;
  }
  return file.queues.size() <= kMostQueues;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = fairlead::cli::ParseFairshare(FuzzInput(data, size), "fuzz");
  if (!file.ok() || !IsSmall(*file)) return 0;
  const auto answer = fairlead::cli::AnswerFairshare(*file);
  if (!answer.ok()) return 0;
  (void)fairlead::cli::FairshareText(*file, *answer, true, false);
  (void)fairlead::cli::FairshareJson(*file, *answer, true);
  return 0;
}
