#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "fairlead/yaml/document.h"

namespace fairlead::yaml {

Node::Node() = default;
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;
Node::~Node() = default;

const Node* Node::Find(std::string_view key) const {
  for (const auto& [name, node] : members) {
    if (name == key) return &node;
  }
  return nullptr;
}

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  const auto fail = [&path](std::string message) {
    return Error{std::move(message), path, 0, 0, ""};
  };
  const auto reason = [] { return "cannot be read: " + std::generic_category().message(errno); };
  const auto close = [](std::FILE* file) { (void)std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
  if (!file) return fail(reason());
  std::string text;
  std::string chunk(1U << 16, '\0');
  while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    text.append(chunk, 0, count);
    if (text.size() > max_bytes) {
      return fail(fmt::format("too long: expected at most {} bytes", max_bytes));
    }
  }
  if (std::ferror(file.get()) != 0) return fail(reason());
  return text;
}

}  // namespace fairlead::yaml
