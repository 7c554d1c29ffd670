#include "scheduler/kube/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/test_authority.h"
#include "tests/unit/kube/harness.h"

namespace fairlead::kube {
namespace {

using testing::Certificate;
using ::testing::HasSubstr;
using testing::MakeAuthority;
using testing::MakeCertificate;
using testing::ServerCertificate;

Reply Text(const std::string& body, int status = 200) {
  Reply reply;
  reply.status = status;
  reply.body = body;
  return reply;
}

TEST(Http, SendsAndKeepsTheConnection) {
  const ScriptedServer server([](const Received& request) { return Text(request.body + "!"); });
  Harness harness(server);
  for (int i = 0; i < 3; ++i) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/x?y=z";
    request.content_type = "text/plain";
    request.body = "hello";
    const HttpAnswer answer = harness.Send(request);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello!");
    EXPECT_EQ(answer.content_type, "application/json");
  }
  ASSERT_EQ(server.requests().size(), 3U);
  for (const Received& request : server.requests()) {
    EXPECT_EQ(request.connection, 1);
    EXPECT_EQ(request.target, "/x?y=z");
    EXPECT_EQ(request.headers.at("content-length"), "5");
    EXPECT_EQ(request.headers.at("host"), server.url().substr(7));
  }
}

TEST(Http, ThePrefixOfTheServerComesFirst) {
  const ScriptedServer server([](const Received&) { return Text(""); });
  Connection connection = Harness::To(server);
  connection.server += "/k8s/c-1/";
  Harness harness(connection);
  EXPECT_EQ(harness.Get("/version").status, 200);
  EXPECT_EQ(server.requests().front().target, "/k8s/c-1/version");
}

TEST(Http, AConnectionThatTheServerEndsIsNotReused) {
  const ScriptedServer server([](const Received&) {
    Reply reply = Text("once");
    reply.close = true;
    return reply;
  });
  Harness harness(server);
  EXPECT_EQ(harness.Get("/a").body, "once");
  EXPECT_EQ(harness.Get("/b").body, "once");
  EXPECT_EQ(server.requests().back().connection, 2);
}

TEST(Http, SaysWhyThereIsNoAnswer) {
  struct Case {
    const char* what;
    Reply reply;
    const char* reason;
  };
  Reply dropped;
  dropped.drop = true;
  Reply hangs;
  hangs.hang = true;
  Reply cut;
  cut.feed = std::make_shared<Feed>();
  cut.feed->Send("half");
  cut.feed->Cut();
  Reply large = Text(std::string(5000, 'x'));
  const std::vector<Case> cases = {{"dropped", dropped, "closed before the answer"},
                                   {"hangs", hangs, "no answer in time"},
                                   {"cut", cut, "closed inside the answer"},
                                   {"large", large, "too large"}};
  for (const Case& c : cases) {
    const ScriptedServer server([&](const Received&) { return c.reply; });
    Harness harness(server);
    HttpRequest request;
    request.target = "/";
    request.timeout = Duration::Milliseconds(c.reply.hang ? 50 : 20'000);
    request.max_body = 1000;
    const HttpAnswer answer = harness.Send(request);
    EXPECT_EQ(answer.status, 0) << c.what;
    EXPECT_TRUE(answer.sent) << c.what;
    EXPECT_THAT(answer.error, HasSubstr(c.reason)) << c.what;
  }
}

TEST(Http, AServerThatIsNotThereWasSentNothing) {
  Connection connection;
  {
    const ScriptedServer server([](const Received&) { return Text(""); });
    connection = Harness::To(server);
  }
  Harness harness(connection);
  const HttpAnswer answer = harness.Get("/");
  EXPECT_EQ(answer.status, 0);
  EXPECT_FALSE(answer.sent);
  EXPECT_EQ(answer.error, "cannot reach " + connection.server + ": Connection refused");
}

TEST(Http, DoesNotFollowARedirectWithTheToken) {
  const ScriptedServer elsewhere([](const Received&) { return Text("stolen"); });
  const ScriptedServer server([&](const Received&) {
    Reply reply = Text("", 307);
    reply.headers = {"Location: " + elsewhere.url() + "/steal"};
    return reply;
  });
  Connection connection = Harness::To(server);
  connection.token = "s3cret";
  Harness harness(connection);
  EXPECT_EQ(harness.Get("/").status, 307);
  EXPECT_EQ(server.requests().front().headers.at("authorization"), "Bearer s3cret");
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(Http, ReadsTheTokenFileAgainOn401) {
  const std::string file =
      std::filesystem::temp_directory_path() / ("token-" + std::to_string(::getpid()));
  std::ofstream(file) << "old\n";
  const ScriptedServer server([&](const Received& request) {
    if (request.headers.at("authorization") == "Bearer new") return Text("welcome");
    std::ofstream(file) << "new\n";  // rotated between the reading and the use
    return Text("", 401);
  });
  Connection connection = Harness::To(server);
  connection.token_file = file;
  Harness harness(connection);
  EXPECT_EQ(harness.Get("/").body, "welcome");
  EXPECT_EQ(server.requests().size(), 2U);
  std::filesystem::remove(file);
}

TEST(Http, A401ThatStaysIsAnAnswer) {
  const ScriptedServer server([](const Received&) { return Text("", 401); });
  Connection connection = Harness::To(server);
  connection.token = "wrong";
  Harness harness(connection);
  EXPECT_EQ(harness.Get("/").status, 401);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Http, RunsTheExecPluginAgainOn401) {
  const std::string file =
      std::filesystem::temp_directory_path() / ("runs-" + std::to_string(::getpid()));
  const ScriptedServer server([&](const Received& request) {
    return Text("", request.headers.at("authorization") == "Bearer xx" ? 200 : 401);
  });
  Connection connection = Harness::To(server);
  connection.exec_api_version = "client.authentication.k8s.io/v1";
  // The token is one x longer with every run.
  connection.exec_command = {"/bin/sh", "-c",
                             "printf x >>" + file +
                                 "; printf '{\"kind\":\"ExecCredential\",\"status\":{\"token\":"
                                 "\"%s\"}}' $(cat " +
                                 file + ")"};
  Harness harness(connection);
  EXPECT_EQ(harness.Get("/").status, 200);
  EXPECT_EQ(harness.Get("/").status, 200);
  EXPECT_EQ(server.requests().size(), 3U);
  std::filesystem::remove(file);
}

TEST(Http, ATokenCannotBreakOutOfItsHeader) {
  const ScriptedServer server([](const Received&) { return Text(""); });
  Connection connection = Harness::To(server);
  connection.token = "s3cret\r\nX-Evil: yes";
  Harness harness(connection);
  const HttpAnswer answer = harness.Get("/");
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.error, HasSubstr("visible ASCII"));
  EXPECT_EQ(answer.error.find("s3cret"), std::string::npos);
  EXPECT_TRUE(server.requests().empty());
}

TEST(Tls, TrustsTheAuthorityAndTheAddress) {
  const Certificate authority = MakeAuthority("ours");
  const Certificate other = MakeAuthority("other");
  struct Case {
    const char* what;
    Certificate certificate;
    std::string ca_pem;
    std::string name;
    bool insecure;
    const char* error;  // null: works
  };
  const Certificate address = MakeCertificate(authority, "IP:127.0.0.1");
  const Certificate named = MakeCertificate(authority, "DNS:kubernetes.default");
  const Certificate expired = MakeCertificate(authority, "IP:127.0.0.1", -3600, -60);
  const Certificate early = MakeCertificate(authority, "IP:127.0.0.1", 600, 3600);
  const std::vector<Case> cases = {
      {"address", address, authority.cert_pem, "", false, nullptr},
      {"two authorities", address, other.cert_pem + authority.cert_pem, "", false, nullptr},
      {"name given", named, authority.cert_pem, "kubernetes.default", false, nullptr},
      {"insecure", expired, "", "", true, nullptr},
      {"name not given", named, authority.cert_pem, "", false,
       "server certificate is not for 127.0.0.1: IP address mismatch"},
      {"other name", named, authority.cert_pem, "kubernetes.other", false,
       "server certificate is not for kubernetes.other: hostname mismatch"},
      {"other authority", address, other.cert_pem, "", false, "unable to get local issuer"},
      {"system store", address, "", "", false, "unable to get local issuer"},
      {"expired", expired, authority.cert_pem, "", false, "certificate has expired"},
      {"not yet valid", early, authority.cert_pem, "", false, "certificate is not yet valid"},
      {"no authority", address, "nonsense", "", false, "certificate authority"},
  };
  for (const Case& c : cases) {
    const ScriptedServer server([](const Received&) { return Text("safe"); },
                                {c.certificate.cert_pem, c.certificate.key_pem, ""});
    Connection connection = Harness::To(server);
    connection.ca_pem = c.ca_pem;
    connection.tls_server_name = c.name;
    connection.insecure_skip_verify = c.insecure;
    connection.token = "s3cret";
    Harness harness(connection);
    const HttpAnswer answer = harness.Get("/");
    if (c.error == nullptr) {
      EXPECT_EQ(answer.body, "safe") << c.what << ": " << answer.error;
      continue;
    }
    EXPECT_EQ(answer.status, 0) << c.what;
    EXPECT_FALSE(answer.sent) << c.what;
    EXPECT_THAT(answer.error, HasSubstr(c.error)) << c.what;
    EXPECT_TRUE(server.requests().empty()) << c.what;
  }
}

TEST(Tls, ShowsTheClientCertificate) {
  const Certificate authority = MakeAuthority("ours");
  const Certificate serving = MakeCertificate(authority, "IP:127.0.0.1");
  const Certificate client = MakeCertificate(authority, "DNS:me");
  const ScriptedServer server([](const Received&) { return Text("known"); },
                              {serving.cert_pem, serving.key_pem, authority.cert_pem});
  Connection connection = Harness::To(server);
  connection.ca_pem = authority.cert_pem;
  EXPECT_EQ(Harness(connection).Get("/").status, 0);
  connection.client_cert_pem = client.cert_pem;
  connection.client_key_pem = client.key_pem;
  EXPECT_EQ(Harness(connection).Get("/").body, "known");
}

TEST(Http, GoesThroughAProxyWithoutShowingItTheToken) {
  // The proxy answers for the target itself, which is enough to see both requests.
  const ScriptedServer proxy([](const Received& request) {
    return request.method == "CONNECT" ? Text("") : Text("through");
  });
  Connection connection;
  connection.server = "http://cluster.internal:8080";
  connection.proxy_url = "http://me:pw@" + proxy.url().substr(7);
  connection.token = "s3cret";
  Harness harness(connection);
  EXPECT_EQ(harness.Get("/").body, "through");
  const std::vector<Received> got = proxy.requests();
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].target, "cluster.internal:8080");
  EXPECT_EQ(got[0].headers.at("proxy-authorization"), "Basic bWU6cHc=");
  EXPECT_EQ(got[0].headers.count("authorization"), 0U);
  EXPECT_EQ(got[1].headers.at("authorization"), "Bearer s3cret");
}

TEST(Http, SaysThatTheProxyRefused) {
  const ScriptedServer proxy([](const Received&) { return Text("", 403); });
  Connection connection;
  connection.server = "http://cluster.internal:8080";
  connection.proxy_url = proxy.url();
  Harness harness(connection);
  EXPECT_THAT(harness.Get("/").error, HasSubstr("proxy refused: HTTP/1.1 403"));
}

TEST(Http, StreamsChunksAsTheyComeAndStopsWhenCancelled) {
  const auto feed = std::make_shared<Feed>();
  const ScriptedServer server([&](const Received&) {
    Reply reply;
    reply.feed = feed;
    return reply;
  });
  Harness harness(server);
  std::promise<void> first;
  std::string data;
  int ends = 0;
  std::shared_ptr<HttpStream> stream;
  harness.On([&] {
    HttpRequest request;
    request.target = "/watch";
    stream = harness.http.Stream(request, {.on_head = [](const HttpAnswer&) {},
                                           .on_data =
                                               [&](std::string_view piece) {
                                                 data += piece;
                                                 if (data == "one") first.set_value();
                                               },
                                           .on_end = [&](const HttpAnswer&) { ++ends; }});
  });
  feed->Send("one");
  first.get_future().wait();
  harness.On([&] { stream->Cancel(); });
  feed->Send("two");
  feed->End();
  EXPECT_EQ(harness.Get("/after").status, 200);  // on another connection, later than all of that
  harness.Finish();
  EXPECT_EQ(data, "one");
  EXPECT_EQ(ends, 0);
}

}  // namespace
}  // namespace fairlead::kube
