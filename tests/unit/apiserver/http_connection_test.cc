// Requests, answers and watches on one connection, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/apiserver/http_harness.h"

namespace fairlead::apiserver {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct WireCase {
  const char* name;
  std::string sent;
  std::string expected;
  bool closes = false;
};

std::string PlainError(const std::string& status, const std::string& why = "") {
  const std::string body = status + why;
  return "HTTP/1.1 " + status +
         "\r\nCache-Control: no-cache, private\r\nContent-Type: text/plain; "
         "charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

std::string TooLargeAnswer() {
  const std::string body =
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
      R"("message":"Request entity too large: limit is 1000","reason":"RequestEntityTooLarge",)"
      R"("code":413})";
  return "HTTP/1.1 413 Request Entity Too Large\r\nCache-Control: no-cache, private\r\n"
         "Content-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

std::vector<WireCase> WireCases() {
  const std::string a = Answered("GET /a  []");
  const std::string chunked = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string bad = PlainError("400 Bad Request");
  return {
      {"Get", Get("/a?x=1&y=%20"), Answered("GET /a x=1&y=%20 []")},
      {"Pipelined", Get("/a") + Post("/b", "body") + Get("/a"),
       a + Answered("POST /b  [body]") + a},
      {"ContentLength", Post("/b", "{}"), Answered("POST /b  [{}]")},
      {"EmptyBody", Post("/b", ""), Answered("POST /b  []")},
      {"Chunked", chunked + "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n",
       Answered("POST /c  [abcde]")},
      {"ChunkedEmpty", chunked + "0\r\n\r\n", Answered("POST /c  []")},
      {"ChunkedEmptyWithTrailer", chunked + "00\r\nT: x\r\n\r\n" + Get("/a"),
       Answered("POST /c  []") + a},
      {"ChunkedThenNext", chunked + "1\r\nx\r\n0\r\n\r\n" + Get("/a"),
       Answered("POST /c  [x]") + a},
      {"LeadingEmptyLines", "\r\n\r\n" + Get("/a"), a},
      {"AbsoluteForm", Get("http://example.test/a?q"), Answered("GET /a q []")},
      {"AbsoluteFormWithoutPath", Get("http://example.test"), Answered("GET /  []")},
      {"Http10", "GET /a HTTP/1.0\r\n\r\n", Answered("GET /a  []", "Connection: close\r\n"), true},
      {"Http10KeepAlive", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
       Answered("GET /a  []", "Connection: keep-alive\r\n")},
      {"AskedToClose", Get("/a", "Connection: close\r\n") + Get("/never"),
       Answered("GET /a  []", "Connection: close\r\n"), true},
      {"Expect", "POST /b HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n",
       "HTTP/1.1 100 Continue\r\n\r\n"},
      {"ExpectWithBodyThere",
       "POST /b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
       Answered("POST /b  [{}]")},
      {"ExpectTooLarge",
       "POST /b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n",
       TooLargeAnswer(), true},
      {"BodyAtLimit", Post("/b", std::string(1'000, 'b')),
       Answered("POST /b  [" + std::string(1'000, 'b') + "]")},
      {"BodyTooLarge", Post("/b", std::string(1'001, 'b')), TooLargeAnswer(), true},
      {"ChunksTooLarge", chunked + "300\r\n" + std::string(768, 'b') + "\r\n300\r\n",
       TooLargeAnswer(), true},
      {"NoHttp", "hello\r\n\r\n", bad, true},
      {"TlsToPlain", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), bad, true},
      {"Http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bad, true},
      {"NoTarget", "GET HTTP/1.1\r\nHost: h\r\n\r\n", bad, true},
      {"RelativeTarget", Get("a/b"), bad, true},
      {"BadField", "GET /a HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", bad, true},
      {"NegativeLength", "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", bad, true},
      {"TwoLengths",
       "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", bad,
       true},
      {"LengthAndChunks",
       "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n",
       bad, true},
      {"BadChunk", chunked + "zz\r\n", bad, true},
      {"NoHost", "GET /a HTTP/1.1\r\n\r\n",
       PlainError("400 Bad Request", ": missing required Host header"), true},
      {"HeaderTooLarge", Get("/a", "X: " + std::string(70'000, 'x') + "\r\n"),
       PlainError("431 Request Header Fields Too Large"), true},
      {"GoodThenBad", Get("/a") + "?\r\n\r\n", a + bad, true},
  };
}

class Wire : public ::testing::TestWithParam<WireCase> {};

TEST_P(Wire, Answers) {
  HttpBench bench;
  TestClient client = bench.Dial();
  EXPECT_EQ(client.Ask(GetParam().sent), GetParam().expected);
  EXPECT_EQ(client.closed(), GetParam().closes);
  if (!GetParam().closes) {
    EXPECT_EQ(bench.listener.connections(), 1U);
  }
  client.Close();
  EXPECT_EQ(bench.listener.connections(), 0U);
}

TEST_P(Wire, AnswersByteByByte) {
  HttpBench bench;
  TestClient client = bench.Dial();
  std::string_view left = GetParam().sent;
  const std::size_t piece = 1 + left.size() / 10'000;
  std::string all;
  while (!left.empty() && !client.closed()) {
    all += client.Ask(left.substr(0, piece));
    left.remove_prefix(std::min(piece, left.size()));
  }
  std::string expected = GetParam().expected;
  // Here the body comes late, so it has to be asked for.
  if (GetParam().name == std::string("ExpectWithBodyThere")) {
    expected = "HTTP/1.1 100 Continue\r\n\r\n" + expected;
  }
  EXPECT_EQ(all, expected);
  EXPECT_EQ(client.closed(), GetParam().closes);
}

INSTANTIATE_TEST_SUITE_P(Http, Wire, ::testing::ValuesIn(WireCases()),
                         [](const auto& tested) { return tested.param.name; });

TEST(HttpConnection, PassesTheFieldsOn) {
  HttpBench bench;
  TestClient client = bench.Dial();
  client.Ask(Get("/a",
                 "accept: x/y\r\nAccept: z\r\nContent-Type: c\r\nAUTHORIZATION: Bearer t\r\n"
                 "User-Agent: u\r\n"));
  const Request& request = bench.handler.last;
  EXPECT_EQ(request.accept, "x/y,z");
  EXPECT_EQ(request.content_type, "c");
  EXPECT_EQ(request.authorization, "Bearer t");
  EXPECT_EQ(request.user_agent, "u");
  client.Ask(Get("/b"));
  EXPECT_EQ(request.accept + request.content_type + request.authorization + request.user_agent, "");
}

TEST(HttpConnection, HeadHasNoBody) {
  HttpBench bench;
  TestClient client = bench.Dial();
  const std::string answer = client.Ask("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" + Get("/a"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 11\r\n\r\nHTTP/1.1 200 OK"));
}

TEST(HttpConnection, LargeAnswersKeepTheOrder) {
  HttpBench bench;
  TestClient client = bench.Dial();
  const std::string large = Answered(std::string(1'000'000, 'L'));
  EXPECT_EQ(client.Ask(Get("/a") + Get("/large") + Get("/a") + Get("/large")),
            Answered("GET /a  []") + large + Answered("GET /a  []") + large);
}

TEST(HttpConnection, ManyPipelinedRequests) {
  HttpBench bench;
  TestClient client = bench.Dial();
  std::string sent, expected;
  for (int i = 0; i < 2'000; ++i) {
    sent += Post("/" + std::to_string(i), "x");
    expected += Answered("POST /" + std::to_string(i) + "  [x]");
  }
  EXPECT_EQ(client.Ask(sent), expected);
}

TEST(HttpConnection, IdleConnectionsAreClosed) {
  HttpBench bench;
  TestClient silent = bench.Dial();
  TestClient busy = bench.Dial();
  TestClient slow = bench.Dial();
  for (int i = 0; i < 10; ++i) {
    bench.Advance(Duration::Seconds(30));
    busy.Ask(Get("/a"));
    slow.Receive();
    if (!slow.closed()) slow.Send("G");  // never a whole request
    if (i == 2) {
      EXPECT_EQ(bench.listener.connections(), 3U);
    }
    if (i == 3) {  // at 120 s
      EXPECT_EQ(bench.listener.connections(), 2U);
    }
  }
  EXPECT_EQ(bench.listener.connections(), 1U);
  silent.Receive();
  EXPECT_TRUE(silent.closed());
  busy.Receive();
  EXPECT_FALSE(busy.closed());
}

TEST(HttpConnection, ARequestHasTheIdleTimeFromItsFirstByte) {
  HttpBench bench;
  TestClient client = bench.Dial();
  bench.Advance(Duration::Seconds(119));
  client.Send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n");
  bench.Advance(Duration::Seconds(100));
  EXPECT_EQ(client.Ask("{}"), Answered("POST /b  [{}]"));
}

TEST(HttpConnection, AClientThatDoesNotReadItsAnswerIsClosed) {
  HttpBench bench;
  bench.handler.large = 10'000'000;
  TestClient client = bench.Dial();
  client.Send(Get("/large"));
  bench.Advance(Duration::Seconds(121));
  EXPECT_EQ(bench.listener.connections(), 0U);
}

TEST(HttpConnection, ClosesInTheMiddleOfARequest) {
  HttpBench bench;
  TestClient client = bench.Dial();
  client.Send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nabc");
  client.Close();
  EXPECT_EQ(bench.listener.connections(), 0U);
  EXPECT_EQ(bench.handler.handled, 0);
}

TEST(HttpWatch, StreamsInChunks) {
  HttpBench bench;
  TestClient client = bench.Dial();
  EXPECT_EQ(client.Ask(Get("/watch")), WatchHead());
  const auto watch = bench.handler.watch();
  watch->Put("one\n");
  watch->Put("two\n");
  EXPECT_EQ(client.Receive(), "8\r\none\ntwo\n\r\n");  // what came together goes out together
  watch->Put(std::string(20, 'x'));
  EXPECT_EQ(client.Receive(), "14\r\n" + std::string(20, 'x') + "\r\n");
  watch->over = true;
  watch->Put("end");
  EXPECT_EQ(client.Ask(Get("/a")), "3\r\nend\r\n0\r\n\r\n" + Answered("GET /a  []"));
}

TEST(HttpWatch, FirstBytesComeWithTheHead) {
  HttpBench bench;
  bench.handler.on_watch = [](TestWatch* watch) { watch->ready = "first"; };
  TestClient client = bench.Dial();
  EXPECT_EQ(client.Ask(Get("/watch")), WatchHead() + "5\r\nfirst\r\n");
}

TEST(HttpWatch, LooksWhenItIsDue) {
  HttpBench bench;
  bench.handler.on_watch = [](TestWatch* watch) {
    watch->due_at = Instant{Duration::Seconds(60).ns};
  };
  TestClient client = bench.Dial();
  client.Ask(Get("/watch"));
  const auto watch = bench.handler.watch();
  const int before = watch->takes;
  bench.Advance(Duration::Milliseconds(59'999));
  EXPECT_EQ(watch->takes, before);
  watch->ready = "bookmark";
  watch->due_at = Instant{Duration::Seconds(120).ns};
  bench.Advance(Duration::Milliseconds(1));
  EXPECT_EQ(client.Receive(), "8\r\nbookmark\r\n");
  watch->over = true;
  bench.Advance(Duration::Seconds(60));
  EXPECT_EQ(client.Receive(), "0\r\n\r\n");
}

TEST(HttpWatch, OutlivesTheIdleTime) {
  HttpBench bench;
  TestClient client = bench.Dial();
  client.Ask(Get("/watch"));
  bench.Advance(Duration::Seconds(1'000));
  bench.handler.watch()->Put("x");
  EXPECT_EQ(client.Receive(), "1\r\nx\r\n");
}

TEST(HttpWatch, IsDroppedWithItsClient) {
  HttpBench bench;
  TestClient client = bench.Dial();
  client.Ask(Get("/watch"));
  EXPECT_NE(bench.handler.watch(), nullptr);
  client.Close();
  EXPECT_EQ(bench.handler.watch(), nullptr);
  EXPECT_EQ(bench.listener.connections(), 0U);
}

// The stream would never end: it must not be asked for more than what the client reads.
TEST(HttpWatch, AClientThatDoesNotReadCostsOneBuffer) {
  HttpBench bench;
  bench.handler.on_watch = [](TestWatch* watch) { watch->endless = true; };
  TestClient client = bench.Dial();
  client.Send(Get("/watch"));
  const auto watch = bench.handler.watch();
  const int stuck = watch->takes;
  EXPECT_LT(stuck, 20);  // what the socket's own buffers take
  for (int i = 0; i < 1'000; ++i) watch->Put("");
  bench.Advance(Duration::Seconds(500));
  EXPECT_EQ(watch->takes, stuck);
  watch->endless = false;
  client.Receive();
  EXPECT_GT(watch->takes, stuck);
}

TEST(HttpWatch, IsNotAskedAgainWhileItsBytesAreOnTheirWay) {
  HttpBench bench;
  bench.handler.on_watch = [](TestWatch* watch) {
    watch->due_at = Instant{Duration::Seconds(60).ns};
  };
  TestClient client = bench.Dial();
  client.Ask(Get("/watch"));
  const auto watch = bench.handler.watch();
  watch->endless = true;
  watch->Put("");
  bench.loop.Poll();
  const int stuck = watch->takes;
  bench.Advance(Duration::Seconds(600));
  EXPECT_EQ(watch->takes, stuck);
}

TEST(HttpWatch, KeepsLittleOfWhatComesBehindIt) {
  HttpBench bench;
  TestClient client = bench.Dial();
  client.Ask(Get("/watch"));
  EXPECT_LT(client.SendAllThatFits(), 1'000'000U);
  EXPECT_EQ(bench.handler.handled, 1);
}

TEST(HttpWatch, RequestsBehindItWait) {
  HttpBench bench;
  TestClient client = bench.Dial();
  EXPECT_EQ(client.Ask(Get("/watch") + Get("/a")), WatchHead());
  std::string many;
  while (many.size() < 50'000) many += Get("/b");
  client.Send(many);
  EXPECT_EQ(bench.handler.handled, 1);
  const auto watch = bench.handler.watch();
  watch->over = true;
  watch->Put("");
  EXPECT_THAT(client.Receive(), StartsWith("0\r\n\r\n" + Answered("GET /a  []")));
}

TEST(HttpWatch, Http10GetsItUpToTheEndOfTheConnection) {
  HttpBench bench;
  bench.handler.on_watch = [](TestWatch* watch) {
    watch->ready = "first";
    watch->over = true;
  };
  TestClient client = bench.Dial();
  EXPECT_EQ(client.Ask("GET /watch HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nCache-Control: no-cache, private\r\nContent-Type: "
            "application/json\r\nConnection: close\r\n\r\nfirst");
  EXPECT_TRUE(client.closed());
}

TEST(HttpWatch, ManyAreWokenByOnePost) {
  HttpBench bench;
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<TestClient>(&bench.loop, bench.listener.Dial()));
    clients.back()->Ask(Get("/watch"));
  }
  clients[10]->Close();
  for (const auto& watch : bench.handler.watches) {
    if (const auto open = watch.lock()) open->Put("x");
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    if (i != 10) {
      EXPECT_EQ(clients[i]->Receive(), "1\r\nx\r\n") << i;
    }
  }
}

TEST(HttpListener, EndsWithWatchesAndRequestsUnderWay) {
  net::IoLoop loop(net::LoopTime::kVirtual);
  TestHandler handler(&loop);
  auto listener = std::make_unique<HttpListener>(&loop, &handler, HttpFrontOptions(), 100, nullptr);
  TestClient watching(&loop, listener->Dial());
  TestClient half(&loop, listener->Dial());
  watching.Ask(Get("/watch"));
  half.Send("POST ");
  handler.watch()->Put("woken, and then there is nobody any more");
  listener.reset();
  EXPECT_EQ(handler.watch(), nullptr);
  watching.Receive();
  half.Receive();
  EXPECT_TRUE(watching.closed() && half.closed());
  loop.AdvanceTo(Instant{Duration::Seconds(1'000).ns});
}

}  // namespace
}  // namespace fairlead::apiserver
