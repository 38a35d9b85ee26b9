#include <fstream>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "policies/tree_reader.hpp"

namespace volary {
namespace {
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const std::string& file) : file_{file} {}
  Tree root;
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& m, YAML::anchor_t) override { put(tree(Tree::Kind::Null, m)); }
  void OnAlias(const YAML::Mark& m, YAML::anchor_t) override { put(tree(Tree::Kind::Null, m)); }
  void OnScalar(const YAML::Mark& m, const std::string& tag, YAML::anchor_t,
                const std::string& v) override {
    Tree t = tree(Tree::Kind::Scalar, m);
    t.text = v;
    t.quoted = tag == "!";
    if (!t.quoted && (v == "null" || v == "~" || v.empty())) t.kind = Tree::Kind::Null;
    put(std::move(t));
  }
  void OnSequenceStart(const YAML::Mark& m, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    stack_.push_back(tree(Tree::Kind::List, m));
    keys_.emplace_back();
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& m, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    stack_.push_back(tree(Tree::Kind::Map, m));
    keys_.emplace_back();
  }
  void OnMapEnd() override { close(); }

 private:
  Tree tree(Tree::Kind kind, const YAML::Mark& m) {
    Tree t;
    t.kind = kind;
    t.at = {file_, m.line + 1, m.column + 1};
    return t;
  }
  void close() {
    Tree t = std::move(stack_.back());
    stack_.pop_back();
    keys_.pop_back();
    put(std::move(t));
  }
  void put(Tree t) {
    if (stack_.empty()) {
      root = std::move(t);
    } else if (stack_.back().kind == Tree::Kind::List) {
      stack_.back().items.push_back(std::move(t));
    } else if (!keys_.back()) {
      keys_.back() = t.text;
    } else {
      stack_.back().entries.emplace_back(*keys_.back(), std::move(t));
      keys_.back().reset();
    }
  }
  std::string file_;
  std::vector<Tree> stack_;
  std::vector<std::optional<std::string>> keys_;
};
}  // namespace

Result<std::vector<Tree>> read_trees(const std::string& file) {
  std::ifstream in_file{file};
  if (!in_file) return fail(ErrorKind::Invalid, "cannot read {}", file);
  std::vector<Tree> trees;
  try {
    YAML::Parser parser{in_file};
    for (;;) {
      Builder builder{file};
      if (!parser.HandleNextDocument(builder)) break;
      if (builder.root.kind != Tree::Kind::Null) trees.push_back(std::move(builder.root));
    }
  } catch (const YAML::Exception& e) {
    return fail(ErrorKind::Invalid, "{}:{}: {}", file, e.mark.line + 1, e.msg);
  }
  return trees;
}
}  // namespace volary
