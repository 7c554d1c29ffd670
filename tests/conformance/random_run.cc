#include "tests/conformance/random_run.h"

#include "tests/conformance/embedded.h"

namespace fairlead::conformance {
namespace {

struct Difference {
  std::size_t at = 0;
  std::string text;
  std::vector<std::string> requests;
};

class Comparison {
 public:
  Comparison(const Target& real, std::string name) : real_(real), name_(std::move(name)) {}

  // None: the two agree.
  std::optional<Difference> Run(const std::vector<RandomRequest>& requests) {
    const std::string prefix = name_ + "-" + std::to_string(runs_++);
    Embedded embedded(apiserver::Profile::k120);
    RandomSender real(real_, prefix);
    RandomSender ours(embedded.target(), prefix);
    std::optional<Difference> difference = FirstDifference(requests, &real, &ours);
    real.CleanUp();
    // The names of each run are its own.
    std::string* text = difference ? &difference->text : nullptr;
    for (std::size_t at = 0;
         text != nullptr && (at = text->find(prefix, at)) != std::string::npos;) {
      text->replace(at, prefix.size(), "S");
    }
    return difference;
  }

  // Without the requests that the difference does not need.
  std::vector<RandomRequest> Shorten(std::vector<RandomRequest> requests, Difference* difference) {
    requests.resize(difference->at + 1);
    for (std::size_t size = requests.size() / 2; size > 0; size /= 2) {
      for (std::size_t at = 0; at + size < requests.size();) {
        std::vector<RandomRequest> fewer = requests;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(at),
                    fewer.begin() + static_cast<std::ptrdiff_t>(at + size));
        auto still = Run(fewer);
        if (still && still->text == difference->text) {
          requests = std::move(fewer);
          requests.resize(still->at + 1);
          *difference = std::move(*still);
        } else {
          at += size;
        }
      }
    }
    return requests;
  }

  RandomOutcome outcome;

 private:
  std::optional<Difference> FirstDifference(const std::vector<RandomRequest>& requests,
                                            RandomSender* real, RandomSender* ours) {
    constexpr std::size_t kShown = 1'500;
    Difference difference;
    for (; difference.at < requests.size(); ++difference.at) {
      const RandomAnswer a = real->Send(requests[difference.at]);
      const RandomAnswer b = ours->Send(requests[difference.at]);
      Count(a);
      if (a.sent || b.sent) {
        difference.requests.push_back((a.sent ? a : b).request +
                                      "\n     real: " + a.answer.dump().substr(0, kShown));
      }
      std::vector<std::string> lines;
      if (a.sent != b.sent) lines.emplace_back("sent to one only");
      if (a.sent && b.sent) lines = AnswerDifferences(a.answer, b.answer);
      if (lines.empty()) continue;
      difference.requests.back() += "\n     ours: " + b.answer.dump().substr(0, kShown);
      for (const std::string& line : lines) difference.text += "  real | embedded " + line + "\n";
      return difference;
    }
    return std::nullopt;
  }

  void Count(const RandomAnswer& answer) {
    if (!answer.sent || runs_ > 1) return;
    ++outcome.sent;
    if (answer.answer["status"].get<int>() >= 400) ++outcome.refused;
  }

  const Target& real_;
  std::string name_;
  int runs_ = 0;
};

}  // namespace

RandomOutcome RunRandomSequence(std::uint64_t seed, const Target& real, const std::string& name,
                                bool shorten) {
  Comparison comparison(real, name);
  std::vector<RandomRequest> requests = RandomSequence(seed);
  auto difference = comparison.Run(requests);
  if (difference) {
    if (shorten) requests = comparison.Shorten(requests, &*difference);
    std::string& report = comparison.outcome.report;
    report = "seed " + std::to_string(seed) + ":\n" + difference->text;
    for (const std::string& request : difference->requests) report += "  > " + request + "\n";
  }
  return comparison.outcome;
}

}  // namespace fairlead::conformance
