// Reading of paths and queries.
#include "scheduler/apiserver/route.h"

#include <gtest/gtest.h>

namespace fairlead::apiserver {
namespace {

struct PathCase {
  const char* method;
  const char* path;
  const char* query;
  const char* expected;  // group/version resource ns/name:subresource verb, "-" for no resource
};

std::string Describe(const Route& route) {
  if (!route.resource) return "- " + route.path + " " + route.verb;
  return route.group + "/" + route.version + " " + route.plural + " " + route.ns + "/" +
         route.name + ":" + route.subresource + " " + route.verb +
         (route.watch_prefix ? " prefix" : "") +
         (route.selected_name.empty() ? "" : " selects " + route.selected_name);
}

TEST(Route, Paths) {
  const PathCase cases[] = {
      {"GET", "/api/v1/namespaces/a/pods/b", "", "/v1 pods a/b: get"},
      {"GET", "/api/v1/namespaces/a/pods", "", "/v1 pods a/: list"},
      {"GET", "/api/v1/namespaces/a/pods/", "", "/v1 pods a/: list"},
      {"GET", "/api/v1/pods", "watch=1", "/v1 pods /: watch"},
      {"GET", "/api/v1/pods", "watch=false", "/v1 pods /: list"},
      {"GET", "/api/v1/pods", "watch=0", "/v1 pods /: list"},
      {"GET", "/api/v1/pods", "watch=", "/v1 pods /: watch"},
      {"GET", "/api/v1/namespaces/a/pods/b", "watch=1", "/v1 pods a/b: get"},
      {"GET", "/api/v1/watch/namespaces/a/pods", "", "/v1 pods a/: watch prefix"},
      {"GET", "/api/v1/watch/nodes/n", "", "/v1 nodes /n: watch prefix"},
      {"GET", "/api/v1/namespaces/a", "", "/v1 namespaces a/a: get"},
      {"PUT", "/api/v1/namespaces/a/finalize", "", "/v1 namespaces a/a:finalize update"},
      {"GET", "/api/v1/namespaces/a/status", "", "/v1 namespaces a/a:status get"},
      {"GET", "/api/v1/namespaces", "", "/v1 namespaces /: list"},
      {"POST", "/api/v1/namespaces/a/pods/b/binding", "", "/v1 pods a/b:binding create"},
      {"PATCH", "/apis/batch/v1/namespaces/a/jobs/j", "", "batch/v1 jobs a/j: patch"},
      {"DELETE", "/apis/batch/v1/namespaces/a/jobs", "", "batch/v1 jobs a/: deletecollection"},
      {"DELETE", "/api/v1/nodes/n", "", "/v1 nodes /n: delete"},
      {"GET", "/api/v1/namespaces/a/pods/b%2fc", "", "/v1 pods a/b:c get"},
      {"GET", "/api/v1/nodes", "fieldSelector=metadata.name%3Dn", "/v1 nodes /: list selects n"},
      {"GET", "/api/v1/nodes", "fieldSelector=a%3Db,metadata.name%3D%3Dn",
       "/v1 nodes /: list selects n"},
      {"GET", "/api/v1/nodes", "fieldSelector=metadata.name!%3Dn", "/v1 nodes /: list"},
      {"FOO", "/api/v1/nodes/n", "", "/v1 nodes /n: "},
      {"GET", "/api", "", "- /api get"},
      {"GET", "/api/v1", "", "- /api/v1 get"},
      {"GET", "/apis/batch/v1", "", "- /apis/batch/v1 get"},
      {"POST", "/version", "", "- /version post"},
      {"GET", "", "", "-  get"},
  };
  for (const PathCase& c : cases) {
    Route route;
    ASSERT_TRUE(ParseRoute(c.method, c.path, Query(c.query), &route)) << c.path;
    EXPECT_EQ(Describe(route), c.expected) << c.method << " " << c.path << "?" << c.query;
  }
}

TEST(Route, BrokenPaths) {
  for (const char* path : {"/api/v1/pods/%zz", "/api/v1/pods/%2", "/api/v1/pods/%", "/api/v1/watch",
                           "/apis/batch/v1/watch/"}) {
    Route route;
    EXPECT_FALSE(ParseRoute("GET", path, Query(""), &route)) << path;
  }
}

TEST(Route, WhatFollowsASubresource) {
  Route route;
  ASSERT_TRUE(ParseRoute("GET", "/api/v1/namespaces/a/pods/b/proxy/x/y", Query(""), &route));
  EXPECT_EQ(route.subresource, "proxy");
  EXPECT_EQ(route.rest, (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(route.namespace_path);
}

TEST(Query, Values) {
  const Query query("a=1&b=x+y%2Bz&a=2&&c&%zz=1&d=%zz&e==");
  EXPECT_EQ(query.Get("a"), "1");
  EXPECT_EQ(query.All("a"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(query.Get("b"), "x y+z");
  EXPECT_TRUE(query.Has("c"));
  EXPECT_EQ(query.Get("c"), "");
  EXPECT_FALSE(query.Has("d"));
  EXPECT_EQ(query.Get("e"), "=");
  EXPECT_FALSE(query.Has("f"));
}

TEST(Query, Booleans) {
  const Query query("a=true&b=false&c=0&d=&e=FALSE&f=maybe");
  EXPECT_TRUE(query.Bool("a"));
  EXPECT_FALSE(query.Bool("b"));
  EXPECT_FALSE(query.Bool("c"));
  EXPECT_TRUE(query.Bool("d"));
  EXPECT_FALSE(query.Bool("e"));
  EXPECT_TRUE(query.Bool("f"));
  EXPECT_FALSE(query.Bool("g"));
}

}  // namespace
}  // namespace fairlead::apiserver
