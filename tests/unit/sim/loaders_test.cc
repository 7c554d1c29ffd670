// Traces of each format, and what is said about files that are wrong.
#include "scheduler/sim/loaders.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "scheduler/sim/cluster.h"
#include "scheduler/sim/table.h"

namespace fairlead::sim {
namespace {

// A file with this text, gone with the object.
class Written {
 public:
  explicit Written(const std::string& text)
      : path(testing::TempDir() + "trace" + std::to_string(getpid()) + "-" +
             std::to_string(count_++)) {
    std::ofstream(path, std::ios::binary) << text;
  }
  ~Written() { (void)std::remove(path.c_str()); }
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;

  const std::string path;

 private:
  static inline int count_ = 0;
};

Result<Workload> Load(const std::string& format, const std::string& path, bool skip_bad = false) {
  WorkloadSpec spec;
  spec.format = format;
  spec.jobs = path;
  spec.skip_bad = skip_bad;
  return LoadWorkload(spec, 1);
}

TEST(Loaders, OpenbPodsAndNodes) {
  const Written nodes("sn,cpu_milli,memory_mib,gpu,model\nn,64000,1,2,P100\n");
  const Written pods(
      "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
      "deletion_time,scheduled_time\n"
      "a,1,2,1,460,V100|P100,LS,Running,10,100,30\nb,3,4,0,0,,BE,Pending,5,9,\n");
  const auto list = ReadNodeList(nodes.path);
  const auto workload = Load("openb", pods.path);
  ASSERT_TRUE(list.ok() && workload.ok()) << workload.error().ToString();
  EXPECT_EQ(workload->jobs[0].duration, 70);
  EXPECT_EQ(workload->jobs[0].submit, 10);
  EXPECT_EQ(workload->queues[workload->jobs[1].queue], "BE");
  const auto made = saturation::MakeWorkload(*list, *workload);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->Capacity(), 2000);
  EXPECT_EQ(made->pods.at(0).models, 0b11U);
  EXPECT_EQ(made->pods.at(1).devices, 0U);
}

TEST(Loaders, HeliosCountsFromTheFirstSubmission) {
  const Written file(
      "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration\n"
      "1,u1,vcA,16,64,2,COMPLETED,2020-04-01 00:00:05,2020-04-01 00:01:00,x,60\n"
      "2,u2,vcB,0,4,1,FAILED,2020-04-01 01:00:05,x,x,5\n");
  const auto workload = Load("helios", file.path);
  ASSERT_TRUE(workload.ok()) << workload.error().ToString();
  EXPECT_EQ(workload->jobs[0].submit, 0);
  EXPECT_EQ(workload->jobs[0].gpus, 16);
  EXPECT_EQ(workload->jobs[0].pods, 0) << "not yet cut";
  EXPECT_EQ(workload->jobs[1].submit, 3600);
  EXPECT_EQ(workload->jobs[1].cpu, 4000);
}

TEST(Loaders, Pai2020HasNoNamesOfColumns) {
  const Written file("j,worker,4,Terminated,100.5,160.2,600,29.3,50,T4\n");
  const auto workload = Load("pai2020", file.path);
  ASSERT_TRUE(workload.ok()) << workload.error().ToString();
  const Job& job = workload->jobs[0];
  EXPECT_EQ(job.pods, 4);
  EXPECT_EQ(job.duration, 61);
  EXPECT_EQ(job.cpu, 6000);
  EXPECT_EQ(job.memory, 29 * 1024);
  EXPECT_EQ(job.gpus, 1);
  EXPECT_EQ(job.milli, 500);
  EXPECT_EQ(workload->models[job.models], "T4");
}

TEST(Loaders, StandardWorkloadFormat) {
  const Written file(
      "; UnixStartTime: 0\n"
      "  1 10 5 100 4 -1 -1 4 200 -1 1 7 1 1 2 1 -1 -1\n"
      "  2 20 5 50 -1 -1 -1 12 200 -1 1 7 1 1 -1 1 -1 -1\n");
  const auto workload = Load("swf", file.path);
  ASSERT_TRUE(workload.ok()) << workload.error().ToString();
  EXPECT_EQ(workload->jobs[0].gpus, 4);
  EXPECT_EQ(workload->queues[workload->jobs[0].queue], "2");
  EXPECT_EQ(workload->jobs[1].gpus, 12) << "what was asked for, where what was given is not known";
}

TEST(Loaders, CsvHasDefaults) {
  const Written file(
      "id,submit_s,duration_s,tenant,gpus,gpu_milli,pods,gpu_model,user\n"
      "a,0,60,team,1,250,1,T4|A100,\"x, y\"\nb,5,0.5,,8,,2,,\n");
  const auto workload = Load("csv", file.path);
  ASSERT_TRUE(workload.ok()) << workload.error().ToString();
  EXPECT_EQ(workload->jobs[0].milli, 250);
  EXPECT_EQ(workload->queues[workload->jobs[0].queue], "team");
  EXPECT_EQ(workload->users[workload->jobs[0].user], "x, y");
  EXPECT_EQ(workload->jobs[1].milli, 1000);
  EXPECT_EQ(workload->jobs[1].duration, 1) << "part of a second counts as one";
  EXPECT_EQ(workload->queues[workload->jobs[1].queue], "default");
}

TEST(Loaders, BadRowsAreNamed) {
  const std::string head = "job_id,vc,submit_s,duration_s,num_gpus\n0,a,1,2,3\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"1,a,-5,2,1\n", ":3:5: submit_s: '-5': expected a whole number from 0 to 4000000000"},
      {"1,a,5,x,1\n", ":3:7: duration_s: 'x': expected a whole number from 0 to 4000000000"},
      {"1,a,5\n", ":3: duration_s: 3 columns: expected 5"},
      {"1,a,5,6,1,9\n", ":3: column 7: 6 columns: expected 5"},
      {"0,a,5,6,1\n", ":3:1: job_id: '0': a second job with this id"},
      {",a,5,6,1\n", ":3:1: job_id: empty: expected a name"},
      {"1,a,5,6,0\n", ":3:9: num_gpus: '0': expected a whole number from 1 to 100000"},
      {"\"1,a,5,6,1\n", ":3: column 2: 1 columns: expected 5"},
  };
  for (const auto& [row, message] : cases) {
    const Written file(head + row + "7,b,1,2,3\n");
    const auto strict = Load("philly", file.path);
    ASSERT_FALSE(strict.ok()) << row;
    if (row.front() != '"') {
      EXPECT_EQ(strict.error().ToString(), file.path + message);
    }
    const auto lenient = Load("philly", file.path, true);
    ASSERT_TRUE(lenient.ok());
    EXPECT_EQ(lenient->jobs.size(), 2U) << row;
    EXPECT_EQ(lenient->bad_rows, 1);
    EXPECT_EQ(lenient->first_bad_rows.at(0).line, 3);
  }
}

TEST(Loaders, BadFilesAreNamed) {
  const Written empty("");
  EXPECT_EQ(Load("philly", empty.path).error().ToString(),
            empty.path + ": is empty: expected a line with the names of columns");
  const Written columns("job_id,vc,submit\n");
  EXPECT_EQ(Load("philly", columns.path).error().ToString(),
            columns.path + ":1: has no column 'submit_s'; its columns are: job_id, vc, submit");
  EXPECT_EQ(Load("philly", empty.path + "-none").error().ToString(),
            empty.path + "-none: cannot be read");
}

TEST(Loaders, CompressedFilesMustBeWhole) {
  const Written file("");
  const std::string path = file.path + ".gz";
  gzFile out = gzopen(path.c_str(), "wb");
  std::string text = "job_id,vc,submit_s,duration_s,num_gpus\n";
  for (int j = 0; j < 1000; ++j) text += std::to_string(j * 7919 % 1009) + ",a,1,2,3\n";
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  EXPECT_EQ(Load("philly", path)->jobs.size(), 1000U);
  std::ifstream whole(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(whole)), {});
  const Written truncated(bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(Load("philly", truncated.path).error().ToString(),
            truncated.path + ": is truncated: the compressed data end too early");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
  const Written damaged(bytes);
  EXPECT_FALSE(Load("philly", damaged.path).ok());
  (void)std::remove(path.c_str());
}

TEST(Loaders, GeneratorsDrawTheSameAgain) {
  GeneratorSpec spec;
  spec.jobs = 5000;
  spec.queues = 4;
  spec.skew = 1'000'000;
  spec.diurnal = 500'000;
  spec.gangs = {GangMix{.weight = 3}, GangMix{.weight = 1, .pods = 4, .gpus = 8}};
  const Workload once = Generate(spec, 7);
  const Workload again = Generate(spec, 7);
  const Workload other = Generate(spec, 8);
  std::int64_t gangs = 0;
  std::vector<std::int64_t> by_queue(4, 0);
  bool differs = false;
  for (std::size_t j = 0; j < once.jobs.size(); ++j) {
    EXPECT_EQ(once.jobs[j].submit, again.jobs[j].submit);
    EXPECT_EQ(once.jobs[j].duration, again.jobs[j].duration);
    differs = differs || once.jobs[j].submit != other.jobs[j].submit;
    gangs += once.jobs[j].pods == 4 ? 1 : 0;
    ++by_queue[once.jobs[j].queue];
  }
  EXPECT_TRUE(differs);
  EXPECT_NEAR(static_cast<double>(gangs), 1250, 120);
  // Sizes by rank: 1, 1/2, 1/3, 1/4 of 25/12.
  EXPECT_NEAR(static_cast<double>(by_queue[0]), 2400, 150);
  EXPECT_NEAR(static_cast<double>(by_queue[3]), 600, 100);
}

}  // namespace
}  // namespace fairlead::sim
