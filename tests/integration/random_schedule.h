// One random history of a small cluster, made from a seed: gangs, Jobs and single pods of a few
// tenants arrive; pods are deleted and fail; nodes come, go and are lost; devices break; the
// scheduler is stopped, and killed in the middle of anything; and its requests meet faults of every
// kind. Then the faults stop, and when the world has come to rest it is judged:
//
//   I1  no node was ever given more than it has, and no pod was moved;
//   I2  no gang that never was whole holds anything;
//   I3  nothing waits that would fit whole;
//   I4  an emptied cluster leaves nothing behind: in the engine, in the store, in connections.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/integration/virtual_world.h"

namespace fairlead::integration {

class RandomSchedule {
 public:
  explicit RandomSchedule(std::uint64_t seed);

  // What went wrong, one line each.
  std::vector<std::string> Run();

  // The same for every run of the same seed.
  std::uint64_t hash() const { return world_.watch().hash(); }
  std::size_t binds() const { return world_.watch().binds().size(); }
  std::uint64_t faults() const { return world_.faults().struck(); }

 private:
  static WorldOptions OptionsOf(std::uint64_t seed);
  int Draw(int below) { return static_cast<int>(random_() % static_cast<std::uint64_t>(below)); }
  bool Chance(int percent) { return Draw(100) < percent; }

  void Populate();
  void AddNode();
  void Act();
  void Arrive();
  void ArriveGang();
  void ArriveJob();
  PodWish AnyPod();
  void AddMembers(int n);  // of gangs whose members come in parts
  void LosePod();
  void RecreatePod();
  void DisturbNode();
  void DisturbScheduler();
  void ForbidEvictions();
  void Heal();
  void Judge(std::vector<std::string>* problems);
  void Empty(std::vector<std::string>* problems);
  std::string AnyNode();
  const PodSeen* AnyPodThere();

  struct Unfinished {
    PodWish member;
    int next = 0;
  };

  std::mt19937_64 random_;
  std::uint64_t seed_;
  VirtualWorld world_;
  int tenants_ = 1;
  int nodes_ = 0;  // made so far
  int names_ = 0;
  std::vector<std::string> machines_;  // there
  std::vector<std::string> lost_;
  std::vector<std::string> cordoned_;
  std::vector<std::string> owners_;   // paths of Jobs and PodGroups
  std::vector<std::string> budgets_;  // paths
  bool pod_groups_ = false;           // their definition is there
  std::vector<Unfinished> unfinished_;
};

}  // namespace fairlead::integration
