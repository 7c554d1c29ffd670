// Watches: what is delivered from which version, changes of a selection, bookmarks, the end, wakes,
// and what a reader that is too slow is told.
#include <fmt/format.h>

#include "tests/unit/apiserver/api_fixture.h"

namespace fairlead::apiserver {
namespace {

constexpr std::size_t kAll = 1U << 20;

class ApiWatch : public ApiFixture {
 protected:
  ApiWatch() { MakeLabelled("a"); }

  void MakeLabelled(std::string_view name, std::string_view label = "on") {
    Make("configmaps", ConfigMap(name, "1", fmt::format(R"(,"labels":{{"x":"{}"}})", label)));
  }
  void Put(std::string_view name, std::string_view value, std::string_view label = "on") {
    const auto answer =
        api_->Update(Of("configmaps"), {"default", std::string(name)}, "",
                     ConfigMap(name, value, fmt::format(R"(,"labels":{{"x":"{}"}})", label)));
    ASSERT_TRUE(answer.ok());
  }
  void Remove(const std::string& name) {
    ASSERT_TRUE(api_->Delete(Of("configmaps"), {"default", name}).ok());
  }
  Answer<std::shared_ptr<WatchStream>> Try(const WatchOptions& options) {
    return api_->Watch(Of("configmaps"), options, std::make_shared<ShortFrames>());
  }
  std::shared_ptr<WatchStream> Watch(WatchOptions options) {
    options.ns = "default";
    auto answer = Try(options);
    EXPECT_TRUE(answer.ok());
    return answer.ok() ? *answer : nullptr;
  }
  static WatchOptions From(std::uint64_t version) {
    WatchOptions options;
    options.resource_version = std::to_string(version);
    return options;
  }
  std::uint64_t revision() const { return api_->store().revision(); }

  // Frames with revisions as differences from `base_`; "END" where the watch is over.
  std::string Take(WatchStream& stream, std::size_t max_bytes = kAll) {
    std::string out;
    const bool goes_on = stream.Take(max_bytes, &out);
    std::string shown;
    for (std::size_t at = 0; at < out.size();) {
      const std::size_t end = out.find('\n', at);
      const std::string line = out.substr(at, end - at);
      at = end + 1;
      const std::size_t sign = line.find('@');
      if (sign == std::string::npos) {
        shown += line + ";";
        continue;
      }
      std::size_t digits = 0;
      const std::uint64_t version = std::stoull(line.substr(sign + 1), &digits);
      shown +=
          fmt::format("{}@{}{};", line.substr(0, sign), static_cast<std::int64_t>(version - base_),
                      line.substr(sign + 1 + digits));
    }
    return shown + (goes_on ? "" : "END");
  }

  std::uint64_t base_ = api_->store().revision() + 1;  // that of "a"
};

TEST_F(ApiWatch, WithoutAVersionTheStateComesFirst) {
  MakeLabelled("b");
  for (const char* version : {"", "0"}) {
    WatchOptions options;
    options.resource_version = version;
    const auto stream = Watch(options);
    EXPECT_EQ(Take(*stream), "ADDED a@0;ADDED b@1;");
    EXPECT_EQ(Take(*stream), "");
  }
}

TEST_F(ApiWatch, EachChangeOnceAndInOrder) {
  const auto stream = Watch(From(base_));
  EXPECT_EQ(Take(*stream), "");
  MakeLabelled("b");
  Put("a", "2");
  EXPECT_EQ(Take(*stream), "ADDED b@1;MODIFIED a@2;");
  Remove("b");
  MakeLabelled("b");
  // The deletion carries its own revision.
  EXPECT_EQ(Take(*stream), "DELETED b@3;ADDED b@4;");
  EXPECT_EQ(Take(*Watch(From(base_ + 1))), "MODIFIED a@2;DELETED b@3;ADDED b@4;");
}

TEST_F(ApiWatch, ASelectionThatChangesAddsAndDeletes) {
  WatchOptions on = From(base_), off = From(base_);
  on.labels = *ParseLabelSelector("x=on");
  off.labels = *ParseLabelSelector("x=off");
  const auto first = Watch(on);
  const auto second = Watch(off);
  Put("a", "1", "off");
  Put("a", "1", "on");
  Put("a", "2", "on");
  Remove("a");
  EXPECT_EQ(Take(*first), "DELETED a@1;ADDED a@2;MODIFIED a@3;DELETED a@4;");
  EXPECT_EQ(Take(*second), "ADDED a@1;DELETED a@2;");
}

TEST_F(ApiWatch, PlaceAndNameRestrict) {
  WatchOptions named = From(base_);
  named.fields = *ParseFieldSelector(Of("configmaps"), "metadata.name=b");
  const auto stream = Watch(named);
  MakeLabelled("b");
  MakeLabelled("c");
  ASSERT_TRUE(api_->Create(Of("configmaps"), "kube-system", ConfigMap("b")).ok());
  Make("pods", Pod("b"));
  EXPECT_EQ(Take(*stream), "ADDED b@1;");
  WatchOptions everywhere = From(base_);
  EXPECT_EQ(Take(**Try(everywhere)), "ADDED b@1;ADDED c@2;ADDED b@3;");
}

TEST_F(ApiWatch, SmallTakesLoseNothing) {
  WatchOptions options;
  const auto stream = Watch(options);
  MakeLabelled("b");
  MakeLabelled("c");
  EXPECT_EQ(Take(*stream, 1), "ADDED a@0;");
  EXPECT_EQ(stream->due(), Instant{});  // there is more
  EXPECT_EQ(Take(*stream, 1), "ADDED b@1;");
  EXPECT_EQ(Take(*stream, 1), "ADDED c@2;");
  EXPECT_EQ(Take(*stream, 1), "");
  EXPECT_GT(stream->due(), clock_.now);
}

TEST_F(ApiWatch, WakesOnceAndOnlyForWhatItSelects) {
  WatchOptions options = From(base_);
  options.labels = *ParseLabelSelector("x=on");
  const auto stream = Watch(options);
  int wakes = 0;
  stream->OnReady([&wakes] { ++wakes; });
  EXPECT_EQ(Take(*stream), "");
  Make("pods", Pod("p"));
  MakeLabelled("b", "off");
  ASSERT_TRUE(
      api_->Create(Of("configmaps"), "kube-system", ConfigMap("k", "1", R"(,"labels":{"x":"on"})"))
          .ok());
  EXPECT_EQ(wakes, 0);
  MakeLabelled("c");
  MakeLabelled("d");
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(Take(*stream), "ADDED c@4;ADDED d@5;");
  Put("c", "1", "off");  // it leaves the selection
  EXPECT_EQ(wakes, 2);
}

TEST_F(ApiWatch, TheHistoryBindsReadersNotQuietWatches) {
  Start(Profile::k120, 3);
  MakeLabelled("a");
  base_ = revision();
  const auto quiet = Watch(From(base_));
  const auto slow = Watch(From(base_));
  EXPECT_EQ(Take(*quiet), "");
  EXPECT_EQ(Take(*slow), "");
  for (int i = 0; i < 10; ++i) Make("pods", Pod(fmt::format("p{}", i)));
  MakeLabelled("b");
  EXPECT_EQ(Take(*quiet), "ADDED b@11;");
  for (int i = 10; i < 20; ++i) Make("pods", Pod(fmt::format("p{}", i)));
  const std::string told = fmt::format("ERROR 410 too old resource version: {} ({});END",
                                       base_ + 10, api_->store().oldest());
  EXPECT_EQ(Take(*slow), told);
  EXPECT_EQ(Take(*Watch(From(base_ + 10))), told);
  EXPECT_EQ(Take(*quiet), "");
}

TEST_F(ApiWatch, AVersionToComeIsWaitedFor) {
  const auto stream = Watch(From(base_ + 2));
  EXPECT_EQ(Take(*stream), "");
  for (const char* name : {"b", "c", "d"}) MakeLabelled(name);
  EXPECT_EQ(Take(*stream), "ADDED d@3;");
}

TEST_F(ApiWatch, EndsOnTime) {
  WatchOptions options = From(base_);
  options.timeout_s = 30;
  const auto stream = Watch(options);
  EXPECT_EQ(Take(*stream), "");
  EXPECT_EQ(stream->due(), clock_.now + Duration::Seconds(30));
  clock_.now = clock_.now + Duration::Seconds(30);
  MakeLabelled("b");
  EXPECT_EQ(Take(*stream), "ADDED b@1;END");
  // Without a timeout the server chooses, from one to two times its minimum.
  const auto unlimited = Watch(From(base_));
  (void)Take(*unlimited);
  EXPECT_GE(unlimited->due(), clock_.now + Duration::Seconds(1'800));
  EXPECT_LT(unlimited->due(), clock_.now + Duration::Seconds(3'600));
  WatchOptions over = From(base_ + 1);
  over.timeout_s = -1;
  EXPECT_EQ(Take(*Watch(over)), "END");
}

TEST_F(ApiWatch, BookmarksAtTheIntervalAndBeforeTheEnd) {
  WatchOptions options = From(base_);
  options.timeout_s = 150;
  const auto plain = Watch(options);
  options.bookmarks = true;
  const auto stream = Watch(options);
  const Instant start = clock_.now;
  EXPECT_EQ(Take(*stream), "");
  Make("pods", Pod("p"));  // moves the revision without concerning the watch
  const struct {
    std::int64_t at_s;
    std::string frames;
  } kSteps[] = {
      {59, ""},  {60, "BOOKMARK @1;"}, {61, ""}, {120, "BOOKMARK @1;"}, {148, "BOOKMARK @1;"},
      {149, ""}, {150, "END"}};
  for (const auto& step : kSteps) {
    EXPECT_TRUE(step.frames.empty() || stream->due() == start + Duration::Seconds(step.at_s));
    clock_.now = start + Duration::Seconds(step.at_s);
    EXPECT_EQ(Take(*stream), step.frames) << step.at_s;
    EXPECT_EQ(Take(*plain), step.at_s == 150 ? "END" : "") << step.at_s;
  }
}

TEST_F(ApiWatch, WatchListInTheCurrentProfile) {
  Start(Profile::kCurrent, 1000);
  MakeLabelled("a");
  base_ = revision();
  WatchOptions options;
  options.send_initial_events = true;
  options.resource_version_match = "NotOlderThan";
  EXPECT_EQ(Take(*Watch(options)), "ADDED a@0;");
  options.bookmarks = true;
  const auto stream = Watch(options);
  MakeLabelled("b");
  EXPECT_EQ(Take(*stream), "ADDED a@0;BOOKMARK @0 initial-events-end;ADDED b@1;");
  options.resource_version = std::to_string(base_);
  EXPECT_EQ(Take(*Watch(options)), "ADDED a@0;ADDED b@1;BOOKMARK @1 initial-events-end;");
  options.resource_version = "999999";
  EXPECT_EQ(Take(*Watch(options)),
            fmt::format("ERROR 504 Timeout: Too large resource version: 999999, current: {};END",
                        revision()));
}

TEST_F(ApiWatch, OptionsThatDoNotGoTogether) {
  const std::string invalid = "422 Invalid: ListOptions.meta.k8s.io \"\" is invalid: ";
  const struct {
    Profile profile;
    std::string version, match;
    bool initial;
    std::string outcome;
  } kCases[] = {
      {Profile::k120, "zz", "", false,
       "500 : resourceVersion: Invalid value: \"zz\": strconv.ParseUint: parsing \"zz\": invalid "
       "syntax"},
      {Profile::k120, "1", "NotOlderThan", false,
       invalid + "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch"},
      {Profile::k120, "", "NotOlderThan", true,
       invalid + "[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch, "
                 "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
                 "resourceVersion is provided]"},
      {Profile::k120, "", "", true, "ok"},  // the parameter is not known
      {Profile::kCurrent, "1", "NotOlderThan", false,
       invalid + "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch "
                 "unless sendInitialEvents is provided"},
      {Profile::kCurrent, "", "", true,
       invalid + "resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
                 "resourceVersionMatch to NotOlderThan"},
  };
  for (const auto& test : kCases) {
    Start(test.profile, 1000);
    WatchOptions options;
    options.resource_version = test.version;
    options.resource_version_match = test.match;
    options.send_initial_events = test.initial;
    EXPECT_EQ(Outcome(Try(options)), test.outcome);
  }
}

TEST_F(ApiWatch, AStreamThatIsGoneHearsNothing) {
  auto stream = Watch(From(base_));
  int wakes = 0;
  stream->OnReady([&wakes] { ++wakes; });
  (void)Take(*stream);
  stream.reset();
  MakeLabelled("b");
  EXPECT_EQ(wakes, 0);
}

}  // namespace
}  // namespace fairlead::apiserver
