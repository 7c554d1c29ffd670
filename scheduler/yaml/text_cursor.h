// A walk over YAML text beside the parser, for what the parser does not tell: the byte at a mark,
// whether tabs indent its line, and whether a quoted scalar really ends.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "fairlead/base/result.h"

namespace fairlead::yaml {

class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  // Moves to this byte. Forward only: a position behind this one changes nothing. All moves
  // together cost one pass over the text.
  void MoveTo(std::size_t position);
  // The text from here on.
  std::string_view rest() const { return text_.substr(position_); }
  std::size_t position() const { return position_; }
  // There is a tab among the blanks at the start of this line.
  bool tab_indents() const { return tab_; }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
  bool in_indent_ = true;
  bool tab_ = false;
};

// `node` is text that starts with a scalar or its anchor and tag. False if the scalar is quoted and
// its quote does not close before the text ends.
bool QuoteCloses(std::string_view node);

// Line and column (in bytes) of the first byte that is not well-formed UTF-8 or is a control
// character that YAML does not allow.
struct BadByte {
  int line = 0;
  int column = 0;
  unsigned char byte = 0;
};
std::optional<BadByte> FindBadByte(std::string_view text);

}  // namespace fairlead::yaml
