#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/document.hpp"

namespace volary {

/// Whose rules a document is read by.
enum class Dialect {
  Volary,      ///< ours: an unknown key is an error
  Kubernetes,  ///< an API object: an unknown key is a remark, as the API server would prune it;
               ///< types are strict
};

/// Goes along while a document is read: knows the path, collects what is wrong and what is worth a
/// remark.
class Reader {
 public:
  explicit Reader(Dialect dialect) : dialect_{dialect} {}

  [[nodiscard]] Dialect dialect() const { return dialect_; }

  /// Remembers an error at the current path.
  void refuse(const Mark& at, std::string message, std::string hint = {});
  void remark(const Mark& at, std::string text, std::string hint = {});
  /// An error or a remark, as the dialect has it, with the nearest known key.
  void unknown_key(const Node::Entry& entry, const std::vector<std::string>& known);

  /// Extends the path for as long as it lives: `Reader::Within here{reader, "analysis"};`
  class Within {
   public:
    Within(Reader& reader, std::string_view key);
    Within(Reader& reader, std::size_t index);
    ~Within();
    Within(const Within&) = delete;
    Within& operator=(const Within&) = delete;

   private:
    Reader& reader_;
    std::size_t before_;
  };

  [[nodiscard]] bool good() const { return errors_.empty(); }
  [[nodiscard]] std::size_t refusals() const { return errors_.size(); }
  /// The first error; what else is wrong stands in its hint.
  [[nodiscard]] Error error() const;
  [[nodiscard]] const std::vector<Remark>& remarks() const { return remarks_; }

 private:
  Dialect dialect_;
  std::string path_;
  std::vector<Error> errors_;
  std::vector<Remark> remarks_;
};

}  // namespace volary
