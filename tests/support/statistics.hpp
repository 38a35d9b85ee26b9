#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

/// What statistical tests share. Their seeds are fixed; each says how often it would fail if all
/// were well.
namespace volary::sim::test {

/// How many standard errors lie between what was seen and what was expected. |z| > 4.42 has
/// probability 1e-5 under a normal law, |z| > 4.9 has 1e-6.
inline double z_score(double seen, double expected, double standard_error) {
  return (seen - expected) / standard_error;
}
inline double binomial_z(double successes, double trials, double share) {
  return z_score(successes, trials * share, std::sqrt(trials * share * (1 - share)));
}
inline double poisson_z(double count, double mean) { return z_score(count, mean, std::sqrt(mean)); }

struct Moments {
  double mean = 0, variance = 0, standard_error = 0;
};
/// Of independent values.
inline Moments moments(const std::vector<double>& values) {
  Moments m;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) m.mean += v / n;
  for (const double v : values) m.variance += (v - m.mean) * (v - m.mean) / (n - 1);
  m.standard_error = std::sqrt(m.variance / n);
  return m;
}

/// The normal deviate of a chi-square statistic (Wilson and Hilferty 1931).
inline double chi_square_z(double statistic, double degrees) {
  const double a = 2 / (9 * degrees);
  return (std::cbrt(statistic / degrees) - (1 - a)) / std::sqrt(a);
}

inline double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

}  // namespace volary::sim::test
