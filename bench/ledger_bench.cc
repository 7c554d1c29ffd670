// What a ledger costs: intervals opened and closed one by one in small transactions, bulk import,
// size, and a statement of a month. Times are printed, never asserted.
//
//   fairlead-ledger-bench URL [RECORDS]      URL: sqlite:FILE or postgresql://..., an empty ledger
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "fairlead/ledger/statement.h"

namespace {

using namespace fairlead;          // NOLINT(google-build-using-namespace): a program of one file
using namespace fairlead::ledger;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t kHour = 3'600'000'000'000;
constexpr std::int64_t kMonthHours = 744;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Stopwatch {
 public:
  double Wall() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  }
  double Cpu() const { return CpuSeconds() - cpu_; }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  double cpu_ = CpuSeconds();
};

// 50 tenants with three environments on 1,000 nodes; an hour each, over the month.
Interval Nth(std::int64_t n) {
  const char* const environments[] = {"dev", "staging", "prod"};
  Interval i;
  i.tenant = fmt::format("tenant-{}", n % 50);
  i.environment = environments[n % 3];
  i.ns = i.tenant + "-" + i.environment;
  i.pod = fmt::format("train-{}-{}", n / 8, n % 8);
  i.pod_uid = fmt::format("0a1b2c3d-{:012}", n);
  i.gang = fmt::format("train-{}", n / 8);
  i.owner_kind = "Job";
  i.owner = i.gang;
  i.queue = i.tenant;
  i.user = fmt::format("user-{}", n % 500);
  i.node = fmt::format("node-{}", n % 1'000);
  i.gpu_model = "H100";
  i.devices = {static_cast<std::int32_t>(n % 8)};
  i.slices = i.slices_per_gpu = 1;
  i.cpu_milli = 8'000;
  i.memory_bytes = std::int64_t{64} << 30;
  i.start = Instant{ParseInstant("2026-10-01T00:00:00Z").value().ns +
                    n % (kMonthHours - 1) * kHour + n % 977 * 1'000'000'007};
  i.record_id = RecordIdOf(i);
  return i;
}

int Fail(const Error& error) {
  fmt::print(stderr, "{}\n", error.ToString());
  return 1;
}

// Opened and closed in transactions of 20 changes, as a busy scheduler's batches are.
int BenchChanges(Store* store) {
  constexpr std::int64_t kPods = 5'000;
  constexpr std::int64_t kAtOnce = 10;
  const Stopwatch watch;
  for (std::int64_t first = 0; first < kPods; first += kAtOnce) {
    std::vector<Change> changes;
    for (std::int64_t n = first; n < first + kAtOnce; ++n) changes.push_back(Open{Nth(n)});
    for (std::int64_t n = first; n < first + kAtOnce; ++n) {
      const Interval i = Nth(n);
      changes.push_back(Close{OpenKeyOf(i), Instant{i.start.ns + kHour}, EndReason::kCompleted});
    }
    const auto written = store->Write(changes, Instant{first});
    if (!written.ok()) return Fail(written.error());
  }
  fmt::print("changes: {:.0f} per second, {:.1f} % of a core at 1,000 per second\n",
             2 * kPods / watch.Wall(), watch.Cpu() / (2 * kPods) * 1'000 * 100);
  return 0;
}

int BenchImport(Store* store, std::int64_t records) {
  const Stopwatch watch;
  std::vector<Change> changes;
  for (std::int64_t n = 5'000; n < records; ++n) {
    Interval i = Nth(n);
    i.end = Instant{i.start.ns + kHour};
    i.end_reason = EndReason::kCompleted;
    changes.push_back(Append{std::move(i)});
    if (changes.size() < 10'000 && n + 1 < records) continue;
    const auto written = store->Write(changes, Instant{n});
    if (!written.ok()) return Fail(written.error());
    changes.clear();
  }
  fmt::print("import: {} records in {:.1f} s\n", records, watch.Wall());
  return 0;
}

int BenchStatement(Store* store, const char* what, const std::optional<std::string>& tenant) {
  StatementRequest request;
  request.tenant = tenant;
  request.period = "2026-10";
  request.as_of = ParseInstant("2026-11-01T00:00:00Z").value();
  const Stopwatch watch;
  const Result<Statement> statement = MakeStatement(store, request);
  if (!statement.ok()) return Fail(statement.error());
  fmt::print("statement of {}: {:.2f} s, {} lines, total {} cents\n", what, watch.Wall(),
             statement->lines.size(), statement->total);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: fairlead-ledger-bench URL [RECORDS]\n");
    return 2;
  }
  const std::int64_t records = argc > 2 ? std::atoll(argv[2]) : 1'000'000;  // NOLINT(cert-err34-c)
  auto store = OpenStore(argv[1]);
  if (!store.ok()) return Fail(store.error());
  int code = BenchChanges(store->get());
  if (code == 0) code = BenchImport(store->get(), records);
  if (code == 0) code = BenchStatement(store->get(), "all tenants", std::nullopt);
  if (code == 0) code = BenchStatement(store->get(), "all tenants, again", std::nullopt);
  if (code == 0) code = BenchStatement(store->get(), "one tenant", "tenant-7");
  return code;
}
