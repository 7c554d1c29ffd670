// Accept and Content-Type.
#include "scheduler/apiserver/negotiate.h"

#include <gtest/gtest.h>

namespace fairlead::apiserver {
namespace {

std::string Describe(const Answer<Output>& output) {
  if (!output) return std::to_string(output.error().code);
  const char* media = output->media == Media::kJson ? "json" : "proto";
  switch (output->shape) {
    case Shape::kTable:
      return std::string(media) + " Table " + output->meta_version;
    case Shape::kMetadata:
      return std::string(media) + " Metadata " + output->meta_version;
    case Shape::kMetadataList:
      return std::string(media) + " MetadataList " + output->meta_version;
    case Shape::kObject:
      break;
  }
  return media;
}

struct AcceptCase {
  const char* accept;
  const char* built_in;
  const char* custom;
};

TEST(Negotiate, Accept) {
  const AcceptCase cases[] = {
      {"", "json", "json"},
      {"*/*", "json", "json"},
      {"application/*", "406", "json"},
      {"application/json", "json", "json"},
      {"text/plain", "406", "406"},
      {"nosuch", "406", "406"},
      {"text/plain, */*", "json", "json"},
      {"application/vnd.kubernetes.protobuf", "proto", "406"},
      {"application/vnd.kubernetes.protobuf, application/json", "proto", "json"},
      {"application/vnd.kubernetes.protobuf;q=0.5, application/json", "json", "json"},
      {"application/json;q=0.1,application/vnd.kubernetes.protobuf;q=0.9", "proto", "json"},
      {"application/json;stream=watch", "json", "json"},
      {"application/json;stream=other", "406", "406"},
      {"application/vnd.kubernetes.protobuf;stream=watch", "proto", "406"},
      {"application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "json Table v1",
       "json Table v1"},
      {"application/json;as=Table;g=meta.k8s.io;v=v1beta1", "json Table v1beta1",
       "json Table v1beta1"},
      {"application/json;as=Table;v=v9;g=meta.k8s.io", "406", "406"},
      {"application/json;as=Table;v=v9;g=meta.k8s.io, application/json", "json", "json"},
      {"application/json;as=Foo;v=v1;g=meta.k8s.io", "406", "406"},
      {"application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io", "406", "406"},
      {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
       "proto Metadata v1", "proto Metadata v1"},
      {"application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "json MetadataList v1",
       "json MetadataList v1"},
      {"application/yaml", "406", "406"},
      {"application/json;q=nan, application/vnd.kubernetes.protobuf;q=x", "json", "json"},
  };
  OutputRules custom;
  custom.protobuf = false;
  custom.strict_types = false;
  for (const AcceptCase& c : cases) {
    EXPECT_EQ(Describe(NegotiateOutput(c.accept, OutputRules())), c.built_in) << c.accept;
    EXPECT_EQ(Describe(NegotiateOutput(c.accept, custom)), c.custom) << c.accept;
  }
}

TEST(Negotiate, WordsOfRefusals) {
  EXPECT_EQ(NegotiateOutput("text/plain", OutputRules()).error().message, "406: Not Acceptable");
  EXPECT_EQ(
      NegotiateOutput("application/json;as=Foo;v=v1;g=meta.k8s.io", OutputRules()).error().message,
      "only the following media types are accepted: application/json, application/yaml, "
      "application/vnd.kubernetes.protobuf");
  OutputRules stream;
  stream.stream = true;
  EXPECT_EQ(NegotiateOutput("application/yaml", stream).error().message,
            "only the following media types are accepted: application/json;stream=watch, "
            "application/vnd.kubernetes.protobuf;stream=watch");
}

TEST(Negotiate, ContentType) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "json"},
      {"application/json", "json"},
      {"Application/JSON; charset=utf-8", "json"},
      {"application/vnd.kubernetes.protobuf", "proto"},
      {"text/plain", "415"},
      {";;;", "415"},
      {"application/json-patch+json", "415"},
  };
  for (const auto& [type, expected] : cases) {
    const Answer<Media> media = NegotiateInput(type, true);
    EXPECT_EQ(!media                   ? std::to_string(media.error().code)
              : *media == Media::kJson ? "json"
                                       : "proto",
              expected)
        << type;
  }
  const Answer<Media> refused = NegotiateInput("application/vnd.kubernetes.protobuf", false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf");
}

TEST(Negotiate, ErrorsGoOutInAnyCase) {
  EXPECT_EQ(ErrorMedia("application/vnd.kubernetes.protobuf"), Media::kProtobuf);
  EXPECT_EQ(ErrorMedia("application/vnd.kubernetes.protobuf;q=0.1, application/json"),
            Media::kJson);
  EXPECT_EQ(ErrorMedia("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io"),
            Media::kJson);
  EXPECT_EQ(ErrorMedia("text/plain"), Media::kJson);
  EXPECT_EQ(ErrorMedia(""), Media::kJson);
}

TEST(Negotiate, AggregatedDiscovery) {
  constexpr const char* kV2 =
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  EXPECT_EQ(AggregatedDiscovery(kV2), "v2");
  EXPECT_EQ(AggregatedDiscovery(std::string(kV2) + ",application/json"), "v2");
  EXPECT_EQ(AggregatedDiscovery("application/json"), std::nullopt);
  EXPECT_EQ(AggregatedDiscovery("application/json, */*"), std::nullopt);
  EXPECT_EQ(AggregatedDiscovery(
                "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,"
                "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"),
            "v2beta1");
}

}  // namespace
}  // namespace fairlead::apiserver
