#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>
#include <unordered_map>

#include "fairlead/yaml/document.h"
#include "scheduler/yaml/text_cursor.h"

namespace fairlead::yaml {
namespace {

// Thrown through the parser, which has no other way to stop early; caught in Run.
struct Refusal {
  Error error;
};

struct Position {
  int line = 0;
  int column = 0;
};

Position PositionOf(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// The parser reads streams; this one does not copy the text.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // never written to: there is no put area
    setg(begin, begin, begin + text.size());
  }
};

// What a node amounts to with all aliases in it expanded.
struct Size {
  std::size_t nodes = 0;
  std::size_t bytes = 0;
  std::size_t height = 0;  // nested collections, itself included

  void AddChild(const Size& child) {
    nodes += child.nodes;
    bytes += child.bytes;
    height = std::max(height, child.height + 1);
  }
};

// A sequence or map that is not closed yet.
struct Open {
  Node node;
  Size size;
  YAML::anchor_t anchor = 0;
  bool flow = false;
  bool has_key = false;  // of a map: a key was read and its value comes next
  std::string key;
  Position key_position;
  std::unordered_map<std::string, Position> keys;
};

struct Anchored {
  Node node;
  Size size;
};

// Builds the trees of all documents from the parser's events and refuses what the wrapper refuses.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const Bounds& bounds, std::size_t max_documents)
      : cursor_(text), bounds_(bounds), max_documents_(max_documents) {}

  std::vector<Node> Take() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    anchors_.clear();
    if (documents_.empty()) return;
    // The parser takes what it cannot make part of a document for the next one.
    if (Seek(mark) && !cursor_.rest().starts_with("---")) {
      Refuse(PositionOf(mark), "expected the end of the document, or '---' before the next one");
    }
    if (documents_.size() >= max_documents_) {
      Refuse(PositionOf(mark), "a second document: expected only one");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Open* open = Innermost();
    if (open != nullptr && open->node.kind == Kind::kSequence && open->flow && Seek(mark) &&
        cursor_.rest().starts_with(",")) {
      Refuse(PositionOf(mark), "expected a value before ','");
    }
    if (ExpectsKey())
      Refuse(PositionOf(mark), "the key is null: expected a scalar, null in quotes");
    const bool valueless = open != nullptr && open->has_key;
    Add(MakeNode(Kind::kNull, valueless ? open->key_position : PositionOf(mark)), anchor,
        {1, 0, 0});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckIndent(mark);
    if (!QuoteCloses(cursor_.rest())) {
      Refuse(PositionOf(mark), "unterminated quote: expected the closing quote before the end");
    }
    // "!" is what the parser says of a scalar in quotes or of a block scalar.
    const bool quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!quoted) CheckTag(mark, tag, "");
    Node node = MakeNode(Kind::kScalar, PositionOf(mark));
    node.quoted = quoted;
    node.scalar = value;
    const Size size{1, value.size(), 0};
    if (!ExpectsKey()) {
      Add(std::move(node), anchor, size);
      return;
    }
    Count(size, PositionOf(mark));
    if (anchor != 0) Store(anchor, node, size, PositionOf(mark));
    SetKey(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Position position = PositionOf(mark);
    if (ExpectsKey()) Refuse(position, "the key is an alias: expected a scalar");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) Refuse(position, "the alias is part of what it stands for");
    const Anchored& anchored = found->second;
    Count(anchored.size, position);
    CheckDepth(anchored.size.height, position);
    Node node = anchored.node;
    node.line = position.line;
    node.column = position.column;
    Attach(std::move(node), anchored.size);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    CheckTag(mark, tag, "tag:yaml.org,2002:seq");
    Begin(Kind::kSequence, mark, anchor, style);
  }
  void OnSequenceEnd() override { End(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    CheckTag(mark, tag, "tag:yaml.org,2002:map");
    Begin(Kind::kMap, mark, anchor, style);
  }
  void OnMapEnd() override { End(); }

 private:
  [[noreturn]] static void Refuse(Position position, std::string message) {
    throw Refusal{Error{std::move(message), "", position.line, position.column, ""}};
  }

  static Node MakeNode(Kind kind, Position position) {
    Node node;
    node.kind = kind;
    node.line = position.line;
    node.column = position.column;
    return node;
  }

  // The innermost open collection, null at the top of a document.
  Open* Innermost() { return open_.empty() ? nullptr : &open_.back(); }

  bool ExpectsKey() {
    const Open* open = Innermost();
    return open != nullptr && open->node.kind == Kind::kMap && !open->has_key;
  }

  // True if the cursor stands at the mark; some marks of null nodes lie behind it.
  bool Seek(const YAML::Mark& mark) {
    const auto position = static_cast<std::size_t>(mark.pos);
    cursor_.MoveTo(position);
    return cursor_.position() == position;
  }

  void CheckIndent(const YAML::Mark& mark) {
    if (Seek(mark) && cursor_.tab_indents()) {
      Refuse(PositionOf(mark), "a tab in the indentation: expected spaces");
    }
  }

  static void CheckTag(const YAML::Mark& mark, const std::string& tag, std::string_view allowed) {
    if (tag.empty() || tag == "?" || tag == "!" || (!allowed.empty() && tag == allowed)) return;
    Refuse(PositionOf(mark), fmt::format("tag '{}': expected none or !!str", tag));
  }

  void CheckDepth(std::size_t height, Position position) const {
    if (open_.size() + height > bounds_.max_depth) {
      Refuse(position,
             fmt::format("nested too deep: expected at most {} levels", bounds_.max_depth));
    }
  }

  void CheckSize(const Size& total, Position position) const {
    if (total.nodes > bounds_.max_nodes) {
      Refuse(position, fmt::format("too many values: expected at most {}, aliases expanded",
                                   bounds_.max_nodes));
    }
    if (total.bytes > bounds_.max_bytes) {
      Refuse(position, fmt::format("too much text: expected at most {} bytes, aliases expanded",
                                   bounds_.max_bytes));
    }
  }

  void Count(const Size& size, Position position) {
    total_.nodes += size.nodes;
    total_.bytes += size.bytes;
    CheckSize(total_, position);
  }

  // Keeps a copy for aliases. Copies of nested anchors overlap, so they have a total of their own.
  void Store(YAML::anchor_t anchor, const Node& node, const Size& size, Position position) {
    stored_.nodes += size.nodes;
    stored_.bytes += size.bytes;
    CheckSize(stored_, position);
    anchors_[anchor] = Anchored{node, size};
  }

  void Begin(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor,
             YAML::EmitterStyle::value style) {
    const Position position = PositionOf(mark);
    CheckIndent(mark);
    if (ExpectsKey()) Refuse(position, "the key is a list or a map: expected a scalar");
    CheckDepth(1, position);
    Count({1, 0, 0}, position);
    Open open;
    open.node = MakeNode(kind, position);
    open.size = {1, 0, 1};
    open.anchor = anchor;
    open.flow = style == YAML::EmitterStyle::Flow;
    open_.push_back(std::move(open));
  }

  void End() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) {
      Store(done.anchor, done.node, done.size, {done.node.line, done.node.column});
    }
    Attach(std::move(done.node), done.size);
  }

  void Add(Node node, YAML::anchor_t anchor, const Size& size) {
    const Position position{node.line, node.column};
    Count(size, position);
    if (anchor != 0) Store(anchor, node, size, position);
    Attach(std::move(node), size);
  }

  // Puts a complete node where it belongs.
  void Attach(Node node, const Size& size) {
    Open* open = Innermost();
    if (open == nullptr) {
      documents_.push_back(std::move(node));
      return;
    }
    open->size.AddChild(size);
    if (open->node.kind == Kind::kSequence) {
      node.key_line = 0;
      node.key_column = 0;
      open->node.items.push_back(std::move(node));
      return;
    }
    node.key_line = open->key_position.line;
    node.key_column = open->key_position.column;
    open->node.members.emplace_back(std::move(open->key), std::move(node));
    open->has_key = false;
  }

  void SetKey(Node key) {
    Open& open = *Innermost();
    const Position position{key.line, key.column};
    if (key.scalar == "<<" && !key.quoted) {
      Refuse(position, "merge keys are not supported: expected each key written out");
    }
    const auto [first, is_new] = open.keys.emplace(key.scalar, position);
    if (!is_new) {
      Refuse(position,
             fmt::format("duplicate key '{}': expected it once, first at {}:{}",
                         key.scalar.substr(0, 64), first->second.line, first->second.column));
    }
    open.size.AddChild({1, key.scalar.size(), 0});
    open.has_key = true;
    open.key = std::move(key.scalar);
    open.key_position = position;
  }

  TextCursor cursor_;
  Bounds bounds_;
  std::size_t max_documents_;
  std::vector<Node> documents_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  Size total_;
  Size stored_;
};

std::optional<Error> CheckText(std::string_view text, const Bounds& bounds) {
  if (text.size() > bounds.max_bytes) {
    return Error{fmt::format("{} bytes: expected at most {}", text.size(), bounds.max_bytes), "", 0,
                 0, ""};
  }
  if (const std::optional<BadByte> bad = FindBadByte(text)) {
    return Error{fmt::format("byte 0x{:02x}: expected printable UTF-8", bad->byte), "", bad->line,
                 bad->column, ""};
  }
  // The parser reads a flow collection to its end, at a few hundred bytes per token, before it
  // tells of its start: too late for the other bounds.
  const auto flow = std::count_if(text.begin(), text.end(),
                                  [](char c) { return c == '[' || c == '{' || c == ','; });
  if (static_cast<std::size_t>(flow) > bounds.max_nodes) {
    return Error{
        fmt::format("too many values: expected at most {} of '[', '{{' and ','", bounds.max_nodes),
        "", 0, 0, ""};
  }
  return std::nullopt;
}

Error FromParser(const YAML::Exception& exception, std::string_view text) {
  Error error{"not valid YAML: " + exception.msg, "", 0, 0, ""};
  if (exception.mark.is_null()) return error;
  error.line = exception.mark.line + 1;
  error.column = exception.mark.column + 1;
  TextCursor cursor(text);
  cursor.MoveTo(static_cast<std::size_t>(exception.mark.pos) + 1);
  if (cursor.tab_indents()) {
    error.message = "a tab in the indentation: expected spaces";
  } else if (exception.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
    error.message = "unterminated quote: expected the closing quote before the end";
  }
  return error;
}

Result<std::vector<Node>> Run(std::string_view text, std::string_view file, const Bounds& bounds,
                              std::size_t max_documents) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::optional<Error> error = CheckText(text, bounds);
  TreeBuilder builder(text, bounds, max_documents);
  try {
    TextBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (!error && parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    error = refusal.error;
  } catch (const YAML::Exception& exception) {
    error = FromParser(exception, text);
  }
  if (!error) return builder.Take();
  error->file = std::string(file);
  return *std::move(error);
}

}  // namespace

Result<Node> Parse(std::string_view text, std::string_view file, const Bounds& bounds) {
  Result<std::vector<Node>> documents = Run(text, file, bounds, 1);
  if (!documents.ok()) return documents.error();
  if (documents->empty()) return Node{};
  return std::move(documents->front());
}

Result<std::vector<Node>> ParseAll(std::string_view text, std::string_view file,
                                   const Bounds& bounds) {
  return Run(text, file, bounds, bounds.max_nodes);
}

}  // namespace fairlead::yaml
