#include "scheduler/kube/splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/kube/harness.h"

namespace fairlead::kube {
namespace {

using ::testing::ElementsAre;

// Feeds `body` in pieces of `size` bytes.
template <typename Splitter>
Status FeedIn(Splitter* splitter, std::string_view body, std::size_t size) {
  for (std::size_t at = 0; at < body.size(); at += size) {
    if (Status fed = splitter->Feed(body.substr(at, size)); !fed) return fed;
  }
  return Ok{};
}

TEST(ProtoListSplitter, GivesTheSameItemsForEveryCut) {
  const std::vector<PodSpec> pods = {NamedPod("a"), NamedPod("b"), NamedPod("c")};
  const std::string body = PodListBody(pods, "42", "more");
  for (std::size_t size = 1; size <= body.size(); ++size) {
    std::vector<std::string> items;
    ProtoListSplitter splitter([&](std::string_view item) { items.emplace_back(item); });
    ASSERT_TRUE(FeedIn(&splitter, body, size).ok()) << size;
    ASSERT_THAT(items, ElementsAre(ToProto(pods[0]), ToProto(pods[1]), ToProto(pods[2]))) << size;
    const Result<ListMeta> meta = splitter.Finish();
    ASSERT_TRUE(meta.ok()) << size;
    EXPECT_EQ(meta->resource_version, "42");
    EXPECT_EQ(meta->continue_token, "more");
  }
}

TEST(ProtoListSplitter, EveryShortenedBodyIsAnError) {
  const std::string body = PodListBody({NamedPod("a")}, "42");
  for (std::size_t size = 0; size < body.size(); ++size) {
    ProtoListSplitter splitter([](std::string_view) {});
    ASSERT_TRUE(splitter.Feed(std::string_view(body).substr(0, size)).ok()) << size;
    EXPECT_FALSE(splitter.Finish().ok()) << size;
  }
}

TEST(ProtoListSplitter, RefusesOtherBytes) {
  const std::string big = std::string("k8s\0", 4) + "\x12\xff\xff\xff\x7f\x12\xff\xff\xff\x7f";
  for (const std::string& body :
       {std::string("{\"kind\":\"PodList\"}"), std::string("k8s\1", 4),
        std::string("k8s\0\x08\x01", 6), big, std::string("k8s\0", 4) + std::string(12, '\xff')}) {
    ProtoListSplitter splitter([](std::string_view) {});
    EXPECT_FALSE(FeedIn(&splitter, body, 1).ok());
  }
}

TEST(FrameSplitter, GivesTheSameFramesForEveryCut) {
  const std::string lengths("\0\0\0\2ab\0\0\0\1c\0\0\0\3def", 18);
  const std::string lines = "ab\nc\n\ndef\n";
  for (std::size_t size = 1; size <= lengths.size(); ++size) {
    std::vector<std::string> by_length;
    FrameSplitter one(FrameSplitter::Form::kLengths,
                      [&](std::string_view frame) { by_length.emplace_back(frame); });
    ASSERT_TRUE(FeedIn(&one, lengths, size).ok());
    EXPECT_THAT(by_length, ElementsAre("ab", "c", "def")) << size;

    std::vector<std::string> by_line;
    FrameSplitter two(FrameSplitter::Form::kLines,
                      [&](std::string_view frame) { by_line.emplace_back(frame); });
    ASSERT_TRUE(FeedIn(&two, lines, size).ok());
    EXPECT_THAT(by_line, ElementsAre("ab", "c", "def")) << size;
  }
}

TEST(FrameSplitter, RefusesAFrameWithoutEnd) {
  FrameSplitter lengths(FrameSplitter::Form::kLengths, [](std::string_view) {});
  EXPECT_FALSE(lengths.Feed("\x7f\xff\xff\xff").ok());
  FrameSplitter lines(FrameSplitter::Form::kLines, [](std::string_view) {});
  const std::string piece(1U << 20, 'x');
  bool refused = false;
  for (int i = 0; i < 20 && !refused; ++i) refused = !lines.Feed(piece).ok();
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace fairlead::kube
