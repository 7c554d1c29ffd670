#include "tests/unit/apiserver/admission_world.h"

namespace fairlead::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kStorage = "jobs.batch";

std::string JobWith(std::string_view spec, std::string_view restart = "Never") {
  return R"({"metadata":{"name":"j","uid":"u-1"},"spec":{)" + std::string(spec) +
         R"("template":{"spec":{"restartPolicy":")" + std::string(restart) +
         R"(","containers":[{"name":"c","image":"i"}]}}}})";
}

TEST(JobAdmission, SelectsItsPodsByUid) {
  const World world;
  const json::object job = world.Created(kStorage, JobWith(""));
  EXPECT_EQ(GetInt(job, {"spec", "parallelism"}, 0), 1);
  EXPECT_EQ(GetInt(job, {"spec", "completions"}, 0), 1);
  EXPECT_EQ(GetInt(job, {"spec", "backoffLimit"}, 0), 6);
  const json::value labels = Parsed(R"({"controller-uid":"u-1","job-name":"j"})");
  EXPECT_EQ(*Find(job, {"spec", "template", "metadata", "labels"}), labels);
  EXPECT_EQ(*Find(job, {"metadata", "labels"}), labels);
  EXPECT_EQ(*Find(job, {"spec", "selector"}),
            json::value(Parsed(R"({"matchLabels":{"controller-uid":"u-1"}})")));
  EXPECT_EQ(Find(job, {"spec", "completionMode"}), nullptr);
  // What only pods get.
  EXPECT_EQ(Find(job, {"spec", "template", "spec", "enableServiceLinks"}), nullptr);
  EXPECT_EQ(Find(job, {"spec", "template", "spec", "tolerations"}), nullptr);
}

TEST(JobAdmission, CurrentServersUseTheirOwnLabels) {
  const World world(Profile::kCurrent);
  const json::object job = world.Created(kStorage, JobWith(""));
  EXPECT_EQ(*Find(job, {"spec", "selector"}),
            json::value(Parsed(R"({"matchLabels":{"batch.kubernetes.io/controller-uid":"u-1"}})")));
  EXPECT_EQ(*Find(job, {"spec", "template", "metadata", "labels"}),
            json::value(Parsed(R"({"controller-uid":"u-1","job-name":"j",
                "batch.kubernetes.io/controller-uid":"u-1","batch.kubernetes.io/job-name":"j"})")));
  EXPECT_EQ(GetString(job, {"spec", "completionMode"}), "NonIndexed");
  EXPECT_EQ(GetInt(job, {"metadata", "generation"}, 0), 1);
}

TEST(JobAdmission, RefusesMistakes) {
  struct Case {
    std::string object;
    std::vector<std::string> complaints;
  };
  const World world;
  const std::string not_generated =
      "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{\"a\":\"b\", "
      "\"controller-uid\":\"u-1\"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: "
      "`selector` not auto-generated";
  for (const Case& c :
       {Case{JobWith(R"("parallelism":-1,)"),
             {"spec.parallelism: Invalid value: -1: must be greater than or equal to 0"}},
        Case{JobWith(R"("ttlSecondsAfterFinished":-1,)"), {}},
        Case{JobWith("", "Always"),
             {"spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", "
              "\"Never\""}},
        Case{JobWith("", "Foo"),
             {"spec.template.spec.restartPolicy: Unsupported value: \"Foo\": supported values: "
              "\"Always\", \"OnFailure\", \"Never\"",
              "spec.template.spec.restartPolicy: Unsupported value: \"Foo\": supported values: "
              "\"OnFailure\", \"Never\""}},
        Case{JobWith(R"("selector":{"matchLabels":{"a":"b"}},)"),
             {not_generated,
              "spec.template.metadata.labels: Invalid value: "
              "map[string]string{\"controller-uid\":\"u-1\", \"job-name\":\"j\"}: `selector` does "
              "not match template `labels`"}},
        Case{JobWith(R"("manualSelector":true,)"),
             {"spec.selector: Required value",
              "spec.template.metadata.labels: Invalid value: map[string]string(nil): `selector` "
              "does not match template `labels`"}}}) {
    EXPECT_EQ(world.Complaints(kStorage, c.object), c.complaints) << c.object;
  }
}

TEST(JobAdmission, UpdatesKeepWhatMadeThePods) {
  const World world;
  const json::object old = world.Created(kStorage, JobWith(""));
  json::object object = old;
  At(&object, {"spec", "parallelism"}) = 4;
  EXPECT_THAT(world.UpdateComplaints(kStorage, old, object), IsEmpty());
  object = old;
  At(&object, {"spec", "completions"}) = 4;
  EXPECT_THAT(world.UpdateComplaints(kStorage, old, object),
              ElementsAre("spec.completions: Invalid value: 4: field is immutable"));
  object = old;
  At(&object, {"spec", "template", "spec", "nodeName"}) = "n";
  EXPECT_THAT(world.UpdateComplaints(kStorage, old, object),
              ElementsAre("spec.template: Invalid value: core.PodTemplateSpec{}: field is "
                          "immutable"));
}

TEST(JobAdmission, StatusIsWrittenAlone) {
  const World world;
  const json::object old = world.Created(kStorage, JobWith(""));
  json::object object = old;
  At(&object, {"status", "active"}) = 3;
  At(&object, {"spec", "parallelism"}) = 9;
  ASSERT_FALSE(PrepareUpdate(world.Context(kStorage), old, "status", &object));
  EXPECT_EQ(GetInt(object, {"status", "active"}, 0), 3);
  EXPECT_EQ(GetInt(object, {"spec", "parallelism"}, 0), 1);
  At(&object, {"status", "active"}) = -3;
  EXPECT_THAT(world.UpdateComplaints(kStorage, old, object, "status"),
              ElementsAre("status.active: Invalid value: -3: must be greater than or equal to 0"));
}

}  // namespace
}  // namespace fairlead::apiserver
