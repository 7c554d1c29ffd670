// Runs as text that is read back exactly: tokens separated by blanks, in the order of one list of
// members that both directions share.
#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <iterator>

#include "fairlead/sim/experiment.h"

namespace fairlead::sim {
namespace {

constexpr std::string_view kMark = "fairlead-run-1 ";

class Writer {
 public:
  void Do(std::int64_t* value) { fmt::format_to(std::back_inserter(out), "{} ", *value); }
  void Do(std::uint32_t* value) { fmt::format_to(std::back_inserter(out), "{} ", *value); }
  void Do(double* value) {
    fmt::format_to(std::back_inserter(out), "{} ", std::bit_cast<std::uint64_t>(*value));
  }
  void Do(std::string* value) {
    fmt::format_to(std::back_inserter(out), "{} {} ", value->size(), *value);
  }
  void Size(std::size_t* size) { fmt::format_to(std::back_inserter(out), "{} ", *size); }

  std::string out;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}
  void Do(std::int64_t* value) { Number(value); }
  void Do(std::uint32_t* value) { Number(value); }
  void Do(double* value) {
    std::uint64_t bits = 0;
    Number(&bits);
    *value = std::bit_cast<double>(bits);
  }
  void Do(std::string* value) {
    std::size_t size = 0;
    Number(&size);
    if (bad || size >= left_.size()) {
      bad = true;
      return;
    }
    *value = left_.substr(0, size);
    left_.remove_prefix(size + 1);
  }
  void Size(std::size_t* size) {
    Number(size);
    if (*size > left_.size()) bad = true;  // each entry takes a byte at least
    if (bad) *size = 0;
  }
  bool Done() const { return !bad && left_.empty(); }

  bool bad = false;

 private:
  template <typename T>
  void Number(T* value) {
    const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), *value);
    if (error != std::errc() || end == left_.data() + left_.size() || *end != ' ') {
      bad = true;
      return;
    }
    left_.remove_prefix(static_cast<std::size_t>(end - left_.data()) + 1);
  }

  std::string_view left_;
};

template <typename Archive>
void Walk(Archive* a, Distribution* d) {
  for (std::int64_t* value : {&d->count, &d->sum, &d->p50, &d->p90, &d->p95, &d->p99, &d->max}) {
    a->Do(value);
  }
}

template <typename Archive, typename T, typename Each>
void WalkList(Archive* a, std::vector<T>* list, Each each) {
  std::size_t size = list->size();
  a->Size(&size);
  list->resize(size);
  for (T& entry : *list) each(&entry);
}

template <typename Archive>
void Walk(Archive* a, QueueResult* q) {
  a->Do(&q->queue);
  for (std::int64_t* value :
       {&q->jobs, &q->started, &q->jct_sum, &q->ended, &q->gpu_milli_seconds}) {
    a->Do(value);
  }
  Walk(a, &q->wait);
  for (double* value : {&q->share, &q->entitled, &q->error}) a->Do(value);
}

template <typename Archive>
void Walk(Archive* a, SeriesPoint* p) {
  a->Do(&p->at);
  a->Do(&p->span);
  for (double* value : {&p->utilisation, &p->waiting_jobs, &p->waiting_gpus}) a->Do(value);
  WalkList(a, &p->share, [a](double* value) { a->Do(value); });
  WalkList(a, &p->entitled, [a](double* value) { a->Do(value); });
}

template <typename Archive>
void Walk(Archive* a, ReplayResult* r) {
  a->Do(&r->order);
  a->Do(&r->placement);
  a->Do(&r->seed);
  for (std::int64_t* value :
       {&r->nodes, &r->gpu_milli, &r->jobs, &r->jct_sum, &r->ended, &r->makespan, &r->jobs_waited,
        &r->preempted_gpu_milli_seconds, &r->evictions, &r->unfinished, &r->decisions,
        &r->longest_wait_many}) {
    a->Do(value);
  }
  Walk(a, &r->wait);
  for (double* value :
       {&r->slowdown_mean, &r->slowdown_p99, &r->utilisation, &r->fairness_error, &r->jain}) {
    a->Do(value);
  }
  WalkList(a, &r->too_large, [a](std::string* value) { a->Do(value); });
  WalkList(a, &r->unstarted, [a](std::string* value) { a->Do(value); });
  WalkList(a, &r->queues, [a](QueueResult* value) { Walk(a, value); });
  WalkList(a, &r->series, [a](SeriesPoint* value) { Walk(a, value); });
  WalkList(a, &r->wait_histogram, [a](std::int64_t* value) { a->Do(value); });
}

}  // namespace

std::string SaveRun(const ReplayResult& run) {
  Writer writer;
  ReplayResult copy = run;
  Walk(&writer, &copy);
  return std::string(kMark) + writer.out;
}

Result<ReplayResult> LoadRun(const std::string& text) {
  Error error;
  error.message = "is no saved run of this version";
  if (!text.starts_with(kMark)) return error;
  Reader reader(std::string_view(text).substr(kMark.size()));
  ReplayResult run;
  Walk(&reader, &run);
  if (!reader.Done()) return error;
  return run;
}

}  // namespace fairlead::sim
