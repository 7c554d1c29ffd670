// Faults: which request is hit, and what its client sees.
#include "fairlead/apiserver/faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/apiserver/http_harness.h"

namespace fairlead::apiserver {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

FaultRule Rule(FaultKind kind) {
  FaultRule rule;
  rule.fault.kind = kind;
  return rule;
}

std::unique_ptr<Faults> Once(Fault fault) {
  FaultRule rule;
  rule.fault = fault;
  return ScriptedFaults({rule});
}

TEST(ScriptedFaults, StrikeAsTheRulesSay) {
  FaultRule bind = Rule(FaultKind::kConflict);
  bind.method = "POST";
  bind.path_contains = "/binding";
  bind.skip = 1;
  bind.strikes = 2;
  FaultRule watch = Rule(FaultKind::kFrozen);
  watch.watches = 1;
  FaultRule list = Rule(FaultKind::kGone);
  list.watches = 0;
  list.path_contains = "/pods";
  list.strikes = -1;
  const auto faults = ScriptedFaults({bind, watch, list});
  const struct {
    const char* method;
    const char* path;
    bool is_watch;
    FaultKind expected;
  } steps[] = {
      {"POST", "/pods/a/binding", false, FaultKind::kGone},  // skipped, and another rule matches
      {"GET", "/x/binding", false, FaultKind::kNone},
      {"POST", "/pods/a/binding", false, FaultKind::kConflict},
      {"POST", "/pods/b/binding", false, FaultKind::kConflict},
      {"POST", "/pods/c/binding", false, FaultKind::kGone},
      {"GET", "/pods", true, FaultKind::kFrozen},
      {"GET", "/pods", true, FaultKind::kNone},
      {"GET", "/pods", false, FaultKind::kGone},
      {"GET", "/nodes", false, FaultKind::kNone},
      {"GET", "/pods", false, FaultKind::kGone},
  };
  int step = 0;
  for (const auto& s : steps) {
    EXPECT_EQ(faults->Next(s.method, s.path, s.is_watch).kind, s.expected) << "step " << step++;
  }
}

std::vector<FaultKind> Drawn(std::uint64_t seed, int per_mille, int max_faults, int requests) {
  const auto faults = RandomFaults(seed, per_mille, max_faults);
  std::vector<FaultKind> kinds;
  for (int i = 0; i < requests; ++i) {
    kinds.push_back(faults->Next(i % 2 == 0 ? "GET" : "POST", "/x", i % 4 == 0).kind);
  }
  return kinds;
}

TEST(RandomFaults, AreTheSameForTheSameSeed) {
  EXPECT_EQ(Drawn(7, 300, 1'000, 1'000), Drawn(7, 300, 1'000, 1'000));
  EXPECT_NE(Drawn(7, 300, 1'000, 1'000), Drawn(8, 300, 1'000, 1'000));
}

TEST(RandomFaults, StrikeAsOftenAsAsked) {
  const auto count = [](const std::vector<FaultKind>& kinds) {
    return static_cast<long>(kinds.size()) -
           std::count(kinds.begin(), kinds.end(), FaultKind::kNone);
  };
  EXPECT_EQ(count(Drawn(1, 0, 100, 1'000)), 0);
  EXPECT_EQ(count(Drawn(1, 1'000, 100, 1'000)), 100);
  EXPECT_EQ(count(Drawn(1, 1'000, 5'000, 1'000)), 1'000);
  // 200 expected of 2,000; the standard deviation is 13.
  EXPECT_NEAR(static_cast<double>(count(Drawn(1, 100, 5'000, 2'000))), 200, 60);
}

TEST(RandomFaults, KindsMakeSenseForTheRequest) {
  const auto faults = RandomFaults(3, 1'000, 1'000'000);
  std::map<FaultKind, int> watches, reads, writes;
  for (int i = 0; i < 3'000; ++i) {
    ++watches[faults->Next("GET", "/x", true).kind];
    ++reads[faults->Next("GET", "/x", false).kind];
    const Fault fault = faults->Next("PATCH", "/x", false);
    ++writes[fault.kind];
    EXPECT_GT(fault.delay.ns, 0);
    EXPECT_GT(fault.retry_after_s, 0);
    EXPECT_GE(fault.after_frames, 0);
  }
  EXPECT_EQ(writes.size(), 11U);
  EXPECT_EQ(writes.count(FaultKind::kGone), 0U);
  EXPECT_EQ(reads.size(), 10U);
  EXPECT_EQ(reads.count(FaultKind::kConflict), 0U);
  EXPECT_EQ(watches.size(), 10U);
  EXPECT_EQ(watches.count(FaultKind::kServerErrorAfter), 0U);
  for (const auto* drawn : {&watches, &reads, &writes}) {
    for (const auto& [kind, n] : *drawn) {
      EXPECT_GT(n, 200) << static_cast<int>(kind);
    }
  }
}

struct UnaryCase {
  const char* name;
  FaultKind kind;
  bool carried_out;
  bool closes;
  std::string starts, ends;  // of what the client gets; both empty: nothing
};

std::string Code(int code, const std::string& reason) {
  return R"("reason":")" + reason + R"(","code":)" + std::to_string(code) + "}";
}

std::vector<UnaryCase> UnaryCases() {
  return {
      {"ReplyLost", FaultKind::kReplyLost, true, true, "", ""},
      {"RequestLost", FaultKind::kRequestLost, false, true, "", ""},
      {"Conflict", FaultKind::kConflict, false, false, "HTTP/1.1 409 Conflict\r\n",
       R"("code":409})"},
      {"Gone", FaultKind::kGone, false, false, "HTTP/1.1 410 Gone\r\n", Code(410, "Expired")},
      {"TooMany", FaultKind::kTooMany, false, false, "HTTP/1.1 429 Too Many Requests\r\n",
       R"("reason":"TooManyRequests","details":{"retryAfterSeconds":7},"code":429})"},
      {"ServerError", FaultKind::kServerError, false, false,
       "HTTP/1.1 500 Internal Server Error\r\n", R"("code":500})"},
      {"ServerErrorAfter", FaultKind::kServerErrorAfter, true, false,
       "HTTP/1.1 500 Internal Server Error\r\n", R"("code":500})"},
      {"Frozen", FaultKind::kFrozen, false, false, "", ""},
      {"HalfOpen", FaultKind::kHalfOpen, true, false, "", ""},
      {"Garbage", FaultKind::kGarbage, true, true, "\x15\x03\x01", "\r\n\r\n"},
      {"CutInside", FaultKind::kCutInside, true, true, "HTTP/1.1 200 OK\r\n", "LLL"},
  };
}

class Unary : public ::testing::TestWithParam<UnaryCase> {};

TEST_P(Unary, DoesAsItSays) {
  const UnaryCase& c = GetParam();
  HttpBench bench(Once({c.kind, {}, 7, 0}));
  bench.handler.large = 1'000;
  TestClient client = bench.Dial();
  std::string got = client.Ask(Get("/large"));
  EXPECT_EQ(bench.handler.handled, c.carried_out ? 1 : 0);
  EXPECT_EQ(client.closed(), c.closes);
  EXPECT_EQ(got.empty(), c.starts.empty());
  EXPECT_THAT(got, StartsWith(c.starts));
  EXPECT_THAT(got, EndsWith(c.ends));
  if (c.kind == FaultKind::kTooMany) {
    EXPECT_THAT(got, HasSubstr("\r\nRetry-After: 7\r\n"));
  }
  if (c.kind == FaultKind::kCutInside) {
    EXPECT_LT(got.size(), 1'000U);
  }
  if (c.closes) {
    EXPECT_EQ(bench.listener.connections(), 0U);
    return;
  }
  if (got.empty()) {  // no answer, ever, and no end either
    bench.Advance(Duration::Seconds(100'000));
    EXPECT_EQ(client.Ask(Get("/a")), "");
    EXPECT_FALSE(client.closed());
    client.Close();
    EXPECT_EQ(bench.listener.connections(), 0U);
    return;
  }
  EXPECT_EQ(client.Ask(Get("/a")), Answered("GET /a  []"));
}

INSTANTIATE_TEST_SUITE_P(Faults, Unary, ::testing::ValuesIn(UnaryCases()),
                         [](const auto& tested) { return tested.param.name; });

TEST(Faults, AnswersToEarlierRequestsAreNotLost) {
  FaultRule second = Rule(FaultKind::kReplyLost);
  second.skip = 1;
  HttpBench bench(ScriptedFaults({second}));
  TestClient client = bench.Dial();
  EXPECT_EQ(client.Ask(Get("/a") + Get("/b") + Get("/c")), Answered("GET /a  []"));
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(bench.handler.handled, 2);
}

TEST(Faults, CutInsideALargeAnswer) {
  HttpBench bench(Once({FaultKind::kCutInside, {}, 0, 0}));
  TestClient client = bench.Dial();
  const std::size_t size = client.Ask(Get("/large")).size();
  EXPECT_GT(size, 400'000U);
  EXPECT_LT(size, 600'000U);
  EXPECT_TRUE(client.closed());
}

TEST(Faults, SlowBodyComesInPieces) {
  for (const char* path : {"/a", "/large"}) {
    HttpBench bench(Once({FaultKind::kSlowBody, Duration::Seconds(40), 0, 0}));
    bench.handler.large = 200'000;
    TestClient client = bench.Dial();
    client.Send(Get(path) + Get("/next"));
    std::string all;
    int pieces = 0;
    for (int i = 0; i < 30; ++i) {
      const std::string piece = client.Receive();
      if (!piece.empty()) ++pieces;
      all += piece;
      bench.Advance(Duration::Seconds(40));
    }
    const std::string whole =
        path == std::string("/a") ? Answered("GET /a  []") : Answered(std::string(200'000, 'L'));
    EXPECT_EQ(all, whole + Answered("GET /next  []"));
    EXPECT_GT(pieces, 6) << path;
  }
}

std::string ChunksOf(std::string text, bool* ended) {
  text.erase(0, text.find("\r\n\r\n") + 4);
  std::string body;
  *ended = false;
  while (!text.empty()) {
    const std::size_t size = std::stoul(text, nullptr, 16);
    const std::size_t begin = text.find("\r\n") + 2;
    if (size == 0) *ended = true;
    body += text.substr(begin, size);
    text.erase(0, begin + size + 2);
  }
  return body;
}

struct WatchCase {
  const char* name;
  FaultKind kind;
  int after_frames;
  std::string expected;  // of the frames "a\n" "bb\n" "cccc\n", given one after the other
  bool ended, closed;
};

const char kTooOldJson[] =
    R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},)"
    R"x("status":"Failure","message":"too old resource version: 1 (2)","reason":"Expired",)x"
    R"("code":410}})"
    "\n";
const char kNoJson[] = "{\"type\":\"MODIFIED\",\"object\":{\"kind\":}\n";

std::vector<WatchCase> WatchCases() {
  return {
      {"Gone", FaultKind::kGone, 0, kTooOldJson, true, false},
      {"GoneAfterTwo", FaultKind::kGone, 2, "a\nbb\n" + std::string(kTooOldJson), true, false},
      {"Garbage", FaultKind::kGarbage, 1, "a\n" + std::string(kNoJson) + "bb\ncccc\n", false,
       false},
      {"Frozen", FaultKind::kFrozen, 0, "", false, false},
      {"FrozenAfterOne", FaultKind::kFrozen, 1, "a\n", false, false},
      {"CutInside", FaultKind::kCutInside, 2, "a\nbb\ncc", false, true},
      {"ReplyLostLater", FaultKind::kReplyLost, 1, "a\n", false, true},
      {"NotYet", FaultKind::kGone, 4, "a\nbb\ncccc\n", false, false},
  };
}

class Watching : public ::testing::TestWithParam<WatchCase> {};

TEST_P(Watching, DoesAsItSays) {
  const WatchCase& c = GetParam();
  for (const bool at_once : {false, true}) {
    HttpBench bench(Once({c.kind, {}, 0, c.after_frames}));
    bench.handler.on_watch = [at_once](TestWatch* watch) {
      if (at_once) watch->ready = "a\nbb\ncccc\n";
    };
    TestClient client = bench.Dial();
    std::string all = client.Ask(Get("/watch?watch=1"));
    for (const char* frame : {"a\n", "bb\n", "cccc\n"}) {
      const auto watch = bench.handler.watch();
      if (watch != nullptr && !at_once) watch->Put(frame);
      all += client.Receive();
    }
    bool ended = false;
    EXPECT_THAT(all, StartsWith(WatchHead()));
    EXPECT_EQ(ChunksOf(all, &ended), c.expected);
    EXPECT_EQ(ended, c.ended);
    EXPECT_EQ(client.closed(), c.closed);
    bench.Advance(Duration::Seconds(10'000));
    EXPECT_EQ(client.Receive(), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, Watching, ::testing::ValuesIn(WatchCases()),
                         [](const auto& tested) { return tested.param.name; });

TEST(WatchFaults, WithoutAHead) {
  for (const FaultKind kind :
       {FaultKind::kReplyLost, FaultKind::kRequestLost, FaultKind::kHalfOpen}) {
    HttpBench bench(Once({kind, {}, 0, 0}));
    TestClient client = bench.Dial();
    EXPECT_EQ(client.Ask(Get("/watch?watch=true")), "");
    EXPECT_EQ(client.closed(), kind != FaultKind::kHalfOpen);
    EXPECT_EQ(bench.handler.handled, kind == FaultKind::kRequestLost ? 0 : 1);
    if (!bench.handler.watches.empty()) {
      EXPECT_EQ(bench.handler.watch(), nullptr);
    }
  }
}

TEST(WatchFaults, SlowFrames) {
  HttpBench bench(Once({FaultKind::kSlowBody, Duration::Milliseconds(10), 0, 0}));
  TestClient client = bench.Dial();
  client.Send(Get("/watch?watch"));
  std::string all;
  const auto watch = bench.handler.watch();
  watch->Put("a frame that is long enough for eight pieces\n");
  int pieces = 0;
  for (int i = 0; i < 30; ++i) {
    const std::string piece = client.Receive();
    if (!piece.empty()) ++pieces;
    all += piece;
    bench.Advance(Duration::Milliseconds(10));
  }
  bool ended = false;
  EXPECT_EQ(ChunksOf(all, &ended), "a frame that is long enough for eight pieces\n");
  EXPECT_GT(pieces, 14);
}

std::string ProtoFrame(const std::string& body) {
  return std::string(3, '\0') + static_cast<char>(body.size()) + body;
}

TEST(WatchFaults, FramesOfProtobuf) {
  for (const FaultKind kind : {FaultKind::kGone, FaultKind::kGarbage, FaultKind::kCutInside}) {
    HttpBench bench(Once({kind, {}, 0, 1}));
    bench.handler.on_watch = [](TestWatch* watch) {
      watch->ready = ProtoFrame("one") + ProtoFrame(std::string(10, '2'));
    };
    TestClient client = bench.Dial();
    bool ended = false;
    const std::string body =
        ChunksOf(client.Ask(Get("/watch?watch=1", "Accept: proto\r\n")), &ended);
    EXPECT_THAT(body, StartsWith(ProtoFrame("one")));
    const std::string rest = body.substr(7);
    if (kind == FaultKind::kGone) {
      EXPECT_EQ(static_cast<std::size_t>(rest.at(3)), rest.size() - 4);
      EXPECT_THAT(rest, HasSubstr("too old resource version"));
      EXPECT_THAT(rest, HasSubstr("ERROR"));
    } else if (kind == FaultKind::kGarbage) {
      EXPECT_EQ(rest, ProtoFrame(std::string(8, '\xff')) + ProtoFrame(std::string(10, '2')));
    } else {
      EXPECT_EQ(rest, std::string(3, '\0') + "\n222");
    }
  }
}

}  // namespace
}  // namespace fairlead::apiserver
