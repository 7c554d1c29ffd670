// Filling: the surplus of entitlement.h's rule 4, exactly, as a sequence of events.
//
// Every inner node n has a clock f: the lowest level / weight among its unfrozen children of the
// current priority. As long as nothing happens, what lies below n is linear in f:
//
//     P(f) = alpha + beta f          the rescaled sum, one entry per dimension
//     X(f) = alpha_x + beta_x f      what is really held
//     level(f) = lambda + mu f       lambda, mu: the entries of the dominant live dimension
//
// and a growing child of weight w, whose level is w f, adds to its parent
//
//     P_child = (alpha - beta lambda / mu) + (beta w / mu) f.
//
// So no amounts are advanced from event to event: the coefficients follow from who is frozen, who
// grows and which dimension dominates, and an event at one class touches only its ancestors.
//
// Children whose level / weight is equal and lowest grow together: the front. When a child falls
// behind (its level drops, since live dimensions vanish), the others stand still as a front that it
// joins again later: fronts form a stack, ordered by the clock at which they are joined (`join`).
// A standing front enters P with f / join of what it held when it stopped.
//
// Events: a class is done; a constraint becomes tight; a standing front is joined; another live
// dimension becomes the dominant one. At one instant everything that is done or held freezes before
// a clock falls: what stands afterwards would not get to its event in time. As long as no clock can
// fall, classes that are done commute and are taken one by one, and so are joins and switches;
// everything else is compared exactly.
//
// Cost: O(events x depth x dimensions), plus O(nodes x dimensions) per constraint that becomes
// tight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace fairlead::fair {

inline constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// amount of `sum over terms of factor * X[dimension]` <= room. Amounts in shares of the set.
template <typename Num>
struct Constraint {
  struct Term {
    std::uint32_t dimension = 0;
    Num factor;
    bool unit = true;  // factor is 1
  };
  std::vector<Term> terms;
  Num room;
};

// What ends the growth of a class.
struct Freeze {
  enum class Kind : std::uint8_t { kNotYet, kDone, kLimit, kCapacity };
  Kind kind = Kind::kNotYet;
  std::uint32_t node = 0;        // kLimit: whose
  std::uint32_t constraint = 0;  // kLimit: of the node; kCapacity: of the problem
};

template <typename Num>
struct FillingClass {
  std::uint32_t parent = 0;
  Num weight;
  std::int32_t priority = 0;
  std::uint32_t begin = 0;  // what it uses: [begin, end) of FillingProblem::uses and slopes
  std::uint32_t end = 0;
  Num stop;  // > 0: level at which the class is done
};

template <typename Num>
struct FillingNode {
  std::uint32_t parent = kNone;  // smaller than the node's own index; node 0 is the root
  Num weight;
  std::int32_t priority = 0;
  std::vector<Constraint<Num>> limits;
};

// Siblings are in order of ties: classes by index, nodes by index.
template <typename Num>
struct FillingProblem {
  std::size_t dimensions = 0;
  std::vector<FillingClass<Num>> classes;
  std::vector<std::uint32_t> uses;  // dimensions
  std::vector<Num> slopes;          // beside `uses`: share per unit of level / weight
  std::vector<FillingNode<Num>> nodes;
  std::vector<Constraint<Num>> capacity;  // room > 0
};

template <typename Num>
struct FillingSolution {
  std::vector<Num> at;       // by class: level / weight
  std::vector<Freeze> ends;  // by class
  std::size_t events = 0;
};

// Throws Undecided where Num is a Fixed.
template <typename Num>
FillingSolution<Num> Fill(const FillingProblem<Num>& problem);

}  // namespace fairlead::fair
