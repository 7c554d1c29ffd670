// The HTML report: one file that asks nobody for anything, and what a browser makes of it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>

#include "fairlead/sim/experiment.h"
#include "tests/unit/sim/scenarios.h"

namespace fairlead::sim {
namespace {

Results Example() {
  const Result<Results> results = RunOf(
      "name: <b>A & B</b>\nmode: replay\ncluster: {nodes: 20, gpus: 8}\n"
      "workload: {generator: {jobs: 3000, span: 2d, durations: {median: 1h}, tenants: {count: 20, "
      "skew: 1}, gangs: [{weight: 5, gpus: 2}, {pods: 2, gpus: 8}]}}\n"
      "policy: {order: [greedy, fifo_strict]}\n");
  EXPECT_TRUE(results.ok()) << results.error().ToString();
  return *results;
}

TEST(Report, IsOneFileThatAsksNobody) {
  const std::string page = ResultsHtml(Example());
  EXPECT_LT(page.size(), 5'000'000U);
  for (const char* remote : {"http://", "https://", "src=", "@import", "url(", "fetch("}) {
    const std::size_t at = page.find(remote);
    // The name of SVG's elements is the one address in it.
    const bool is_name =
        at != std::string::npos && page.substr(at).starts_with("http://www.w3.org/2000/svg");
    EXPECT_TRUE(at == std::string::npos || is_name) << page.substr(at, 60);
  }
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(page.find("<b>A"), std::string::npos) << "names are text";
  EXPECT_NE(page.find("6 smaller queues"), std::string::npos) << "more queues than colours";
}

// Appended to the page: does what a person does, and says what came of it.
constexpr const char* kVisitor = R"html(<script>
const said=[];addEventListener("error",e=>said.push("error "+e.message));
addEventListener("securitypolicyviolation",e=>said.push("blocked "+e.blockedURI));
const charts=document.querySelectorAll("svg");said.push("charts "+charts.length);
const share=[...charts].find(c=>c.getAttribute("aria-label")==="Share of each queue");
const lines=()=>[...document.querySelectorAll("svg")].find(c=>c.getAttribute("aria-label")==="Share of each queue").querySelectorAll("path").length;
const box=share.getBoundingClientRect();
share.dispatchEvent(new PointerEvent("pointermove",{clientX:box.left+box.width/2,clientY:box.top+50}));
const tip=share.parentElement.querySelector(".tip");said.push("tip "+(tip.style.display==="block"&&/team-/.test(tip.textContent)));
said.push("lines "+lines());document.querySelector(".key button").click();said.push("lines "+lines());
document.querySelectorAll("tbody tr")[1].click();said.push("run "+/fifo_strict/.test(document.querySelector("main p").textContent));
said.push("wide "+(document.documentElement.scrollWidth<=innerWidth));
const out=document.createElement("pre");out.id="said";out.textContent=said.join("; ");document.body.append(out);
</script>)html";

std::string Output(const std::string& command) {
  std::string text;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> buffer{};
  while (std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), n);
  pclose(pipe);
  return text;
}

TEST(Report, ABrowserDrawsItAndListens) {
  if (Output("command -v chromium").empty())
    GTEST_SKIP() << "SKIP: there is no chromium on the PATH";
  const std::string path = testing::TempDir() + "report" + std::to_string(getpid()) + ".html";
  std::ofstream(path) << ResultsHtml(Example()) << kVisitor;
  for (const char* width : {"1440", "400"}) {
    const std::string dom = Output(
        "timeout 120 chromium --headless=new --no-sandbox --disable-gpu --user-data-dir=" + path +
        ".profile --window-size=" + width + ",1000 --dump-dom file://" + path + " 2>/dev/null");
    const std::size_t at = dom.find("<pre id=\"said\">");
    ASSERT_NE(at, std::string::npos) << dom.substr(0, 500);
    const std::string said = dom.substr(at + 15, dom.find("</pre>", at) - at - 15);
    EXPECT_EQ(said, "charts 7; tip true; lines 15; lines 14; run true; wide true") << width;
  }
  (void)std::remove(path.c_str());
  (void)Output("rm -rf " + path + ".profile");
}

TEST(Report, OfASaturation) {
  const Result<Results> results =
      RunOf("mode: saturation\nseeds: [42]\ncluster: {nodes_file: " + kTraces +
            "openb_node_list_gpu_node.csv.gz}\nworkload: {pods: " + kTraces +
            "openb_pod_list_default.csv.gz}\npolicy: {placement: [bestfit, fgd, default]}\n");
  ASSERT_TRUE(results.ok()) << results.error().ToString();
  EXPECT_NE(ResultsHtml(*results).find("\"label\":\"bestfit\""), std::string::npos);
  // The means over ten seeds are published; one seed is not far from them.
  EXPECT_NEAR(results->summary[0].mean_100, 92.86, 0.5);
  EXPECT_NEAR(results->summary[1].mean_100, 95.23, 0.4);
  EXPECT_NEAR(results->summary[2].mean_100, 95.82, 0.2);
}

}  // namespace
}  // namespace fairlead::sim
