#include "scheduler/sim/loaders.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "scheduler/sim/table.h"

namespace fairlead::sim {
namespace {

constexpr std::int64_t kMostAmount = 1'000'000'000;
constexpr std::int64_t kMostSeconds = 4'000'000'000;  // 126 years
constexpr std::int64_t kMostPods = 100'000;
constexpr std::int64_t kMostGpus = 64;  // of one pod

// Refuses a second job of one name.
class Ids {
 public:
  explicit Ids(Workload* out) : out_(*out) {}

  void Take(Row* row, std::size_t column, Job job) {
    if (job.id.empty()) row->Fail(column, "empty: expected a name");
    if (row->problem()) return;
    if (!seen_.try_emplace(job.id, seen_.size()).second) {
      return row->Fail(column, fmt::format("'{}': a second job with this id", job.id));
    }
    out_.jobs.push_back(std::move(job));
  }

 private:
  Workload& out_;
  std::unordered_map<std::string, std::size_t> seen_;
};

using Cell = std::optional<std::size_t>;

std::string_view TextOr(const Row& row, Cell column, std::string_view otherwise) {
  if (!column) return otherwise;
  const std::string_view text = row.Text(*column);
  return text.empty() ? otherwise : text;
}

std::int64_t NumberOr(Row* row, Cell column, std::int64_t max, std::int64_t otherwise) {
  if (!column || row->Text(*column).empty()) return otherwise;
  return row->Whole(*column, 0, max);
}

// "2020-04-01 00:00:05" in seconds since 1970.
std::int64_t Moment(Row* row, std::size_t column) {
  std::string text(row->Text(column));
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  const Result<Instant> at = ParseInstant(text + "Z");
  if (at) return at->ns / 1'000'000'000;
  row->Fail(column,
            fmt::format("'{}': expected a time such as 2020-04-01 00:00:05", row->Text(column)));
  return 0;
}

// Traces count from somewhere: the first submission becomes second 0.
void CountFromFirst(std::vector<Job>* jobs) {
  if (jobs->empty()) return;
  const auto least = std::min_element(
      jobs->begin(), jobs->end(), [](const Job& a, const Job& b) { return a.submit < b.submit; });
  const std::int64_t first = least->submit;
  for (Job& job : *jobs) job.submit -= first;
}

}  // namespace

Result<std::vector<NodeSpec>> ReadNodeList(const std::string& path) {
  std::vector<NodeSpec> nodes;
  Workload ignored;
  Status status = ReadTable(
      path, {},
      [&](Columns* columns) -> ReadRow {
        const std::size_t name = columns->Need("sn");
        const std::size_t cpu = columns->Need("cpu_milli");
        const std::size_t memory = columns->Need("memory_mib");
        const std::size_t gpus = columns->Need("gpu");
        const std::size_t model = columns->Need("model");
        return [&nodes, name, cpu, memory, gpus, model](Row* row) {
          NodeSpec node;
          node.name = row->Text(name);
          node.cpu = row->Number(cpu, 0, kMostAmount);
          node.memory = row->Number(memory, 0, kMostAmount);
          node.gpus = static_cast<std::int32_t>(row->Number(gpus, 0, 8));
          node.model = row->Text(model);
          nodes.push_back(std::move(node));
        };
      },
      &ignored);
  if (!status) return status.error();
  return nodes;
}

// Alibaba's pods of 2023. Without times a pod runs from 0 on for no time: enough for a saturation.
Status ReadOpenb(const std::string& path, bool skip_bad, Workload* out) {
  Ids ids(out);
  return ReadTable(
      path, {.columns = {}, .skip_bad = skip_bad},
      [&](Columns* columns) -> ReadRow {
        const std::size_t name = columns->Need("name");
        const std::size_t cpu = columns->Need("cpu_milli");
        const std::size_t memory = columns->Need("memory_mib");
        const std::size_t gpus = columns->Need("num_gpu");
        const std::size_t milli = columns->Need("gpu_milli");
        const Cell spec = columns->Find("gpu_spec");
        const Cell qos = columns->Find("qos");
        const Cell created = columns->Find("creation_time");
        const Cell deleted = columns->Find("deletion_time");
        const Cell started = columns->Find("scheduled_time");
        return [=, &ids](Row* row) {
          Job job;
          job.id = row->Text(name);
          job.queue = out->queues.Intern(TextOr(*row, qos, "default"));
          job.tenant = out->tenants.Intern("");
          job.user = out->users.Intern("");
          job.cpu = row->Number(cpu, 0, kMostAmount);
          job.memory = row->Number(memory, 0, kMostAmount);
          job.gpus = static_cast<std::int32_t>(row->Number(gpus, 0, 8));
          if (job.gpus > 0) {
            const std::int64_t each = row->Number(milli, 1, kMostAmount);
            job.milli = static_cast<std::int32_t>(std::min(kWholeGpu, each));
            job.models = out->models.Intern(TextOr(*row, spec, ""));
          }
          job.submit = NumberOr(row, created, kMostSeconds, 0);
          const std::int64_t begin = NumberOr(row, started, kMostSeconds, job.submit);
          job.duration = NumberOr(row, deleted, kMostSeconds, begin) - begin;
          if (job.duration < 0) row->Fail(*deleted, "ends before it begins");
          ids.Take(row, name, std::move(job));
        };
      },
      out);
}

// Microsoft's jobs of 2017: gangs of GPUs, not yet cut into pods.
Status ReadPhilly(const std::string& path, bool skip_bad, Workload* out) {
  Ids ids(out);
  return ReadTable(
      path, {.columns = {}, .skip_bad = skip_bad},
      [&](Columns* columns) -> ReadRow {
        const std::size_t id = columns->Need("job_id");
        const std::size_t vc = columns->Need("vc");
        const std::size_t submit = columns->Need("submit_s");
        const std::size_t duration = columns->Need("duration_s");
        const std::size_t gpus = columns->Need("num_gpus");
        return [=, &ids](Row* row) {
          Job job;
          job.id = row->Text(id);
          job.queue = out->queues.Intern(row->Text(vc));
          job.tenant = out->tenants.Intern(row->Text(vc));
          job.user = out->users.Intern("");
          job.submit = row->Number(submit, 0, kMostSeconds);
          job.duration = row->Number(duration, 0, kMostSeconds);
          job.gpus = static_cast<std::int32_t>(row->Number(gpus, 1, kMostPods));
          job.pods = 0;
          ids.Take(row, id, std::move(job));
        };
      },
      out);
}

// SenseTime's jobs of 2020. GPUs and CPUs are those of the whole job, on node_num nodes.
Status ReadHelios(const std::string& path, bool skip_bad, Workload* out) {
  Ids ids(out);
  Status status = ReadTable(
      path, {.columns = {}, .skip_bad = skip_bad},
      [&](Columns* columns) -> ReadRow {
        const std::size_t id = columns->Need("job_id");
        const std::size_t vc = columns->Need("vc");
        const std::size_t submit = columns->Need("submit_time");
        const std::size_t duration = columns->Need("duration");
        const std::size_t gpus = columns->Need("gpu_num");
        const Cell cpus = columns->Find("cpu_num");
        const Cell user = columns->Find("user");
        return [=, &ids](Row* row) {
          Job job;
          job.id = row->Text(id);
          job.queue = out->queues.Intern(row->Text(vc));
          job.tenant = out->tenants.Intern(row->Text(vc));
          job.user = out->users.Intern(TextOr(*row, user, ""));
          job.submit = Moment(row, submit);
          job.duration = row->Whole(duration, 0, kMostSeconds, true);
          job.gpus = static_cast<std::int32_t>(row->Number(gpus, 0, kMostPods));
          job.pods = job.gpus > 0 ? 0 : 1;
          // Of CPU jobs only: what a GPU job takes of CPUs comes with its GPUs there.
          if (job.gpus == 0) job.cpu = 1000 * NumberOr(row, cpus, 1'000'000, 1);
          ids.Take(row, id, std::move(job));
        };
      },
      out);
  CountFromFirst(&out->jobs);
  return status;
}

// Alibaba's tasks of 2020 (pai_task_table): a task is a job here, its instances are the pods. CPUs
// and GPUs are in hundredths, memory in GB.
Status ReadPai2020(const std::string& path, bool skip_bad, Workload* out) {
  Ids ids(out);
  TableRules rules;
  rules.skip_bad = skip_bad;
  const Result<std::string> text = ReadText(path);
  if (!text) return text.error();
  if (!text->starts_with("job_name")) {
    rules.columns = {"job_name", "task_name", "inst_num", "status",   "start_time",
                     "end_time", "plan_cpu",  "plan_mem", "plan_gpu", "gpu_type"};
  }
  Status status = ReadTable(
      path, rules,
      [&](Columns* columns) -> ReadRow {
        const std::size_t name = columns->Need("job_name");
        const std::size_t task = columns->Need("task_name");
        const std::size_t count = columns->Need("inst_num");
        const std::size_t start = columns->Need("start_time");
        const std::size_t end = columns->Need("end_time");
        const std::size_t cpu = columns->Need("plan_cpu");
        const std::size_t memory = columns->Need("plan_mem");
        const std::size_t gpu = columns->Need("plan_gpu");
        const Cell model = columns->Find("gpu_type");
        const Cell user = columns->Find("user");
        return [=, &ids](Row* row) {
          Job job;
          job.id = fmt::format("{}/{}", row->Text(name), row->Text(task));
          job.queue = out->queues.Intern("default");
          job.tenant = out->tenants.Intern("");
          job.user = out->users.Intern(TextOr(*row, user, ""));
          job.submit = row->Whole(start, 0, kMostSeconds);
          job.duration = row->Whole(end, 0, kMostSeconds, true) - job.submit;
          if (job.duration < 0) row->Fail(end, "ends before it begins");
          job.pods = static_cast<std::int32_t>(row->Whole(count, 1, kMostPods));
          job.cpu = 10 * NumberOr(row, cpu, kMostAmount, 0);
          job.memory = 1024 * NumberOr(row, memory, 1'000'000, 0);
          const std::int64_t parts = NumberOr(row, gpu, 100 * kMostGpus, 0);
          job.gpus = static_cast<std::int32_t>((parts + 99) / 100);
          if (parts > 0 && parts < 100) job.milli = static_cast<std::int32_t>(10 * parts);
          const std::string_view kind = TextOr(*row, model, "");
          if (job.gpus > 0) job.models = out->models.Intern(kind == "MISC" ? "" : kind);
          ids.Take(row, name, std::move(job));
        };
      },
      out);
  CountFromFirst(&out->jobs);
  return status;
}

// The Standard Workload Format: 18 columns; processors are read as GPUs.
Status ReadSwf(const std::string& path, bool skip_bad, Workload* out) {
  Ids ids(out);
  TableRules rules;
  rules.separator = ' ';
  rules.comment = ';';
  rules.skip_bad = skip_bad;
  rules.columns = {"job",    "submit",  "wait",       "run",          "processors", "cpu_time",
                   "memory", "asked",   "asked_time", "asked_memory", "status",     "user",
                   "group",  "program", "queue",      "partition",    "before",     "think"};
  return ReadTable(
      path, rules,
      [&](Columns* columns) -> ReadRow {
        const std::size_t id = columns->Need("job");
        const std::size_t submit = columns->Need("submit");
        const std::size_t run = columns->Need("run");
        const std::size_t given = columns->Need("processors");
        const std::size_t asked = columns->Need("asked");
        const std::size_t user = columns->Need("user");
        const std::size_t queue = columns->Need("queue");
        return [=, &ids](Row* row) {
          Job job;
          job.id = row->Text(id);
          job.queue = out->queues.Intern(row->Text(queue) == "-1" ? "default" : row->Text(queue));
          job.tenant = out->tenants.Intern("");
          job.user = out->users.Intern(row->Text(user));
          job.submit = row->Whole(submit, 0, kMostSeconds);
          job.duration = row->Whole(run, 0, kMostSeconds, true);
          const bool stated = row->Text(given) != "-1";
          job.gpus = static_cast<std::int32_t>(row->Number(stated ? given : asked, 1, kMostPods));
          job.pods = 0;
          ids.Take(row, id, std::move(job));
        };
      },
      out);
}

// Our own: every column but id, submit_s and duration_s may be absent.
Status ReadCsv(const std::string& path, bool skip_bad, Workload* out) {
  Ids ids(out);
  return ReadTable(
      path, {.columns = {}, .skip_bad = skip_bad},
      [&](Columns* columns) -> ReadRow {
        const std::size_t id = columns->Need("id");
        const std::size_t submit = columns->Need("submit_s");
        const std::size_t duration = columns->Need("duration_s");
        const Cell tenant = columns->Find("tenant");
        const Cell queue = columns->Find("queue");
        const Cell user = columns->Find("user");
        const Cell pods = columns->Find("pods");
        const Cell cpu = columns->Find("cpu_milli");
        const Cell memory = columns->Find("memory_mib");
        const Cell gpus = columns->Find("gpus");
        const Cell milli = columns->Find("gpu_milli");
        const Cell model = columns->Find("gpu_model");
        const Cell priority = columns->Find("priority");
        return [=, &ids](Row* row) {
          Job job;
          job.id = row->Text(id);
          const std::string_view owner = TextOr(*row, tenant, "");
          job.queue = out->queues.Intern(TextOr(*row, queue, owner.empty() ? "default" : owner));
          job.tenant = out->tenants.Intern(owner);
          job.user = out->users.Intern(TextOr(*row, user, ""));
          job.submit = row->Whole(submit, 0, kMostSeconds);
          job.duration = row->Whole(duration, 0, kMostSeconds, true);
          job.pods = static_cast<std::int32_t>(NumberOr(row, pods, kMostPods, 1));
          if (job.pods == 0) row->Fail(*pods, "0 pods: expected at least one");
          job.cpu = NumberOr(row, cpu, kMostAmount, 0);
          job.memory = NumberOr(row, memory, kMostAmount, 0);
          job.gpus = static_cast<std::int32_t>(NumberOr(row, gpus, kMostGpus, 0));
          job.milli = static_cast<std::int32_t>(NumberOr(row, milli, kWholeGpu, kWholeGpu));
          if (job.milli == 0) row->Fail(*milli, "0: expected thousandths of a GPU");
          job.models = out->models.Intern(TextOr(*row, model, ""));
          if (priority && !row->Text(*priority).empty()) {
            job.priority =
                static_cast<std::int32_t>(row->Number(*priority, -1'000'000'000, 1'000'000'000));
          }
          ids.Take(row, id, std::move(job));
        };
      },
      out);
}

Result<Workload> LoadWorkload(const WorkloadSpec& spec, std::uint32_t seed) {
  Workload workload;
  if (spec.generator) return Generate(*spec.generator, seed);
  using Read = Status (*)(const std::string&, bool, Workload*);
  static constexpr std::array<std::pair<std::string_view, Read>, 6> kFormats = {{
      {"openb", ReadOpenb},
      {"philly", ReadPhilly},
      {"helios", ReadHelios},
      {"pai2020", ReadPai2020},
      {"swf", ReadSwf},
      {"csv", ReadCsv},
  }};
  const std::string& path = spec.pods.empty() ? spec.jobs : spec.pods;
  for (const auto& [name, read] : kFormats) {
    if (name != spec.format) continue;
    if (Status status = read(path, spec.skip_bad, &workload); !status) return status.error();
    return workload;
  }
  Error error;
  error.message = fmt::format("format '{}' is not one that is read from a file here", spec.format);
  error.file = path;
  return error;
}

}  // namespace fairlead::sim
