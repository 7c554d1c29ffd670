// Signals as bytes in a pipe, so that a thread can act on them with ordinary code.
#pragma once

#include <initializer_list>

namespace fairlead::cli {

// From now on each of these signals writes its number, one byte, into the pipe whose reading end is
// returned; SIGPIPE is ignored. Call once in a process.
int ListenForSignals(std::initializer_list<int> numbers);

}  // namespace fairlead::cli
