// The gRPC API as a client meets it, over TCP on loopback.
#include "fairlead/service/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/v1/node_service.grpc.pb.h"
#include "fairlead/v1/queue_service.grpc.pb.h"
#include "tests/support/test_authority.h"

namespace fairlead::service {
namespace {

using fairlead::testing::Certificate;
using fairlead::testing::MakeAuthority;
using fairlead::testing::MakeCertificate;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr std::int64_t kOften = 100;  // ms

QueueReport Report(const std::string& name) {
  QueueReport queue;
  queue.name = name;
  return queue;
}

std::shared_ptr<const QueueTable> Table(std::uint64_t version, std::vector<QueueReport> queues) {
  QueueTable table;
  table.at = Instant{1'767'225'600'000'000'000};
  table.version = version;
  table.queues = std::move(queues);
  return std::make_shared<const QueueTable>(std::move(table));
}

class GrpcServerTest : public ::testing::Test {
 protected:
  void Start(GrpcServerOptions options = {}) {
    options.port = 0;
    auto server = GrpcServer::Start(options, &board_);
    ASSERT_TRUE(server.ok()) << server.error().ToString();
    server_ = std::move(server).value();
  }
  std::shared_ptr<grpc::Channel> Channel(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials =
          grpc::InsecureChannelCredentials()) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()), credentials,
                                     arguments);
  }
  std::unique_ptr<v1::QueueService::Stub> Connect(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials =
          grpc::InsecureChannelCredentials()) const {
    return v1::QueueService::NewStub(Channel(credentials));
  }

  QueueBoard board_;
  std::unique_ptr<GrpcServer> server_;
};

// A call with patience, so that a server that hangs fails a test instead of stopping it.
struct Call {
  Call() { context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20)); }
  grpc::ClientContext context;
};

// An open watch.
class Watch {
 public:
  Watch(v1::QueueService::Stub* stub, std::int64_t interval_ms) {
    v1::WatchQueuesRequest request;
    request.set_min_interval_ms(interval_ms);
    reader_ = stub->WatchQueues(&call_.context, request);
  }
  ~Watch() {
    call_.context.TryCancel();
    if (reader_) (void)End();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // The version of the next table, 0 where none comes.
  std::uint64_t Next() {
    v1::ListQueuesResponse response;
    return reader_->Read(&response) ? response.version() : 0;
  }
  grpc::Status End() {
    v1::ListQueuesResponse ignored;
    while (reader_->Read(&ignored)) {
    }
    return std::exchange(reader_, nullptr)->Finish();
  }
  void Cancel() { call_.context.TryCancel(); }

 private:
  Call call_;
  std::unique_ptr<grpc::ClientReader<v1::ListQueuesResponse>> reader_;
};

TEST_F(GrpcServerTest, NodesAsTheyAreOnTheBoard) {
  Start();
  const auto stub = v1::NodeService::NewStub(Channel());
  v1::ListNodesResponse got;
  {
    Call call;
    EXPECT_EQ(stub->ListNodes(&call.context, {}, &got).error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  NodesReport report;
  report.at = Instant{5};
  report.version = 9;
  NodeReport& node = report.nodes.emplace_back();
  node.name = "a";
  node.devices = {{DeviceUse::kFree, 0}, {DeviceUse::kWhole, 0}, {DeviceUse::kShared, 3}};
  node.out_of_use = {"cordoned"};
  report.fragmented_milli = 250;
  board_.Publish(Table(9, {}), std::make_shared<const NodesReport>(report));
  Call call;
  ASSERT_TRUE(stub->ListNodes(&call.context, {}, &got).ok());
  EXPECT_EQ(got.version(), 9U);
  EXPECT_EQ(got.fragmented_milli(), 250);
  ASSERT_EQ(got.nodes_size(), 1);
  EXPECT_EQ(got.nodes(0).devices(2).use(), v1::Device::SHARED);
  EXPECT_EQ(got.nodes(0).devices(2).free_slices(), 3);
  EXPECT_EQ(got.nodes(0).out_of_use(0), "cordoned");
}

TEST_F(GrpcServerTest, ListsTheTableAsItIs) {
  QueueReport queue = Report("team");
  queue.parent = "org";
  queue.depth = 1;
  queue.leaf = true;
  queue.state = QueueState::kDrain;
  queue.weight = 1'500'000;
  queue.demand = {{"cpu", 2'500}, {"gpu/A100|H100", 4'000}};
  queue.guarantee = {{"memory", 1LL << 50}};
  queue.entitlement = {{"cpu", 3}};
  queue.allocated = {{"cpu", 4}};
  queue.borrowed = {{"cpu", 5}};
  queue.lent = {{"cpu", 6}};
  queue.dominant_share = {1, 3};
  queue.entitled_share = {2, 3};
  queue.bound_by = "limit gpu/H100 of org";
  queue.decayed_usage = 7;
  queue.pending_gangs = 8;
  queue.running_gangs = 9;
  queue.pending_pods = 10;
  queue.oldest_wait = Duration::Seconds(11);
  QueueReport org = Report("org");
  org.leaf = false;
  board_.Publish(Table(42, {org, queue}));
  Start();
  Call call;
  v1::ListQueuesResponse got;
  const grpc::Status status = Connect()->ListQueues(&call.context, {}, &got);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(got.at_unix_ns(), 1'767'225'600'000'000'000);
  EXPECT_EQ(got.version(), 42U);
  ASSERT_EQ(got.queues_size(), 2);
  EXPECT_EQ(got.queues(0).name(), "org");
  EXPECT_FALSE(got.queues(0).leaf());
  EXPECT_EQ(got.queues(0).state(), "open");
  EXPECT_FALSE(got.queues(0).has_oldest_wait_ns());
  const v1::Queue& team = got.queues(1);
  EXPECT_EQ(team.name(), "team");
  EXPECT_EQ(team.parent(), "org");
  EXPECT_EQ(team.depth(), 1U);
  EXPECT_TRUE(team.leaf());
  EXPECT_EQ(team.state(), "drain");
  EXPECT_EQ(team.weight_millionths(), 1'500'000);
  EXPECT_THAT(team.demand(),
              UnorderedElementsAre(Pair("cpu", 2'500), Pair("gpu/A100|H100", 4'000)));
  EXPECT_THAT(team.guarantee(), UnorderedElementsAre(Pair("memory", 1LL << 50)));
  EXPECT_THAT(team.entitlement(), UnorderedElementsAre(Pair("cpu", 3)));
  EXPECT_THAT(team.allocated(), UnorderedElementsAre(Pair("cpu", 4)));
  EXPECT_THAT(team.borrowed(), UnorderedElementsAre(Pair("cpu", 5)));
  EXPECT_THAT(team.lent(), UnorderedElementsAre(Pair("cpu", 6)));
  EXPECT_EQ(team.dominant_share().numerator(), 1);
  EXPECT_EQ(team.dominant_share().denominator(), 3);
  EXPECT_EQ(team.entitled_share().numerator(), 2);
  EXPECT_EQ(team.entitled_share().denominator(), 3);
  EXPECT_EQ(team.bound_by(), "limit gpu/H100 of org");
  EXPECT_EQ(team.decayed_usage(), 7);
  EXPECT_EQ(team.pending_gangs(), 8);
  EXPECT_EQ(team.running_gangs(), 9);
  EXPECT_EQ(team.pending_pods(), 10);
  EXPECT_EQ(team.oldest_wait_ns(), 11'000'000'000);
}

TEST_F(GrpcServerTest, GetsOneQueueOrSaysThatThereIsNone) {
  board_.Publish(Table(1, {Report("a"), Report("b")}));
  Start();
  const auto stub = Connect();
  v1::GetQueueRequest request;
  v1::Queue queue;
  request.set_name("b");
  {
    Call call;
    ASSERT_TRUE(stub->GetQueue(&call.context, request, &queue).ok());
    EXPECT_EQ(queue.name(), "b");
  }
  request.set_name("c");
  Call call;
  const grpc::Status status = stub->GetQueue(&call.context, request, &queue);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no queue 'c'");
}

TEST_F(GrpcServerTest, BeforeTheFirstTableItIsUnavailable) {
  Start();
  const auto stub = Connect();
  v1::ListQueuesResponse response;
  v1::Queue queue;
  Call list;
  const grpc::Status status = stub->ListQueues(&list.context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("nothing has been decided yet"));
  Call get;
  EXPECT_EQ(stub->GetQueue(&get.context, {}, &queue).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(GrpcServerTest, AWatchBeginsWithTheFirstTableAndSeesEachChange) {
  Start();
  const auto stub = Connect();
  Watch watch(stub.get(), kOften);
  for (std::uint64_t version = 11; version < 15; ++version) {
    board_.Publish(Table(version, {Report("a")}));
    EXPECT_EQ(watch.Next(), version);
  }
}

// The pause is at least 300 ms, so that of tables that come at once the first and the last are
// seen.
TEST_F(GrpcServerTest, AWatchSkipsWhatComesWithinItsInterval) {
  board_.Publish(Table(1, {}));
  Start();
  const auto stub = Connect();
  Watch watch(stub.get(), 300);
  ASSERT_EQ(watch.Next(), 1U);
  const auto begun = std::chrono::steady_clock::now();
  board_.Publish(Table(2, {}));
  board_.Publish(Table(3, {}));
  EXPECT_EQ(watch.Next(), 3U);
  // Some of the 300 ms went by while the first table travelled.
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(150));
}

TEST_F(GrpcServerTest, MoreWatchesThanAllowedAreRefusedUntilOneEnds) {
  board_.Publish(Table(1, {}));
  Start({.max_watchers = 2});
  const auto stub = Connect();
  Watch first(stub.get(), kOften);
  Watch second(stub.get(), kOften);
  ASSERT_EQ(first.Next(), 1U);
  ASSERT_EQ(second.Next(), 1U);
  {
    Watch third(stub.get(), kOften);
    const grpc::Status status = third.End();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(status.error_message(), "2 watches are open, which is the most");
  }
  {
    Call call;
    v1::ListQueuesResponse response;
    EXPECT_TRUE(stub->ListQueues(&call.context, {}, &response).ok()) << "lists are not watches";
  }
  first.Cancel();
  // The server notices within 200 ms.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::uint64_t got = 0;
  while (got == 0 && std::chrono::steady_clock::now() < end) {
    Watch next(stub.get(), kOften);
    got = next.Next();
  }
  EXPECT_EQ(got, 1U);
}

TEST_F(GrpcServerTest, EndsWithinASecondAlthoughWatchesAreOpen) {
  board_.Publish(Table(1, {}));
  Start();
  const auto stub = Connect();
  Watch pausing(stub.get(), 3'600'000);
  Watch waiting(stub.get(), kOften);
  ASSERT_EQ(pausing.Next(), 1U);
  ASSERT_EQ(waiting.Next(), 1U);
  const auto begun = std::chrono::steady_clock::now();
  server_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
  for (Watch* watch : {&pausing, &waiting}) {
    const grpc::Status status = watch->End();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(status.error_message(), "the scheduler is ending");
  }
}

TEST_F(GrpcServerTest, RequestsAreBounded) {
  board_.Publish(Table(1, {}));
  Start();
  v1::GetQueueRequest request;
  request.set_name(std::string(70 << 10, 'x'));
  v1::Queue queue;
  Call call;
  const grpc::Status status = Connect()->GetQueue(&call.context, request, &queue);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
}

TEST_F(GrpcServerTest, AnswersLargerThanMostClientsExpectReachThoseThatAskForThem) {
  std::vector<QueueReport> queues;
  for (int i = 0; i < 25'000; ++i) {
    queues.push_back(Report("queue-" + std::to_string(i)));
    queues.back().demand = {{"cpu", i}, {"memory", 1LL << 40}, {"gpu/NVIDIA-H100-80GB-HBM3", i}};
    queues.back().allocated = queues.back().demand;
    queues.back().bound_by = "limit gpu/NVIDIA-H100-80GB-HBM3 of some-parent";
  }
  board_.Publish(Table(1, std::move(queues)));
  Start();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(64 << 20);
  const auto stub = v1::QueueService::NewStub(
      grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                grpc::InsecureChannelCredentials(), arguments));
  Call call;
  v1::ListQueuesResponse response;
  const grpc::Status status = stub->ListQueues(&call.context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.queues_size(), 25'000);
  EXPECT_GT(response.ByteSizeLong(), 4U << 20);
}

std::string StartError(const GrpcServerOptions& options) {
  const QueueBoard board;
  auto server = GrpcServer::Start(options, &board);
  return server.ok() ? "ok" : server.error().ToString();
}

TEST_F(GrpcServerTest, APortThatIsTakenIsRefused) {
  Start();
  GrpcServerOptions second;
  second.port = server_->port();
  EXPECT_EQ(StartError(second), "grpc: cannot listen on 127.0.0.1:" + std::to_string(second.port) +
                                    ": Address already in use");
}

TEST_F(GrpcServerTest, AnAddressThatCannotBeListenedOnIsRefused) {
  GrpcServerOptions options;
  options.port = 0;
  options.address = "0.0.0.0";
  EXPECT_EQ(StartError(options),
            "grpc.address: '0.0.0.0' is not a loopback address: expected one such as 127.0.0.1, or "
            "tls_cert, tls_key and tls_client_ca");
  options.address = "localhost";
  EXPECT_THAT(StartError(options), HasSubstr("'localhost' is not a loopback address"));
}

// Files for a server at 127.0.0.1 and for its clients.
class GrpcTlsTest : public GrpcServerTest {
 protected:
  GrpcTlsTest()
      : authority_(MakeAuthority("ours")),
        server_cert_(MakeCertificate(authority_, "IP:127.0.0.1")) {
    tls_ = {.cert = Written("cert.pem", server_cert_.cert_pem),
            .key = Written("key.pem", server_cert_.key_pem),
            .client_ca = Written("ca.pem", authority_.cert_pem)};
  }
  static std::string Written(const std::string& name, const std::string& text) {
    const std::string path = ::testing::TempDir() + "/grpc-" + std::to_string(getpid()) + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  grpc::Status Ask(const grpc::SslCredentialsOptions& ssl) const {
    return AskWith(grpc::SslCredentials(ssl));
  }
  grpc::Status AskWith(const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    Call call;
    v1::ListQueuesResponse response;
    return Connect(credentials)->ListQueues(&call.context, {}, &response);
  }
  std::string ErrorWith(const TlsFiles& tls) {
    GrpcServerOptions options;
    options.port = 0;
    options.tls = tls;
    return StartError(options);
  }

  Certificate authority_;
  Certificate server_cert_;
  TlsFiles tls_;
};

TEST_F(GrpcTlsTest, OnlyClientsWithACertificateOfTheAuthorityAreServed) {
  board_.Publish(Table(1, {}));
  Start({.address = "0.0.0.0", .tls = tls_});
  const Certificate client = MakeCertificate(authority_, "DNS:client");
  const Certificate stranger = MakeCertificate(MakeAuthority("theirs"), "DNS:client");
  const Certificate expired = MakeCertificate(authority_, "DNS:client", -3600, -60);
  const grpc::Status served = Ask({authority_.cert_pem, client.key_pem, client.cert_pem});
  EXPECT_TRUE(served.ok()) << served.error_message();
  const auto refused = grpc::StatusCode::UNAVAILABLE;
  EXPECT_EQ(Ask({authority_.cert_pem, "", ""}).error_code(), refused) << "no certificate";
  EXPECT_EQ(Ask({authority_.cert_pem, stranger.key_pem, stranger.cert_pem}).error_code(), refused);
  EXPECT_EQ(Ask({authority_.cert_pem, expired.key_pem, expired.cert_pem}).error_code(), refused);
  EXPECT_EQ(AskWith(grpc::InsecureChannelCredentials()).error_code(), refused) << "no TLS";
}

TEST_F(GrpcTlsTest, FilesThatCannotBeUsedAreRefusedByName) {
  const std::string all = "grpc: expected all of tls_cert, tls_key and tls_client_ca, or none";
  EXPECT_EQ(ErrorWith({.cert = tls_.cert, .key = tls_.key, .client_ca = ""}), all);
  EXPECT_EQ(ErrorWith({.cert = "", .key = "", .client_ca = tls_.client_ca}), all);
  TlsFiles files = tls_;
  files.key = "/nonexistent/key.pem";
  EXPECT_EQ(ErrorWith(files),
            "/nonexistent/key.pem: grpc.tls_key: cannot be read: No such file or directory");
  files = tls_;
  files.cert = tls_.key;
  EXPECT_EQ(ErrorWith(files), tls_.key + ": grpc.tls_cert: expected a certificate in PEM");
  files = tls_;
  files.client_ca = Written("empty.pem", "");
  EXPECT_EQ(ErrorWith(files),
            files.client_ca + ": grpc.tls_client_ca: expected a certificate in PEM");
  files = tls_;
  files.key = tls_.cert;
  EXPECT_EQ(ErrorWith(files),
            tls_.cert + ": grpc.tls_key: expected a private key without password");
  files = tls_;
  files.key = Written("other.pem", MakeCertificate(authority_, "IP:127.0.0.1").key_pem);
  EXPECT_EQ(ErrorWith(files),
            files.key + ": grpc.tls_key: is not the key of the certificate in " + tls_.cert);
}

}  // namespace
}  // namespace fairlead::service
