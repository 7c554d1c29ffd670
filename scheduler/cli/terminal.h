// The terminal that standard output is, if it is one.
#pragma once

#include <string_view>

#include "scheduler/cli/text.h"

namespace fairlead::cli {

// Empty where the variable is not set.
std::string_view Environment(const char* name);

// False where standard output is no terminal or one without a size.
bool TerminalSize(int* columns, int* rows);

// Whether pictures can be drawn over each other there.
bool CanRedraw();

// Whether what goes there is in colours: not where NO_COLOR is set.
bool ShowsColours();

// Its size, whether it shows more than ASCII, and colours. Where standard output is no terminal the
// size is that of ScreenStyle{}.
ScreenStyle StyleOfTerminal();

// The other screen of the terminal, without a cursor, for as long as this lives.
class LiveScreen {
 public:
  LiveScreen();
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  // Lines without a break after the last one.
  void Show(std::string_view frame);
};

}  // namespace fairlead::cli
