// Bindings and evictions. The words of the errors are those of Kubernetes 1.20.
#include "tests/unit/apiserver/api_fixture.h"

namespace fairlead::apiserver {
namespace {

class ApiBind : public ApiFixture {
 protected:
  static json::object Binding(std::string_view pod, std::string_view node) {
    return Parse(fmt::format(
        R"({{"apiVersion":"v1","kind":"Binding","metadata":{{"name":"{}"}},
            "target":{{"kind":"Node","name":"{}"}}}})",
        pod, node));
  }
  static json::object Eviction(std::string_view pod, std::string_view options = "{}") {
    return Parse(fmt::format(R"({{"apiVersion":"policy/v1beta1","kind":"Eviction",
                                  "metadata":{{"name":"{}"}},"deleteOptions":{}}})",
                             pod, options));
  }
  void SetStatus(std::string_view storage, const std::string& name, json::object object,
                 std::string_view status) {
    object["status"] = Parse(status);
    const auto current = api_->Get(Of(storage), {"default", name});
    ASSERT_TRUE(current.ok());
    At(&object, {"metadata", "resourceVersion"}) = std::to_string((*current)->revision);
    ASSERT_TRUE(api_->Update(Of(storage), {"default", name}, "status", std::move(object)).ok());
  }
  // A running pod "p" with label app=a, and a budget that covers it.
  void RunUnderBudget(int allowed) {
    const json::object pod = Pod("p", "n", R"(,"labels":{"app":"a"})");
    Make("pods", pod);
    SetStatus("pods", "p", pod,
              R"({"phase":"Running","conditions":[{"type":"Ready","status":"True"}]})");
    const json::object budget = Parse(R"({"apiVersion":"policy/v1beta1",
        "kind":"PodDisruptionBudget","metadata":{"name":"b"},
        "spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"a"}}}})");
    Make("poddisruptionbudgets.policy", budget);
    SetStatus("poddisruptionbudgets.policy", "b", budget,
              fmt::format(R"({{"disruptionsAllowed":{},"currentHealthy":2,"desiredHealthy":1,
                             "expectedPods":2,"observedGeneration":1}})",
                          allowed));
  }
  std::int64_t Allowed() const {
    const auto found = api_->Get(Of("poddisruptionbudgets.policy"), {"default", "b"});
    return found ? GetInt((*found)->object, {"status", "disruptionsAllowed"}, -1) : -1;
  }
  bool Deleting(const std::string& pod) const {
    return !Text("pods", pod, {"metadata", "deletionTimestamp"}).empty();
  }
};

TEST_F(ApiBind, ABindingIsOneChange) {
  const VersionPtr made = Make("pods", Pod("p"));
  ASSERT_TRUE(api_->Bind({"default", "p"}, Binding("p", "n")).ok());
  EXPECT_EQ(api_->store().revision(), made->revision + 1);
  EXPECT_EQ(Text("pods", "p", {"spec", "nodeName"}), "n");
  EXPECT_EQ(Outcome(api_->Bind({"default", "p"}, Binding("p", "m"))),
            "409 Conflict: Operation cannot be fulfilled on pods/binding \"p\": pod p is already "
            "assigned to node \"n\"");
}

TEST_F(ApiBind, BindRefuses) {
  Make("pods", Pod("p"));
  const std::uint64_t revision = api_->store().revision();
  const struct {
    std::string pod;
    json::object binding;
    std::string outcome;
  } kCases[] = {
      {"p", Binding("zz", "n"),
       "400 BadRequest: name in URL does not match name in Binding object"},
      {"p", Parse("{}"), "400 BadRequest: name in URL does not match name in Binding object"},
      {"p", Binding("p", ""), "500 : target.name: Required value"},
      {"nope", Binding("nope", "n"), "404 NotFound: pods \"nope\" not found"},
      {"nope", Binding("nope", ""), "500 : target.name: Required value"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Outcome(api_->Bind({"default", test.pod}, test.binding)), test.outcome);
  }
  EXPECT_TRUE(api_->Bind({"default", "p"}, Binding("p", "n"), true).ok());
  EXPECT_EQ(api_->store().revision(), revision);
}

TEST_F(ApiBind, AnEvictionIsADeleteWithItsOptions) {
  Make("pods", Pod("p", "n"));
  EXPECT_EQ(Outcome(api_->Evict({"default", "p"}, Eviction("q"))),
            "400 BadRequest: name in URL does not match name in Eviction object");
  EXPECT_EQ(Outcome(api_->Evict({"default", "q"}, Eviction("q"))),
            "404 NotFound: pods \"q\" not found");
  const auto foreign =
      api_->Evict({"default", "p"}, Eviction("p", R"({"preconditions":{"uid":"q"}})"));
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code, 409);
  EXPECT_EQ(foreign.error().kind, "Pod");
  ASSERT_TRUE(api_->Evict({"default", "p"}, Eviction("p", R"({"dryRun":["All"]})")).ok());
  EXPECT_FALSE(Deleting("p"));
  ASSERT_TRUE(api_->Evict({"default", "p"}, Eviction("p")).ok());
  EXPECT_TRUE(Deleting("p"));
  ASSERT_TRUE(api_->Evict({"default", "p"}, Eviction("p")).ok());  // again: nothing more happens
  ASSERT_TRUE(api_->Evict({"default", "p"}, Eviction("p", R"({"gracePeriodSeconds":0})")).ok());
  EXPECT_FALSE(Exists("pods", "p"));
}

TEST_F(ApiBind, ABudgetAllowsAndIsCharged) {
  RunUnderBudget(1);
  ASSERT_TRUE(api_->Evict({"default", "p"}, Eviction("p", R"({"dryRun":["All"]})")).ok());
  EXPECT_EQ(Allowed(), 1);
  EXPECT_EQ(Outcome(api_->Evict({"default", "p"}, Eviction("p"))), "ok");
  EXPECT_TRUE(Deleting("p"));
  EXPECT_EQ(Allowed(), 0);
}

TEST_F(ApiBind, ABudgetForbids) {
  RunUnderBudget(0);
  const auto answer = api_->Evict({"default", "p"}, Eviction("p"));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, 429);
  EXPECT_FALSE(Deleting("p"));
  // A delete does not ask budgets, and what ends already needs none.
  ASSERT_TRUE(api_->Delete(Of("pods"), {"default", "p"}).ok());
  EXPECT_TRUE(api_->Evict({"default", "p"}, Eviction("p")).ok());
}

TEST_F(ApiBind, PodsThatDoNotRunNeedNoBudget) {
  RunUnderBudget(0);
  Make("pods", Pod("w", "n", R"(,"labels":{"app":"a"})"));  // Pending
  EXPECT_TRUE(api_->Evict({"default", "w"}, Eviction("w")).ok());
  EXPECT_TRUE(Deleting("w"));
}

}  // namespace
}  // namespace fairlead::apiserver
