#include "policies/promql/series_store.hpp"

#include <algorithm>

#include "engine/contract.hpp"

namespace volary::promql {

SeriesStore::Id SeriesStore::series(Labels labels) {
  std::ranges::sort(labels);
  const auto [found, is_new] = by_labels_.try_emplace(labels, all_.size());
  if (is_new) {
    const std::string* name = find_label(labels, "__name__");
    by_name_[name ? *name : ""].push_back(all_.size());
    all_.push_back({std::move(labels), {}});
  }
  return found->second;
}

void SeriesStore::append(Id id, std::int64_t ms, double value) {
  auto& samples = all_[id].samples;
  expects(samples.empty() || samples.back().ms < ms,
          "samples of a series arrive in the order of time");
  samples.push_back({ms, value});
}

std::vector<std::string> SeriesStore::names() const {
  std::vector<std::string> names;
  for (const auto& [name, ids] : by_name_) names.push_back(name);
  return names;
}

void SeriesStore::select(std::span<const Matcher> matchers, std::int64_t from_ms,
                         std::int64_t to_ms, std::vector<SeriesView>& out) const {
  const auto consider = [&](Id id) {
    const Series& series = all_[id];
    for (const Matcher& matcher : matchers) {
      const std::string* value = find_label(series.labels, matcher.name);
      if (!matcher.accepts(value ? *value : std::string_view{})) return;
    }
    const auto before = [](const Sample& sample, std::int64_t ms) { return sample.ms < ms; };
    const auto first =
        std::lower_bound(series.samples.begin(), series.samples.end(), from_ms, before);
    const auto last = std::lower_bound(first, series.samples.end(), to_ms + 1, before);
    if (first != last) out.push_back({&series.labels, {first, last}});
  };
  const auto named = std::ranges::find_if(matchers, [](const Matcher& matcher) {
    return matcher.name == "__name__" && matcher.op == Matcher::Op::Equal;
  });
  if (named == matchers.end()) {
    for (Id id = 0; id < all_.size(); ++id) consider(id);
    return;
  }
  if (const auto found = by_name_.find(named->value); found != by_name_.end())
    std::ranges::for_each(found->second, consider);
}

}  // namespace volary::promql
