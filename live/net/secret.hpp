#pragma once

#include <string>
#include <utility>

namespace volary::live {

/// Text that must not be shown: a token, a password, a key (INV-42). It neither prints, formats nor
/// compares by accident; whoever needs it says so.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_{std::move(text)} {}
  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] bool same_as(const Secret& other) const { return text_ == other.text_; }

 private:
  std::string text_;
};

}  // namespace volary::live
