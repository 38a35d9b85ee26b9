#include "policies/document.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <numeric>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace volary {

std::string to_string(const Mark& mark) {
  if (mark.line <= 0) return mark.file;
  return fmt::format("{}:{}:{}", mark.file, mark.line, mark.column);
}

const Node* Node::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));  // NOLINT: one search serves both
}

const Node* Node::find(std::initializer_list<std::string_view> path) const {
  const Node* here = this;
  for (const std::string_view key : path) {
    here = here->find(key);
    if (!here) return nullptr;
  }
  return here;
}

std::string_view Node::text_at(std::initializer_list<std::string_view> path) const {
  const Node* value = find(path);
  return value && value->is_scalar() ? std::string_view{value->text} : std::string_view{};
}

Node Node::scalar(std::string text) {
  Node node;
  node.kind = Kind::Scalar;
  node.text = std::move(text);
  return node;
}

Node Node::string(std::string text) {
  Node node = scalar(std::move(text));
  node.quoted = true;
  return node;
}

Node Node::sequence(std::vector<Node> items) {
  Node node;
  node.kind = Kind::Sequence;
  node.items = std::move(items);
  return node;
}

Node Node::map() {
  Node node;
  node.kind = Kind::Map;
  return node;
}

Node& Node::set(std::string key, Node value) {
  if (Node* known = find(key))
    *known = std::move(value);
  else
    entries.push_back({std::move(key), std::move(value), {}});
  return *this;
}

Node& Node::push(Node item) {
  items.push_back(std::move(item));
  return *this;
}

bool same_content(const Node& a, const Node& b) {
  return a.kind == b.kind && a.text == b.text &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same_content) &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    [](const Node::Entry& x, const Node::Entry& y) {
                      return x.key == y.key && same_content(x.value, y.value);
                    });
}

std::string_view spoken_kind(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null: return "nothing";
    case Node::Kind::Scalar: return "a text or number";
    case Node::Kind::Sequence: return "a list";
    case Node::Kind::Map: return "a map";
  }
  return "nothing";
}

namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() {
    if (number_ > 2) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

Result<std::string> read_all(int descriptor, const std::string& name, std::size_t limit) {
  std::string text;
  std::array<char, 65536> chunk{};
  for (;;) {
    const ssize_t got = ::read(descriptor, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return tl::unexpected(
          Error{ErrorKind::Invalid, fmt::format("cannot be read: {}", std::strerror(errno)), name});
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > limit)
      return tl::unexpected(
          Error{ErrorKind::Invalid, fmt::format("input larger than {} MiB", limit >> 20), name,
                "give the manifests of one application, not of the whole cluster"});
  }
}

}  // namespace

Result<std::string> read_file_or_stdin(const std::string& path, std::size_t limit) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", limit);
  const std::string name = printable(path, 200);
  struct stat about {};
  if (path.find('\0') != std::string::npos || ::stat(path.c_str(), &about) != 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return tl::unexpected(Error{
        missing ? ErrorKind::NotFound : ErrorKind::Invalid,
        missing ? "no such file" : fmt::format("cannot be read: {}", std::strerror(errno)), name});
  }
  // A pipe that a shell has already opened for us, as in <(kustomize build), cannot hang as a named
  // one can (FLT-128).
  const bool opened_pipe = S_ISFIFO(about.st_mode) && path.starts_with("/dev/fd/");
  if (S_ISDIR(about.st_mode))
    return tl::unexpected(
        Error{ErrorKind::Invalid, "is a directory", name, "name the files in it"});
  if (!S_ISREG(about.st_mode) && !opened_pipe)
    return tl::unexpected(
        Error{ErrorKind::Invalid, "is not a regular file", name, "pipe it in and give - instead"});
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number() < 0)
    return tl::unexpected(
        Error{ErrorKind::Invalid, fmt::format("cannot be read: {}", std::strerror(errno)), name});
  return read_all(file.number(), name, limit);
}

Result<std::vector<Node>> read_documents(const std::string& path) {
  return read_file_or_stdin(path).and_then([&](const std::string& text) {
    return parse_documents(text, path == "-" ? "standard input" : printable(path, 200));
  });
}

Error error_at(const Mark& at, std::string_view path, std::string message, std::string hint) {
  std::string where = to_string(at);
  if (!path.empty()) where += where.empty() ? std::string{path} : fmt::format(": {}", path);
  return Error{ErrorKind::Invalid, std::move(message), std::move(where), std::move(hint)};
}

std::string printable(std::string_view text, std::size_t longest) {
  std::string shown;
  for (const char c : text) {
    // A cut may not split a character, so it waits for the next byte that begins one.
    if (shown.size() >= longest && (static_cast<unsigned char>(c) & 0xC0) != 0x80)
      return shown + "…";
    if (c == '\n')
      shown += "\\n";
    else if (c == '\t')
      shown += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      shown += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    else
      shown += c;
  }
  return shown;
}

}  // namespace volary
