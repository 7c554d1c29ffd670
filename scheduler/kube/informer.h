// Informer: keeps an EventSink up to date about one kind.
//
// A list (RelistBegun, objects, RelistEnded) and then a watch from its resourceVersion; or both in
// one as a WatchList where the server has it. A watch that ends, by time or by accident, goes on
// from the last resourceVersion; one that the server has forgotten (410) begins with a list again.
//
// The first list asks for resourceVersion=0: the server answers from its cache, in one piece, which
// costs it a fraction of a consistent list. A list after a 410 or after a failed one is consistent
// and paged by 5,000: some 20 MB a page, so ten round trips for 50,000 pods where the usual 500
// takes a hundred.
//
// I1: every RelistBegun is followed by a RelistEnded or, if the list broke off, by another
// RelistBegun. I2: one object that cannot be read is skipped, counted and logged; it never stops
// the rest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fairlead/engine/metrics.h"
#include "fairlead/engine/ports.h"
#include "scheduler/kube/http.h"
#include "scheduler/kube/pace.h"
#include "scheduler/kube/resource.h"
#include "scheduler/kube/splitter.h"
#include "scheduler/kube/trouble.h"

namespace fairlead::kube {

struct InformerEnv {
  IoLoop* loop = nullptr;
  HttpClient* http = nullptr;
  EventSink* sink = nullptr;
  Metrics* metrics = nullptr;
  Trouble* trouble = nullptr;
  Random* random = nullptr;
  Pace pace;
  TranslateOptions translate;
  Duration request_timeout = Duration::Seconds(30);
  bool watch_list = false;
  // After every complete list of any informer; on the loop's thread.
  std::function<void(ObjectKind)> on_listed;
  // For every pod of ours that waits and has claims to volumes; on the loop's thread.
  std::function<void()> on_claims;
};

class Informer {
 public:
  Informer(InformerEnv env, const Resource& resource);

  void Start();
  void Stop();
  ObjectKind kind() const { return resource_.kind; }

 private:
  void Again();  // a list, or a WatchList
  void List();
  void OnListHead(const HttpAnswer& head);
  void OnListData(std::string_view data);
  void OnListEnd(const HttpAnswer& answer);
  Result<ListMeta> FinishPage();
  void OnListFailed(const HttpAnswer& answer);
  void OnNotServed();

  void Watch();
  void OnWatchHead(const HttpAnswer& head);
  void OnWatchData(std::string_view data);
  void OnFrame(std::string_view frame);
  void OnJsonFrame(std::string_view line);
  void OnEvent(std::string_view type, std::string_view object);
  void OnBookmark(std::string_view object);
  void OnErrorFrame(std::string_view object);
  void OnWatchEnd(const HttpAnswer& answer);
  void OnWatchListFailed(const HttpAnswer& answer);

  void Upsert(std::string_view object);
  void Skip(const std::string& why);
  void Listed();
  void Flush();
  void Broken(const std::string& why);
  void Retry(const std::string& why, Duration delay, void (Informer::*next)());

  InformerEnv env_;
  const Resource& resource_;
  std::string name_;
  Backoff backoff_;
  std::shared_ptr<HttpStream> stream_;
  IoLoop::TimerId timer_ = 0;
  EventBatch batch_;

  Encoding encoding_ = Encoding::kProto;
  std::optional<ProtoListSplitter> list_;
  std::optional<FrameSplitter> frames_;
  std::string json_;  // a JSON list
  std::string continue_;
  std::string version_;      // resourceVersion to watch from
  bool consistent_ = false;  // the next list
  bool initial_ = false;     // inside the initial events of a WatchList
  bool head_ = false;        // the watch was accepted
  bool alive_ = false;       // it has said something
  HttpAnswer frame_error_;   // an ERROR frame as an answer; status 0: none
  Instant begun_;
  std::uint64_t skipped_ = 0;
};

}  // namespace fairlead::kube
