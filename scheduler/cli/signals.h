// Signals as bytes in a pipe, so that a thread can act on them with ordinary code.
#pragma once

#include <initializer_list>

namespace fairlead::cli {

// From now on each of these signals writes its number, one byte, into the pipe whose reading end is
// returned; SIGPIPE is ignored. Call once in a process.
int ListenForSignals(std::initializer_list<int> numbers);

// The signal that comes within `milliseconds` (-1: whenever one comes), 0 where none does.
// `signals` is what ListenForSignals returned.
int WaitForSignal(int signals, int milliseconds);

}  // namespace fairlead::cli
