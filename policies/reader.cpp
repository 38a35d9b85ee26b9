#include "policies/reader.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace volary {

void Reader::refuse(const Mark& at, std::string message, std::string hint) {
  errors_.push_back(error_at(at, path_, std::move(message), std::move(hint)));
}

void Reader::remark(const Mark& at, std::string text, std::string hint) {
  remarks_.push_back({at, path_, std::move(text), std::move(hint)});
}

void Reader::unknown_key(const Node::Entry& entry, const std::vector<std::string>& known) {
  const std::string meant = nearest(entry.key, known);
  std::string hint = meant.empty() ? std::string{} : fmt::format("did you mean '{}'?", meant);
  if (dialect_ == Dialect::Kubernetes) {
    const Within here{*this, printable(entry.key)};
    remark(entry.at, "unknown key, which the API server would drop", std::move(hint));
    return;
  }
  if (hint.empty() && known.size() <= 12)
    hint = fmt::format("known here: {}", fmt::join(known, ", "));
  refuse(entry.at, fmt::format("unknown key '{}'", printable(entry.key)), std::move(hint));
}

Reader::Within::Within(Reader& reader, std::string_view key)
    : reader_{reader}, before_{reader.path_.size()} {
  if (!reader.path_.empty()) reader.path_ += '.';
  reader.path_ += key;
}

Reader::Within::Within(Reader& reader, std::size_t index)
    : reader_{reader}, before_{reader.path_.size()} {
  reader.path_ += fmt::format("[{}]", index);
}

Reader::Within::~Within() { reader_.path_.resize(before_); }

Error Reader::error() const {
  if (errors_.empty()) return {};
  Error first = errors_.front();
  constexpr std::size_t shown = 5;
  for (std::size_t i = 1; i < std::min(errors_.size(), shown); ++i) {
    const Error& other = errors_[i];
    first.hint += fmt::format("{}also {}{}", first.hint.empty() ? "" : "; ", to_string(other),
                              other.hint.empty() ? "" : fmt::format(" ({})", other.hint));
  }
  if (errors_.size() > shown) first.hint += fmt::format("; and {} more", errors_.size() - shown);
  return first;
}

}  // namespace volary
