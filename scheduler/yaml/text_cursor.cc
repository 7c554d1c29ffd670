#include "scheduler/yaml/text_cursor.h"

namespace fairlead::yaml {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The length of the well-formed UTF-8 sequence at the front of `s`, or 0. Overlong forms,
// surrogates and what lies beyond U+10FFFF are not well-formed.
std::size_t SequenceLength(std::string_view s) {
  const auto lead = static_cast<unsigned char>(s[0]);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(s[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(s[1]);
  const bool bad = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                   (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
  return bad ? 0 : length;
}

// A carriage return counts only as part of a line break.
bool IsAllowedControl(std::string_view s) {
  return s[0] == '\t' || s[0] == '\n' || (s[0] == '\r' && s.size() > 1 && s[1] == '\n');
}

// What follows the anchor and the tag, and the blanks and comments after them.
std::string_view SkipProperties(std::string_view node) {
  while (!node.empty()) {
    if (IsBlank(node[0])) {
      node.remove_prefix(1);
    } else if (node[0] == '&' || node[0] == '!') {
      while (!node.empty() && !IsBlank(node[0])) node.remove_prefix(1);
    } else if (node[0] == '#') {
      while (!node.empty() && node[0] != '\n') node.remove_prefix(1);
    } else {
      break;
    }
  }
  return node;
}

}  // namespace

void TextCursor::MoveTo(std::size_t position) {
  for (; position_ < position && position_ < text_.size(); ++position_) {
    const char c = text_[position_];
    if (c == '\n') {
      in_indent_ = true;
      tab_ = false;
    } else if (in_indent_ && c == '\t') {
      tab_ = true;
    } else if (c != ' ') {
      in_indent_ = false;
    }
  }
}

bool QuoteCloses(std::string_view node) {
  node = SkipProperties(node);
  if (node.empty() || (node[0] != '\'' && node[0] != '"')) return true;
  const char quote = node[0];
  for (std::size_t i = 1; i < node.size(); ++i) {
    if (quote == '"' && node[i] == '\\') {
      ++i;
    } else if (node[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < node.size() && node[i + 1] == quote;
      if (!doubled) return true;
      ++i;
    }
  }
  return false;
}

std::optional<BadByte> FindBadByte(std::string_view text) {
  int line = 1;
  int column = 1;
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    const bool control = byte < 0x20 || byte == 0x7F;
    if (length == 0 || (control && !IsAllowedControl(text))) return BadByte{line, column, byte};
    column += static_cast<int>(length);
    if (byte == '\n') {
      ++line;
      column = 1;
    }
    text.remove_prefix(length);
  }
  return std::nullopt;
}

}  // namespace fairlead::yaml
