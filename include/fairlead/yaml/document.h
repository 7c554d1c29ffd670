// Strict YAML: text to a tree in which every node knows its line and column. Refuses, with the
// position and what was expected: duplicate keys, unterminated quotes, more than one document where
// one is expected, tabs as indentation, keys that are not scalars, merge keys, tags other than
// !!str, bytes that are not printable UTF-8, and input over the bounds below. Columns count
// characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fairlead/base/result.h"

namespace fairlead::yaml {

struct Bounds {
  std::size_t max_bytes = 64UL << 20;  // of the text, and of all scalars after expanding aliases
  std::size_t max_depth = 64;          // of nested sequences and maps
  std::size_t max_nodes = 5'000'000;   // counted after expanding aliases
};

enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMap };

struct Node {
  Kind kind = Kind::kNull;
  std::string scalar;       // text of a scalar
  bool quoted = false;      // a quoted scalar is a string whatever it looks like
  std::vector<Node> items;  // of a sequence
  std::vector<std::pair<std::string, Node>> members;  // of a map, in file order
  int line = 0;                                       // from 1
  int column = 0;                                     // from 1
  int key_line = 0;  // of its key, where it is a member of a map, else 0
  int key_column = 0;

  // Defined out of line: a member's type is complete only after Node is.
  Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();

  // The member with this key, or null.
  const Node* Find(std::string_view key) const;
};

// One document. An empty text is a null node, and so is a member without a value, which has the
// position of its key. `file` goes into errors.
Result<Node> Parse(std::string_view text, std::string_view file, const Bounds& bounds = {});
// Documents separated by "---".
Result<std::vector<Node>> ParseAll(std::string_view text, std::string_view file,
                                   const Bounds& bounds = {});
// The bytes of a file. Error: it cannot be read, or is longer than `max_bytes`.
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes = 64UL << 20);

// JSON text of a tree, for decoders that read JSON. Plain scalars become null, booleans or numbers
// where YAML's core schema says so (0x10 is 16, 012 is 12, yes is a string), else strings;
// infinities and NaN, which JSON lacks, and hexadecimal or octal numbers over 64 bits stay strings.
std::string ToJson(const Node& node);

// Reads the members of one map with types and ranges, remembers the first error, and Finish()
// refuses keys that were not asked for (with the nearest known key as a hint). Field paths such as
// "queues[2].weight". A null node reads as an empty map. Any scalar that is not null reads as a
// string; a quoted one never as a number or boolean. The node must outlive the reader.
class MapReader {
 public:
  MapReader(const Node& node, std::string file, std::string path);

  // Each returns nothing and leaves `out` alone where the key is absent.
  void String(std::string_view key, std::string* out);
  void Bool(std::string_view key, bool* out);
  void Int(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t* out);
  // Decimal with up to `digits` digits after the point, as an integer of 10^-digits.
  void Decimal(std::string_view key, int digits, std::int64_t min, std::int64_t max,
               std::int64_t* out);
  void Strings(std::string_view key, std::vector<std::string>* out);  // a sequence of strings
  // The child if present (marks the key as known), else null; the caller reads it.
  const Node* Child(std::string_view key);
  bool Has(std::string_view key) const;
  void Require(std::string_view key);  // error if absent

  // Remembers an error of a member, unless there is one already.
  void Fail(const Node& at, std::string_view key, std::string message);
  Error MakeError(const Node& at, std::string_view key, std::string message) const;
  // The first error, else an unknown key, else a missing one, or Ok.
  Status Finish();
  const std::string& path() const { return path_; }
  std::string PathOf(std::string_view key) const;
  const std::string& file() const { return file_; }

 private:
  const Node* Known(std::string_view key);
  const Node* Scalar(std::string_view key, const std::string& expected);

  const Node& node_;
  std::string file_;
  std::string path_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
  std::optional<Error> missing_;
};

}  // namespace fairlead::yaml
