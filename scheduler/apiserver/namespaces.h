// Empties namespaces that are being deleted, and then lets them go.
//
// One walk over the contents when the deletion is seen; after that, each object that goes costs one
// look per kind, because nothing can be created in a namespace that ends.
#pragma once

#include <set>
#include <string>

#include "scheduler/apiserver/controllers_work.h"

namespace fairlead::apiserver {

class NamespaceController {
 public:
  NamespaceController(Api* api, LoopWork* work);

 private:
  bool Concerns(const Change& change) const;
  void OnChange(const Change& change);
  void Look();
  void Empty(const std::string& ns);
  bool HasContents(const std::string& ns) const;
  void Finish(const std::string& ns);
  std::set<std::string> Storages() const;

  Api* api_;
  LoopWork* work_;
  std::set<std::string> ending_;
  std::set<std::string> dirty_;
  ChangeInbox inbox_;  // last: it is the first to end
};

}  // namespace fairlead::apiserver
