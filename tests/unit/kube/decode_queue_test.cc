// Queue objects: every field, and every text by which one is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fairlead/kube/decode.h"
#include "scheduler/kube/bodies.h"

namespace fairlead::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Json(const std::string& spec, const std::string& rest = "") {
  return R"({"apiVersion":"fairlead.dev/v1alpha1","kind":"Queue","metadata":{"name":"vision",)"
         R"("uid":"u-1","resourceVersion":"77","generation":3,)"
         R"("creationTimestamp":"2026-01-01T00:00:05Z"},"spec":)" +
         spec + rest + "}";
}

QueueObject Decode(const std::string& spec) {
  const Result<QueueInfo> info = QueueFromJson(Json(spec), nullptr);
  EXPECT_TRUE(info.ok());
  return info.ok() ? info->object : QueueObject{};
}

TEST(DecodeQueue, EveryField) {
  ObjectMeta meta;
  const Result<QueueInfo> info = QueueFromJson(
      Json(R"({"weight":"1.5","parent":"team","guarantee":{"memory":"64Gi","cpu":"1500m",)"
           R"("gpu/H100":8},"limit":{"pods":100,"example.com/fpga":"2"},"lendable":false,)"
           R"("borrowing":false,"lendingLimit":{"cpu":1},"priority":-7,"order":"fair_users",)"
           R"("reclaimable":false,"minRuntime":"1h30m","state":"drain","maxPendingGangs":5,)"
           R"("maxRunningGangs":0,"userLimit":"0.25","tenants":["a","b"],"unknown":{"x":[1]}})"),
      &meta);
  ASSERT_TRUE(info.ok());
  const QueueObject& object = info->object;
  EXPECT_EQ(object.invalid, "");
  EXPECT_EQ(object.uid, "u-1");
  EXPECT_EQ(object.generation, 3);
  EXPECT_EQ(object.created, *ParseInstant("2026-01-01T00:00:05Z"));
  QueueSpec expected;
  expected.name = "vision";
  expected.weight = 1'500'000;
  expected.parent = "team";
  expected.guarantee = {{"cpu", 1500}, {"gpu/H100", 8000}, {"memory", 68'719'476'736}};
  expected.limit = {{"example.com/fpga", 2}, {"pods", 100}};
  expected.lendable = false;
  expected.borrowing = false;
  expected.lending_limit = {{"cpu", 1000}};
  expected.priority = -7;
  expected.order = LeafOrder::kFairUsers;
  expected.reclaimable = false;
  expected.min_runtime = Duration::Seconds(5400);
  expected.state = QueueState::kDrain;
  expected.max_pending_gangs = 5;
  expected.max_running_gangs = 0;
  expected.user_limit = 250'000;
  expected.tenants = {"a", "b"};
  EXPECT_EQ(object.spec, expected);
  EXPECT_FALSE(info->shown_accepted);
  EXPECT_EQ(meta.name, "vision");
  EXPECT_EQ(meta.uid, "u-1");
  EXPECT_EQ(meta.resource_version, "77");
}

TEST(DecodeQueue, DefaultsWhereNothingIsSaid) {
  QueueSpec expected;
  expected.name = "vision";
  for (const char* spec : {"{}", "null", R"({"weight":null,"guarantee":null,"tenants":null})",
                           R"({"weight":1,"guarantee":{},"tenants":[]})"}) {
    EXPECT_EQ(Decode(spec).spec, expected) << spec;
    EXPECT_EQ(Decode(spec).invalid, "") << spec;
  }
}

TEST(DecodeQueue, WeightsAreExact) {
  struct Case {
    const char* text;
    std::int64_t millionths;
  };
  for (const Case& c :
       {Case{"3", 3'000'000}, Case{R"("3")", 3'000'000}, Case{R"("0.1")", 100'000},
        Case{R"(".5")", 500'000}, Case{R"("0.000001")", 1}, Case{R"("1000000")", 1'000'000'000'000},
        Case{"1000000", 1'000'000'000'000}, Case{R"("2.10")", 2'100'000}}) {
    const QueueObject object = Decode(std::string(R"({"weight":)") + c.text + "}");
    EXPECT_EQ(object.spec.weight, c.millionths) << c.text;
    EXPECT_EQ(object.invalid, "") << c.text;
  }
}

struct Bad {
  const char* spec;
  const char* begins;
};

constexpr const char* kWeight =
    "a number above 0 and up to 1000000; one with a fraction (at most six digits) as text, such as "
    "\"1.5\"";

TEST(DecodeQueue, BadValuesNameTheFieldWhatWasFoundAndWhatWasExpected) {
  for (const char* text : {"0", "-1", "1.5", "1000001", "\"0\"", "\"0.0000001\"", "\"-1\"", "\"\"",
                           "\".\"", "\"1.\"", "\"1,5\"", "\"NaN\"", "\"1e3\"", "\"Infinity\"",
                           "\" 1\"", "\"99999999999999999999\"", "true", "[]", "{}"}) {
    const QueueObject object = Decode(std::string(R"({"weight":)") + text + "}");
    EXPECT_EQ(object.invalid, std::string("spec.weight: found ") + text + ", expected " + kWeight);
    EXPECT_EQ(object.spec.weight, kWeightOne) << "nothing of it is used";
  }
  for (const Bad& bad : {
           Bad{R"("x")", R"(spec: found "x", expected an object)"},
           Bad{"[]", "spec: found [], expected an object"},
           Bad{R"({"parent":3})", "spec.parent: found 3, expected text of at most 128 bytes"},
           Bad{R"({"lendable":"yes"})", R"(spec.lendable: found "yes", expected true or false)"},
           Bad{R"({"borrowing":1})", "spec.borrowing: found 1, expected true or false"},
           Bad{R"({"reclaimable":0})", "spec.reclaimable: found 0, expected true or false"},
           Bad{R"({"priority":1.5})",
               "spec.priority: found 1.5, expected a whole number from -1000000000 to 1000000000"},
           Bad{R"({"priority":1000000001})", "spec.priority: found 1000000001, expected a whole"},
           Bad{R"({"order":"lifo"})",
               R"(spec.order: found "lifo", expected one of priority_fifo, fifo_strict, )"
               "shortest_first, fair_users"},
           Bad{R"({"state":"closed"})",
               R"(spec.state: found "closed", expected one of open, hold, drain)"},
           Bad{R"({"state":1})", "spec.state: found 1, expected one of open, hold, drain"},
           Bad{R"({"minRuntime":"-5s"})",
               R"(spec.minRuntime: found "-5s", expected a duration of at most 365d, such as )"},
           Bad{R"({"minRuntime":""})", "spec.minRuntime: found \"\", expected a duration"},
           Bad{R"({"minRuntime":30})", "spec.minRuntime: found 30, expected a duration"},
           Bad{R"({"minRuntime":"366d"})", "spec.minRuntime: found \"366d\", expected a duration"},
           Bad{R"({"maxPendingGangs":-1})",
               "spec.maxPendingGangs: found -1, expected a whole number from 0 to 1000000000"},
           Bad{R"({"maxRunningGangs":"5"})",
               "spec.maxRunningGangs: found \"5\", expected a whole number from 0 to 1000000000"},
           Bad{R"({"userLimit":0})",
               "spec.userLimit: found 0, expected a number above 0 and up to 1;"},
           Bad{R"({"userLimit":"1.000001"})",
               "spec.userLimit: found \"1.000001\", expected a number"},
           Bad{R"({"userLimit":2})", "spec.userLimit: found 2, expected a number above 0"},
           Bad{R"({"tenants":"a"})", "spec.tenants: found \"a\", expected a list of names"},
           Bad{R"({"tenants":["a",""]})",
               "spec.tenants[1]: found \"\", expected the name of a tenant"},
           Bad{R"({"tenants":[3]})", "spec.tenants[0]: found 3, expected the name of a tenant"},
       }) {
    EXPECT_THAT(Decode(bad.spec).invalid, StartsWith(bad.begins));
  }
}

// The same for each of the three fields.
TEST(DecodeQueue, BadAmounts) {
  for (const std::string field : {"guarantee", "limit", "lendingLimit"}) {
    const auto invalid = [&field](const std::string& amounts) {
      return Decode("{\"" + field + "\":" + amounts + "}").invalid;
    };
    const std::string at = "spec." + field;
    EXPECT_THAT(invalid("[]"), StartsWith(at + ": found [], expected quantities by resource"));
    EXPECT_THAT(invalid("3"), StartsWith(at + ": found 3, expected quantities by resource"));
    EXPECT_EQ(invalid(R"({"cpu":1.5})"),
              at + ".cpu: found 1.5, expected a whole number or a quantity as text");
    EXPECT_THAT(invalid(R"({"cpu":true})"), StartsWith(at + ".cpu: found true, expected a whole"));
    for (const std::string text : {"NaN", "", "-1", "1E", "inf", "1 ", "1X", "1e", "0x10",
                                   "9223372036854775808m", "0.0001"}) {
      const std::string why = invalid(R"({"memory":"1Gi","cpu":")" + text + "\"}");
      EXPECT_THAT(why, StartsWith(at + ".cpu: ")) << text;
      EXPECT_THAT(why, HasSubstr("'" + text + "'"));
      EXPECT_THAT(why, HasSubstr("expected"));
    }
    EXPECT_THAT(invalid(R"({"cpu":-1})"), StartsWith(at + ".cpu: '-1'"));
    EXPECT_THAT(invalid(R"({"cpu":"1E"})"), HasSubstr("64-bit milli-units"));
    EXPECT_THAT(invalid(R"({"memory":"8Ei"})"), StartsWith(at + ".memory: '8Ei'"));
    EXPECT_THAT(
        invalid(R"({"nvidia.com/gpu":8})"),
        StartsWith(at + "[\"nvidia.com/gpu\"]: 'nvidia.com/gpu': GPUs are counted by model"));
    EXPECT_THAT(invalid(R"({"":8})"), StartsWith(at + "[\"\"]: "));
  }
}

TEST(DecodeQueue, TheLargestAmountsAreRead) {
  const QueueObject object =
      Decode(R"({"guarantee":{"cpu":"9223372036854775807m","memory":"9223372036854775807"}})");
  EXPECT_EQ(object.invalid, "");
  EXPECT_THAT(object.spec.guarantee,
              ElementsAre(std::pair("cpu", INT64_MAX), std::pair("memory", INT64_MAX)));
}

TEST(DecodeQueue, TheFirstFieldThatIsWrongIsNamed) {
  EXPECT_THAT(Decode(R"({"tenants":1,"state":1,"weight":0})").invalid, StartsWith("spec.weight"));
  EXPECT_THAT(Decode(R"({"tenants":1,"state":1})").invalid, StartsWith("spec.state"));
}

TEST(DecodeQueue, LongNamesAreRefused) {
  const std::string name(129, 'q');
  const auto info = QueueFromJson(R"({"metadata":{"name":")" + name + R"("}})", nullptr);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->object.invalid, "metadata.name: 129 bytes, expected at most 128");
}

TEST(DecodeQueue, WhatIsNoQueueIsAnError) {
  for (const char* json : {"", "{", "[]", "3", "{}", R"({"metadata":{}})", R"({"metadata":"x"})",
                           R"({"metadata":{"name":""}})", R"({"metadata":{"name":3}})"}) {
    EXPECT_FALSE(QueueFromJson(json, nullptr).ok()) << json;
  }
}

TEST(DecodeQueue, WhatIsShownAlready) {
  const auto shown = [](const std::string& status) {
    return *QueueFromJson(Json("{}", ",\"status\":" + status), nullptr);
  };
  const QueueInfo refused = shown(
      R"({"conditions":[{"type":"Other","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"},)"
      R"({"type":"Accepted","status":"False","lastTransitionTime":"2026-02-01T00:00:00Z"}]})");
  EXPECT_EQ(refused.shown_accepted, false);
  EXPECT_EQ(refused.shown_since, *ParseInstant("2026-02-01T00:00:00Z"));
  for (const char* status : {"3", "{}", R"({"conditions":3})", R"({"conditions":[3]})",
                             R"({"conditions":[{"type":"Accepted","status":"True"}]})"}) {
    EXPECT_FALSE(shown(status).shown_accepted) << status;
  }
}

TEST(QueueBodies, TheStatusIsReplacedAsAWhole) {
  QueueStatus status;
  status.name = "a.b";
  status.uid = "u-1";
  status.generation = 3;
  status.accepted = true;
  status.reason = "Accepted";
  status.message = "fine";
  status.since = *ParseInstant("2026-02-01T00:00:00.5Z");
  EXPECT_EQ(QueuePath("a.b", "status"), "/apis/fairlead.dev/v1alpha1/queues/a.b/status");
  const std::string condition =
      R"("observedGeneration":3,"conditions":[{"type":"Accepted","status":"True",)"
      R"("reason":"Accepted","message":"fine","lastTransitionTime":"2026-02-01T00:00:00Z",)"
      R"("observedGeneration":3}]}}])";
  const std::string test = R"([{"op":"test","path":"/metadata/uid","value":"u-1"},)"
                           R"({"op":"add","path":"/status","value":{)";
  EXPECT_EQ(QueueStatusPatch(status), test + condition);

  status.report.emplace();
  status.report->demand = {{"cpu", 1500}, {"gpu/A100|H100", 2000}};
  status.report->allocated = {{"cpu", 500}, {"memory", 1 << 20}};
  status.report->dominant_share = {1, 8};
  status.report->entitled_share = {1, 3};
  status.report->bound_by = "weight cpu";
  status.report->pending_gangs = 2;
  status.report->running_gangs = 1;
  status.report->oldest_wait = Duration::Milliseconds(61'900);
  EXPECT_EQ(QueueStatusPatch(status),
            test +
                R"("demand":{"cpu":"1500m","gpu/A100|H100":"2"},"guarantee":{},"entitlement":{},)"
                R"("allocated":{"cpu":"500m","memory":"1Mi"},"borrowed":{},"lent":{},)"
                R"("dominantShare":"0.1250","entitledShare":"0.3333","boundBy":"weight cpu",)"
                R"("pendingGangs":2,"runningGangs":1,"oldestWaitSeconds":61,)" +
                condition);
}

}  // namespace
}  // namespace fairlead::kube
