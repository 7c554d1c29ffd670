// The words of Go's JSON scanner for a text that is not JSON. Clients print them, so that what a
// user sees of a typing error is what a real server shows. It only looks for the first error: what
// is valid is read by ParseJson.
#include <fmt/format.h>

#include "scheduler/apiserver/server.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kEnd = "unexpected end of JSON input";
constexpr int kMaxDepth = 256;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string Quoted(char c) {
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  if (c == '\\') return "'\\\\'";
  if (c == '\n') return "'\\n'";
  if (c == '\r') return "'\\r'";
  if (c == '\t') return "'\\t'";
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7f) return fmt::format("'\\x{:02x}'", byte);
  if (byte < 0x80) return fmt::format("'{}'", c);
  if (byte < 0xa0) return fmt::format("'\\u{:04x}'", byte);
  // A byte alone is taken for a character of Latin 1.
  return fmt::format("'{}{}'", static_cast<char>(0xc0 | (byte >> 6)),
                     static_cast<char>(0x80 | (byte & 0x3f)));
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::string Trouble() {
    if (!Value(0)) return std::move(trouble_);
    Skip();
    if (at_ < text_.size()) Fail("after top-level value");
    return std::move(trouble_);
  }

 private:
  void Skip() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n')) {
      ++at_;
    }
  }

  // About the character at hand, or the end.
  bool Fail(std::string_view where) {
    trouble_ = at_ >= text_.size()
                   ? std::string(kEnd)
                   : fmt::format("invalid character {} {}", Quoted(text_[at_]), where);
    return false;
  }

  bool Is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool Digit() const { return at_ < text_.size() && IsDigit(text_[at_]); }

  bool Value(int depth) {
    Skip();
    if (at_ >= text_.size()) return Fail("");
    if (depth > kMaxDepth) {
      trouble_ = "exceeded max depth";
      return false;
    }
    switch (text_[at_]) {
      case '{':
        return Object(depth);
      case '[':
        return Array(depth);
      case '"':
        return String();
      case 't':
        return Literal("true");
      case 'f':
        return Literal("false");
      case 'n':
        return Literal("null");
      default:
        if (Is('-') || Digit()) return Number();
        return Fail("looking for beginning of value");
    }
  }

  bool Object(int depth) {
    ++at_;
    Skip();
    if (Is('}')) return ++at_, true;
    while (true) {
      Skip();
      if (!Is('"')) return Fail("looking for beginning of object key string");
      if (!String()) return false;
      Skip();
      if (!Is(':')) return Fail("after object key");
      ++at_;
      if (!Value(depth + 1)) return false;
      Skip();
      if (Is('}')) return ++at_, true;
      if (!Is(',')) return Fail("after object key:value pair");
      ++at_;
    }
  }

  bool Array(int depth) {
    ++at_;
    Skip();
    if (Is(']')) return ++at_, true;
    while (true) {
      if (!Value(depth + 1)) return false;
      Skip();
      if (Is(']')) return ++at_, true;
      if (!Is(',')) return Fail("after array element");
      ++at_;
    }
  }

  bool Literal(std::string_view word) {
    for (const char c : word) {
      if (!Is(c)) return Fail(fmt::format("in literal {} (expecting {})", word, Quoted(c)));
      ++at_;
    }
    return true;
  }

  bool Escape() {
    ++at_;
    if (Is('u')) {
      for (int i = 0; i < 4; ++i) {
        ++at_;
        if (at_ >= text_.size() || !IsHex(text_[at_])) {
          return Fail("in \\u hexadecimal character escape");
        }
      }
    } else if (at_ >= text_.size() ||
               std::string_view("bfnrt\\/\"").find(text_[at_]) == std::string_view::npos) {
      return Fail("in string escape code");
    }
    ++at_;
    return true;
  }

  bool String() {
    ++at_;
    while (at_ < text_.size()) {
      if (Is('"')) return ++at_, true;
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return Fail("in string literal");
      if (!Is('\\')) {
        ++at_;
      } else if (!Escape()) {
        return false;
      }
    }
    return Fail("in string literal");
  }

  bool Number() {
    if (Is('-')) ++at_;
    if (!Digit()) return Fail("in numeric literal");
    if (Is('0')) {
      ++at_;
    } else {
      while (Digit()) ++at_;
    }
    if (Is('.')) {
      ++at_;
      if (!Digit()) return Fail("after decimal point in numeric literal");
      while (Digit()) ++at_;
    }
    if (!Is('e') && !Is('E')) return true;
    ++at_;
    if (Is('+') || Is('-')) ++at_;
    if (!Digit()) return Fail("in exponent of numeric literal");
    while (Digit()) ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string trouble_;
};

}  // namespace

std::string JsonTrouble(std::string_view text) { return Scanner(text).Trouble(); }

}  // namespace fairlead::apiserver
