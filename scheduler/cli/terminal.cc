#include "scheduler/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace fairlead::cli {
namespace {

void Write(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool TerminalSize(int* columns, int* rows) {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return false;
  *columns = size.ws_col;
  *rows = size.ws_row;
  return true;
}

bool CanRedraw() {
  int columns = 0;
  int rows = 0;
  return isatty(STDOUT_FILENO) == 1 && Environment("TERM") != "dumb" &&
         TerminalSize(&columns, &rows);
}

bool ShowsColours() { return isatty(STDOUT_FILENO) == 1 && Environment("NO_COLOR").empty(); }

ScreenStyle StyleOfTerminal() {
  ScreenStyle style;
  TerminalSize(&style.columns, &style.rows);
  style.colour = ShowsColours();
  std::string_view locale = Environment("LC_ALL");
  if (locale.empty()) locale = Environment("LC_CTYPE");
  if (locale.empty()) locale = Environment("LANG");
  style.unicode = locale.find("UTF-8") != std::string_view::npos ||
                  locale.find("utf8") != std::string_view::npos;
  return style;
}

LiveScreen::LiveScreen() { Write("\x1b[?1049h\x1b[?25l"); }
LiveScreen::~LiveScreen() { Write("\x1b[?25h\x1b[?1049l"); }

// Each line ends by erasing what the last frame had there.
void LiveScreen::Show(std::string_view frame) {
  std::string text = "\x1b[H";
  for (const char c : frame) text += c == '\n' ? std::string("\x1b[K\r\n") : std::string(1, c);
  Write(text + "\x1b[K\x1b[J");
}

}  // namespace fairlead::cli
