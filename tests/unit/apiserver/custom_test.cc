#include "tests/unit/apiserver/admission_world.h"

namespace fairlead::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kCrds = "customresourcedefinitions.apiextensions.k8s.io";
constexpr const char* kCrd = R"({"metadata":{"name":"foos.ex.io"},"spec":{"group":"ex.io",
  "scope":"Namespaced","names":{"plural":"foos","kind":"Foo"},"versions":[{"name":"v1",
  "served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{
  "type":"object","properties":{"spec":{"type":"object","required":["a"],
    "x-kubernetes-validations":[{"rule":"self.a <= self.max","message":"a is above max"},
                                {"rule":"self.a.foo().bar"}],
    "properties":{
      "a":{"type":"integer","minimum":0,"maximum":10},
      "max":{"type":"integer"},
      "b":{"type":"string","enum":["x","y"],"default":"x"},
      "c":{"type":"array","minItems":1,"maxItems":2,"items":{"type":"string",
           "pattern":"^[a-z]+$","minLength":2,"maxLength":3}},
      "d":{"type":"object","additionalProperties":{"type":"integer"}},
      "e":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
      "f":{"x-kubernetes-int-or-string":true},
      "g":{"type":"number","minimum":1,"exclusiveMinimum":true},
      "k":{"type":"string","x-kubernetes-validations":[{"rule":"self == oldSelf"}]},
      "n":{"type":"string","nullable":true},
      "o":{"type":"object","properties":{"p":{"type":"integer","default":3}}},
      "u":{"type":"array","items":{"type":"integer"},"x-kubernetes-list-type":"set"}}},
    "status":{"type":"object","properties":{"x":{"type":"integer"}}}}}}}]}})";

struct CustomWorld : World {
  explicit CustomWorld(Profile of) : World(of) { resources.AddCrd(Created(kCrds, kCrd)); }
};

std::string Foo(std::string_view spec) {
  return R"({"apiVersion":"ex.io/v1","kind":"Foo","metadata":{"name":"f"},"spec":)" +
         std::string(spec) + "}";
}

TEST(Custom, DefinitionsAreEstablishedAtOnce) {
  const World world;
  const json::object crd = world.Created(kCrds, kCrd);
  EXPECT_EQ(GetString(crd, {"spec", "names", "singular"}), "foo");
  EXPECT_EQ(GetString(crd, {"spec", "names", "listKind"}), "FooList");
  EXPECT_EQ(*Find(crd, {"status", "acceptedNames"}), *Find(crd, {"spec", "names"}));
  EXPECT_EQ(*Find(crd, {"status", "storedVersions"}), json::value(json::array{"v1"}));
  const json::array* conditions = FindArray(crd, {"status", "conditions"});
  ASSERT_NE(conditions, nullptr);
  ASSERT_EQ(conditions->size(), 2U);
  EXPECT_EQ(GetString((*conditions)[1].get_object(), {"type"}), "Established");
  EXPECT_EQ(GetString((*conditions)[1].get_object(), {"status"}), "True");
}

TEST(Custom, DefinitionsMustBeStructural) {
  struct Case {
    const char* schema;
    const char* complaint;
  };
  const World world;
  for (const Case& c :
       {Case{R"({"properties":{}})",
             "spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root"},
        Case{
            R"({"type":"object","properties":{"a":{}}})",
            "spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty "
            "for specified object fields"},
        Case{R"({"type":"object","properties":{"a":{"type":"foo"}}})",
             R"(spec.validation.openAPIV3Schema.properties[a].type: Unsupported value: "foo": )"
             R"(supported values: "array", "boolean", "integer", "number", "object", "string")"}}) {
    json::object crd = Parsed(kCrd);
    crd.at("spec").at("versions").at(0).at("schema").as_object()["openAPIV3Schema"] =
        Parsed(c.schema);
    EXPECT_THAT(world.Complaints(kCrds, json::serialize(crd)), ElementsAre(c.complaint));
  }
}

TEST(Custom, DefinitionsAreNamedAfterTheirPlural) {
  const World world;
  json::object crd = Parsed(kCrd);
  At(&crd, {"metadata", "name"}) = "bars.ex.io";
  EXPECT_THAT(world.Complaints(kCrds, json::serialize(crd)),
              ElementsAre(R"(metadata.name: Invalid value: "bars.ex.io": must be )"
                          R"(spec.names.plural+"."+spec.group)"));
  const json::object old = world.Created(kCrds, kCrd);
  json::object moved = old;
  At(&moved, {"spec", "scope"}) = "Cluster";
  EXPECT_THAT(world.UpdateComplaints(kCrds, old, moved),
              ElementsAre(R"(spec.scope: Invalid value: "Cluster": field is immutable)"));
}

TEST(Custom, UnknownFieldsGoAndDefaultsCome) {
  const CustomWorld world(Profile::k120);
  const json::object foo = world.Created(
      "foos.ex.io",
      R"({"apiVersion":"ex.io/v1","kind":"Foo","metadata":{"name":"f","zzz":1},"extra":1,
          "status":{"x":1},"spec":{"a":1,"z":1,"o":{},"e":{"q":1},"n":null,"b":null,"f":null}})");
  EXPECT_EQ(*Find(foo, {"spec"}),
            json::value(Parsed(R"({"a":1,"b":"x","e":{"q":1},"n":null,"o":{"p":3}})")));
  EXPECT_EQ(Find(foo, {"extra"}), nullptr);
  EXPECT_EQ(Find(foo, {"status"}), nullptr);
  EXPECT_EQ(Find(foo, {"metadata", "zzz"}), nullptr);
  EXPECT_EQ(GetInt(foo, {"metadata", "generation"}, 0), 1);
}

TEST(Custom, RefusesWhatDoesNotFitTheSchema) {
  struct Case {
    const char* spec;
    const char* complaint;
  };
  const CustomWorld world(Profile::k120);
  for (const Case& c : {
           Case{R"({})", "spec.a: Required value"},
           Case{R"({"a":"x"})",
                R"(spec.a: Invalid value: "string": spec.a in body must be of type )"
                R"(integer: "string")"},
           Case{R"({"a":1.5})",
                R"(spec.a: Invalid value: "number": spec.a in body must be of type )"
                R"(integer: "number")"},
           Case{R"({"a":-1})",
                "spec.a: Invalid value: -1: spec.a in body should be greater than or equal to 0"},
           Case{R"({"a":11})",
                "spec.a: Invalid value: 11: spec.a in body should be less than or equal to 10"},
           Case{R"({"a":1,"b":"z"})",
                R"(spec.b: Unsupported value: "z": supported values: "x", "y")"},
           Case{R"({"a":1,"c":[]})",
                "spec.c: Invalid value: 0: spec.c in body should have at least 1 items"},
           Case{R"({"a":1,"c":["aa","bb","cc"]})",
                "spec.c: Invalid value: 3: spec.c in body should have at most 2 items"},
           Case{R"({"a":1,"c":["A1"]})",
                R"(spec.c: Invalid value: "A1": spec.c in body should match '^[a-z]+$')"},
           Case{R"({"a":1,"c":["a"]})",
                R"(spec.c: Invalid value: "a": spec.c in body should be at least 2 chars long)"},
           Case{R"({"a":1,"c":["aaaa"]})",
                R"(spec.c: Invalid value: "aaaa": spec.c in body should be at most 3 chars long)"},
           Case{R"({"a":1,"d":{"k":"v"}})",
                R"(spec.d.k: Invalid value: "string": spec.d.k in body must be of type integer: )"
                R"("string")"},
           Case{R"({"a":1,"f":true})",
                R"(spec.f: Invalid value: "boolean": spec.f in body must be of type )"
                R"(integer,string: "boolean")"},
           Case{R"({"a":1,"g":1})",
                "spec.g: Invalid value: 1: spec.g in body should be greater than 1"},
           Case{R"({"a":1,"u":[1,1]})", "spec.u[1]: Duplicate value: 1"},
           Case{R"("x")",
                R"(spec: Invalid value: "string": spec in body must be of type object: "string")"},
       }) {
    EXPECT_THAT(world.Complaints("foos.ex.io", Foo(c.spec)), ElementsAre(c.complaint)) << c.spec;
  }
}

TEST(Custom, CurrentServersNameElementsOfLists) {
  const CustomWorld world(Profile::kCurrent);
  EXPECT_THAT(world.Complaints("foos.ex.io", Foo(R"({"a":1,"c":["A1"]})")),
              ElementsAre(StartsWith("spec.c[0]: Invalid value: \"A1\": spec.c[0] in body")));
}

TEST(Custom, SimpleRulesHoldOnCurrentServers) {
  const CustomWorld current(Profile::kCurrent);
  const CustomWorld old(Profile::k120);
  const std::string broken = Foo(R"({"a":5,"max":4})");
  EXPECT_THAT(old.Complaints("foos.ex.io", broken), IsEmpty());
  EXPECT_THAT(current.Complaints("foos.ex.io", broken),
              ElementsAre(R"(spec: Invalid value: "object": a is above max)"));
  EXPECT_THAT(current.Complaints("foos.ex.io", Foo(R"({"a":4,"max":4})")), IsEmpty());
  EXPECT_THAT(current.Complaints("foos.ex.io", Foo(R"({"a":4})")), IsEmpty());
  const json::object was = current.Created("foos.ex.io", Foo(R"({"a":1,"k":"one"})"));
  json::object now = was;
  At(&now, {"spec", "k"}) = "two";
  EXPECT_THAT(current.UpdateComplaints("foos.ex.io", was, now),
              ElementsAre(R"(spec.k: Invalid value: "two": failed rule: self == oldSelf)"));
  now = was;
  At(&now, {"spec", "a"}) = 2;
  EXPECT_THAT(current.UpdateComplaints("foos.ex.io", was, now), IsEmpty());
}

TEST(Custom, SpecAndStatusAreWrittenApart) {
  const CustomWorld world(Profile::k120);
  const AdmissionContext context = world.Context("foos.ex.io");
  const json::object old = world.Created("foos.ex.io", Foo(R"({"a":1})"));
  json::object status = old;
  At(&status, {"status", "x"}) = 1;
  At(&status, {"spec", "a"}) = 5;
  At(&status, {"metadata", "labels", "q"}) = "r";
  ASSERT_FALSE(PrepareUpdate(context, old, "status", &status));
  EXPECT_EQ(GetInt(status, {"status", "x"}, 0), 1);
  EXPECT_EQ(GetInt(status, {"spec", "a"}, 0), 1);
  EXPECT_EQ(Find(status, {"metadata", "labels"}), nullptr);
  EXPECT_EQ(GetInt(status, {"metadata", "generation"}, 0), 1);
  json::object main = old;
  At(&main, {"status", "x"}) = 1;
  At(&main, {"spec", "a"}) = 5;
  ASSERT_FALSE(PrepareUpdate(context, old, "", &main));
  EXPECT_EQ(Find(main, {"status"}), nullptr);
  EXPECT_EQ(GetInt(main, {"metadata", "generation"}, 0), 2);
  json::object labelled = old;
  At(&labelled, {"metadata", "labels", "q"}) = "r";
  ASSERT_FALSE(PrepareUpdate(context, old, "", &labelled));
  EXPECT_EQ(GetInt(labelled, {"metadata", "generation"}, 0), 1);
}

TEST(Custom, MetadataHasItsTypes) {
  const CustomWorld world(Profile::k120);
  const std::string text = R"({"metadata":{"name":"f","labels":"x"},"spec":{"a":1}})";
  const std::vector<std::string> told = world.Complaints("foos.ex.io", text);
  EXPECT_THAT(told,
              ElementsAre(StartsWith("400: Foo in version \"v1\" cannot be handled as a Foo: ")));
}

}  // namespace
}  // namespace fairlead::apiserver
