// Where finished points of a sweep are kept, so that a sweep that was ended goes on.
#pragma once

#include <optional>
#include <string>

#include "fairlead/sim/results.h"

namespace fairlead::sim {

class PointStore {
 public:
  // `dir`: empty = nothing is kept. `text`: the scenario of the point as text, which says together
  // with the sizes of the files that it reads which point it is.
  PointStore(const std::string& dir, const Scenario& scenario, const std::string& text);

  std::optional<Results> Load() const;
  Status Save(const Results& results) const;

 private:
  std::string path_;  // empty: nowhere
  std::string key_;
};

}  // namespace fairlead::sim
