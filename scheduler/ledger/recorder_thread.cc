#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include "fairlead/ledger/recorder.h"

namespace fairlead::ledger {
namespace {

constexpr std::chrono::seconds kRetry(1);  // while the store is not to be written

}  // namespace

struct RecorderThread::State : UsageSink, ClusterWriter {
  using Item = std::variant<UsageBatch, std::vector<BindRequest>>;

  State(Recorder* r, ClusterWriter* w, Metrics* m) : recorder(r), inner(w), metrics(m) {}

  void Record(UsageBatch batch) override { Push(std::move(batch)); }
  void Bind(std::vector<BindRequest> requests) override { Push(std::move(requests)); }
  void Evict(std::vector<EvictRequest> requests) override { inner->Evict(std::move(requests)); }
  void SetPending(std::vector<PendingStatus> told) override { inner->SetPending(std::move(told)); }
  void SetQueueStatus(std::vector<QueueStatus> told) override {
    inner->SetQueueStatus(std::move(told));
  }
  void Note(std::vector<EventNote> notes) override { inner->Note(std::move(notes)); }

  void Push(Item item) {
    const std::lock_guard lock(mutex);
    items.push_back(std::move(item));
    arrived.notify_one();
  }

  // What came together is written together, and then its bindings go.
  void Run() {
    std::vector<BindRequest> held;
    while (true) {
      std::vector<Item> taken;
      bool last = false;
      const std::function<void()>* looking = nullptr;
      {
        std::unique_lock lock(mutex);
        const auto ready = [this] { return stop || !items.empty() || look != nullptr; };
        if (recorder->waiting() > 0 || !held.empty()) {
          arrived.wait_for(lock, kRetry, ready);
        } else {
          arrived.wait(lock, ready);
        }
        taken.swap(items);
        last = stop;
        looking = std::exchange(look, nullptr);
      }
      for (Item& item : taken) {
        if (const auto* batch = std::get_if<UsageBatch>(&item)) {
          recorder->Take(*batch);
        } else {
          auto& requests = std::get<std::vector<BindRequest>>(item);
          std::move(requests.begin(), requests.end(), std::back_inserter(held));
        }
      }
      static_cast<void>(recorder->Flush().ok());
      metrics->SetUsageWaiting(recorder->waiting());
      if (!held.empty() && recorder->MayBind()) inner->Bind(std::exchange(held, {}));
      if (looking != nullptr) {
        (*looking)();
        const std::lock_guard lock(mutex);
        looked = true;
        done_looking.notify_all();
      }
      if (last) return;
    }
  }

  Recorder* const recorder;
  ClusterWriter* const inner;
  Metrics* const metrics;
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<Item> items;                      // under mutex
  bool stop = false;                            // under mutex
  const std::function<void()>* look = nullptr;  // under mutex
  bool looked = false;                          // under mutex
  std::condition_variable done_looking;
  std::thread thread;
};

RecorderThread::RecorderThread(Recorder* recorder, ClusterWriter* writer, Metrics* metrics)
    : state_(std::make_unique<State>(recorder, writer, metrics)) {
  state_->thread = std::thread([state = state_.get()] { state->Run(); });
}

RecorderThread::~RecorderThread() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    state_->arrived.notify_one();
  }
  state_->thread.join();
}

UsageSink* RecorderThread::sink() { return state_.get(); }
ClusterWriter* RecorderThread::writer() { return state_.get(); }

void RecorderThread::Look(const std::function<void()>& look) {
  std::unique_lock lock(state_->mutex);
  state_->look = &look;
  state_->looked = false;
  state_->arrived.notify_one();
  state_->done_looking.wait(lock, [this] { return state_->looked; });
}

}  // namespace fairlead::ledger
