// Lists: order, pages that show one revision, older revisions, and which options go together. The
// words of the errors are those of Kubernetes 1.20.
#include "tests/unit/apiserver/api_fixture.h"

namespace fairlead::apiserver {
namespace {

class ApiList : public ApiFixture {
 protected:
  ApiList() {
    for (const char* name : {"c", "a", "e", "b", "d"}) {
      Make("configmaps", ConfigMap(name, "1", fmt::format(R"(,"labels":{{"x":"{}"}})", name)));
    }
    before_ = api_->store().revision();
  }
  // d goes, f comes, a changes.
  void Churn() {
    ASSERT_TRUE(api_->Delete(Of("configmaps"), {"default", "d"}).ok());
    Make("configmaps", ConfigMap("f"));
    ASSERT_TRUE(api_->Update(Of("configmaps"), {"default", "a"}, "", ConfigMap("a", "2")).ok());
  }
  Answer<ListPage> List(const ListOptions& options) const {
    return api_->List(Of("configmaps"), options);
  }
  static std::string Names(const ListPage& page) {
    std::string names;
    for (const VersionPtr& item : page.items) {
      names += std::string(GetString(item->object, {"metadata", "name"})) + " ";
    }
    return names;
  }
  // "a b @rv" with "..." if there is more.
  std::string Show(const Answer<ListPage>& page) const {
    if (!page) return Outcome(page);
    const std::string more = page->continue_token.empty() ? "" : "... ";
    const std::string when = page->revision == before_ ? "before" : "now";
    return Names(*page) + more + when;
  }
  static ListOptions In(std::string ns, std::int64_t limit = 0) {
    ListOptions options;
    options.ns = std::move(ns);
    options.limit = limit;
    return options;
  }

  std::uint64_t before_ = 0;
};

TEST_F(ApiList, PagesShowOneRevisionWhateverHappens) {
  const auto first = List(In("default", 2));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(Show(first), "a b ... before");
  EXPECT_EQ(first->remaining, 3);
  Churn();
  ListOptions next = In("default", 2);
  next.continue_token = first->continue_token;
  const auto second = List(next);
  EXPECT_EQ(Show(second), "c d ... before");
  EXPECT_EQ(second->remaining, 1);
  next.continue_token = second->continue_token;
  EXPECT_EQ(Show(List(next)), "e before");
  next.continue_token = first->continue_token;
  next.limit = 0;
  EXPECT_EQ(Show(List(next)), "c d e before");
  // A token goes on over a key that exists no more.
  next.continue_token = second->continue_token;
  EXPECT_EQ(Show(List(next)), "e before");
  EXPECT_EQ(Show(List(In("default"))), "a b c e f now");
}

TEST_F(ApiList, ItemsAreSharedNotCopied) {
  const auto page = List(In("default"));
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->items.front(), *api_->Get(Of("configmaps"), {"default", "a"}));
}

TEST_F(ApiList, AllNamespacesInOrder) {
  ASSERT_TRUE(api_->Create(Of("configmaps"), "kube-system", ConfigMap("b")).ok());
  ASSERT_TRUE(api_->Create(Of("configmaps"), "kube-public", ConfigMap("z")).ok());
  const auto first = List(In("", 6));
  EXPECT_EQ(Show(first), "a b c d e z ... now");
  EXPECT_EQ(first->remaining, 1);
  ListOptions next = In("", 6);
  next.continue_token = first->continue_token;
  EXPECT_EQ(Show(List(next)), "b now");
}

TEST_F(ApiList, SelectorsAndPages) {
  ListOptions options = In("default", 1);
  options.labels = *ParseLabelSelector("x in (b,d)");
  const auto first = List(options);
  EXPECT_EQ(Show(first), "b ... before");
  EXPECT_EQ(first->remaining, 0);  // not told: the rest is not looked through
  options.continue_token = first->continue_token;
  const auto second = List(options);
  EXPECT_EQ(Show(second), "d ... before");  // e is left, selected or not
  options.continue_token = second->continue_token;
  EXPECT_EQ(Show(List(options)), "before");

  ListOptions named = In("default");
  named.fields = *ParseFieldSelector(Of("configmaps"), "metadata.name=c");
  EXPECT_EQ(Show(List(named)), "c before");
  named.ns.clear();
  EXPECT_EQ(Show(List(named)), "c before");
  named = In("default");
  named.fields = *ParseFieldSelector(Of("configmaps"), "metadata.name=zzz");
  EXPECT_EQ(Show(List(named)), "before");
}

TEST_F(ApiList, OptionsDecideOnTheRevision) {
  Churn();
  const std::string before = std::to_string(before_);
  const std::string now = "a b c e f now";
  const std::string too_large =
      fmt::format("504 Timeout: Timeout: Too large resource version: 999999, current: {}",
                  api_->store().revision());
  const std::string future = "500 : etcdserver: mvcc: required revision is a future revision";
  const std::string number =
      "resourceVersion: Invalid value: \"zz\": strconv.ParseUint: parsing \"zz\": invalid syntax";
  const std::string invalid = "422 Invalid: ListOptions.meta.k8s.io \"\" is invalid: ";
  const std::string unless =
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion "
      "is provided";
  const struct {
    std::string version, match;
    std::int64_t limit;
    std::string shown;
  } kCases[] = {
      {"", "", 0, now},
      {"0", "", 1, now},  // pages are ignored
      {before, "", 0, now},
      {before, "", 2, "a b ... before"},
      {before, "Exact", 0, "a b c d e before"},
      {before, "Exact", 2, "a b ... before"},
      {before, "NotOlderThan", 0, now},
      {before, "NotOlderThan", 1, "a ... now"},
      {"0", "NotOlderThan", 1, now},
      {"", "", -1, now},
      {"999999", "", 0, too_large},
      {"999999", "NotOlderThan", 1, too_large},
      {"999999", "", 1, future},
      {"999999", "Exact", 0, future},
      {"zz", "", 0, "500 : " + number},
      {"zz", "", 1, "400 BadRequest: invalid resource version: " + number},
      {"zz", "Exact", 0, "400 BadRequest: invalid resource version: " + number},
      {"", "Exact", 0, invalid + unless},
      {"0", "Exact", 0,
       invalid + "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for "
                 "resourceVersion \"0\""},
      {"", "zz", 0,
       invalid + "[" + unless +
           ", resourceVersionMatch: Unsupported value: \"zz\": supported "
           "values: \"Exact\", \"NotOlderThan\", \"\"]"},
  };
  for (const auto& test : kCases) {
    ListOptions options = In("default", test.limit);
    options.resource_version = test.version;
    options.resource_version_match = test.match;
    EXPECT_EQ(Show(List(options)), test.shown)
        << test.version << " " << test.match << " " << test.limit;
  }
  ListOptions future_list = In("default");
  future_list.resource_version = "999999";
  EXPECT_EQ(List(future_list).error().retry_after_s, 1);
}

TEST_F(ApiList, TokensAreChecked) {
  const std::string bad = "400 BadRequest: invalid continue token: continue key is not valid: ";
  const struct {
    std::string token, outcome;
  } kCases[] = {
      {"ab*d", bad + "illegal base64 data at input byte 2"},
      // {"v":"x","rv":5,"start":"a"}
      {"eyJ2IjoieCIsInJ2Ijo1LCJzdGFydCI6ImEifQ",
       bad + "server does not recognize this encoded version \"x\""},
      // {"v":"meta.k8s.io/v1","rv":0,"start":"a"}
      {"eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJhIn0",
       bad + "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"},
      // {"v":"meta.k8s.io/v1","rv":6,"start":""}
      {"eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6Niwic3RhcnQiOiIifQ",
       bad + "encoded start key empty (version meta.k8s.io/v1)"},
      // {"v":"meta.k8s.io/v1","rv":6,"start":"../x"}
      {"eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6Niwic3RhcnQiOiIuLi94In0", bad + "../x"},
      // {"v":"meta.k8s.io/v1","rv":-1,"start":"b"}: from there on, as it is now
      {"eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYiJ9", "b c ... before"},
  };
  for (const auto& test : kCases) {
    ListOptions options = In("default", 2);
    options.continue_token = test.token;
    EXPECT_EQ(Show(List(options)), test.outcome);
  }
  ListOptions options = In("default", 2);
  options.continue_token = List(options)->continue_token;
  options.resource_version = "0";
  EXPECT_EQ(Show(List(options)), "c d ... before");
  options.resource_version = "5";
  EXPECT_EQ(Outcome(List(options)),
            "400 BadRequest: specifying resource version is not allowed when using continue");
}

TEST_F(ApiList, WhatTheHistoryLostIsExpired) {
  Start(Profile::k120, 3);
  for (const char* name : {"a", "b", "c"}) Make("configmaps", ConfigMap(name));
  ListOptions options = In("default", 1);
  options.continue_token = List(options)->continue_token;
  ListOptions exact = In("default");
  exact.resource_version = std::to_string(api_->store().revision());
  exact.resource_version_match = "Exact";
  for (const char* name : {"d", "e", "f"}) Make("configmaps", ConfigMap(name));
  EXPECT_TRUE(List(options).ok());
  EXPECT_EQ(Names(*List(exact)), "a b c ");
  Make("configmaps", ConfigMap("g"));
  EXPECT_EQ(Outcome(List(options)).find("410 Expired: The provided continue parameter is too old"),
            0U);
  EXPECT_EQ(Outcome(List(exact)),
            "410 Expired: The resourceVersion for the provided list is too old.");
}

TEST_F(ApiList, AnOldRevisionIsWhatWasListedThen) {
  // Random writes; every list that was taken is found again by its revision.
  std::mt19937_64 random(7);
  std::vector<ListPage> taken;
  for (int step = 0; step < 300; ++step) {
    const std::string name(1, static_cast<char>('a' + random() % 8));
    if (random() % 3 == 0) {
      (void)api_->Delete(Of("configmaps"), {"default", name});
    } else if (Exists("configmaps", name)) {
      (void)api_->Update(Of("configmaps"), {"default", name}, "",
                         ConfigMap(name, std::to_string(step)));
    } else {
      Make("configmaps", ConfigMap(name));
    }
    if (step % 10 == 0) taken.push_back(*List(In("")));
  }
  for (const ListPage& page : taken) {
    ListOptions options = In("");
    options.resource_version = std::to_string(page.revision);
    options.resource_version_match = "Exact";
    EXPECT_EQ(List(options)->items, page.items) << page.revision;
  }
}

}  // namespace
}  // namespace fairlead::apiserver
