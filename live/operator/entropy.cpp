#include "live/operator/entropy.hpp"

#include <random>

namespace volary::live {

std::string SystemEntropy::letters(int count) {
  static constexpr std::string_view alphabet =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::random_device device;
  std::uniform_int_distribution<std::size_t> any{0, alphabet.size() - 1};
  std::string text;
  for (int i = 0; i < count; ++i) text += alphabet[any(device)];
  return text;
}

}  // namespace volary::live
