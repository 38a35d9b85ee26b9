#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

/// Transcendental functions whose last bit is the same on every machine: libm's differ between
/// versions. Held to libm within 4e-16 (relative) by tests/sim.
namespace volary::sim {

/// ln x. Precondition: x > 0 and normal.
constexpr double real_log(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  // The exponent that leaves a mantissa in [√½, √2): no branch, as half of all draws would miss it.
  constexpr std::uint64_t sqrt_half = 0x3fe6a09e667f3bcdU;
  const auto exponent = static_cast<std::int64_t>(bits - sqrt_half) >> 52;
  const auto m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52));
  // ln m = 2 artanh s with |s| ≤ 0.172: twelve terms reach 2e-18. Even and odd ones go side by
  // side, for the processor's sake.
  const double s = (m - 1) / (m + 1), s2 = s * s, s4 = s2 * s2;
  const double even =
      ((((1.0 / 21 * s4 + 1.0 / 17) * s4 + 1.0 / 13) * s4 + 1.0 / 9) * s4 + 1.0 / 5) * s4;
  const double odd =
      (((((1.0 / 23 * s4 + 1.0 / 19) * s4 + 1.0 / 15) * s4 + 1.0 / 11) * s4 + 1.0 / 7) * s4 +
       1.0 / 3) *
      s2;
  constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  const auto e = static_cast<double>(exponent);
  return e * ln2_high + (2 * s + (2 * s * (even + odd) + e * ln2_low));
}

/// e^x. Precondition: |x| < 700.
constexpr double real_exp(double x) {
  constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  constexpr double shift = 0x1.8p52;  // adding it rounds to a whole number, which its low bits hold
  const double shifted = x * 1.4426950408889634 + shift;
  const double k = shifted - shift;
  const double r = (x - k * ln2_high) - k * ln2_low, r2 = r * r, r4 = r2 * r2;
  constexpr auto inverse_factorial = [](int n) {
    double product = 1;
    for (int i = 2; i <= n; ++i) product *= i;
    return 1 / product;
  };
  // Taylor, |r| ≤ 0.347: fourteen terms reach 4e-18; four chains in r⁴, side by side.
  constexpr double c2 = inverse_factorial(2), c3 = inverse_factorial(3), c4 = inverse_factorial(4),
                   c5 = inverse_factorial(5), c6 = inverse_factorial(6), c7 = inverse_factorial(7),
                   c8 = inverse_factorial(8), c9 = inverse_factorial(9),
                   c10 = inverse_factorial(10), c11 = inverse_factorial(11),
                   c12 = inverse_factorial(12), c13 = inverse_factorial(13),
                   c14 = inverse_factorial(14);
  const double a = ((c12 * r4 + c8) * r4 + c4) * r4, b = ((c13 * r4 + c9) * r4 + c5) * r4,
               c = ((c14 * r4 + c10) * r4 + c6) * r4 + c2, d = (c11 * r4 + c7) * r4 + c3;
  const double sum = 1 + (r + ((a + b * r) + r2 * (c + d * r)));
  const std::uint64_t power =
      (std::bit_cast<std::uint64_t>(shifted) - std::bit_cast<std::uint64_t>(shift)) << 52;
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(sum) + power);
}

/// cos x. Precondition: |x| < 1e6.
inline double real_cos(double x) {
  constexpr double two_pi = 6.283185307179586;
  x -= two_pi * std::nearbyint(x / two_pi);
  const double x2 = x * x;
  double sum = 1;  // Horner's way, |x| ≤ π: fifteen terms reach 1e-17
  for (int n = 30; n >= 2; n -= 2) sum = 1 - sum * x2 / ((n - 1) * n);
  return sum;
}

/// The standard normal quantile (Wichura 1988, algorithm AS 241, PPND16). Precondition: 0 < p < 1.
inline double real_normal_quantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q *
           (((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r +
                 6.7265770927008700853e4) *
                    r +
                4.5921953931549871457e4) *
                   r +
               1.3731693765509461125e4) *
                  r +
              1.9715909503065514427e3) *
                 r +
             1.3314166789178437745e2) *
                r +
            3.3871328727963666080e0) /
           (((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r +
                 3.9307895800092710610e4) *
                    r +
                2.1213794301586595867e4) *
                   r +
               5.3941960214247511077e3) *
                  r +
              6.8718700749205790830e2) *
                 r +
             4.2313330701600911252e1) *
                r +
            1.0);
  }
  double r = std::sqrt(-real_log(q < 0 ? p : 1 - p));
  double value = 0;
  if (r <= 5) {
    r -= 1.6;
    value = (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r +
                  2.41780725177450611770e-1) *
                     r +
                 1.27045825245236838258e0) *
                    r +
                3.64784832476320460504e0) *
                   r +
               5.76949722146069140550e0) *
                  r +
              4.63033784615654529590e0) *
                 r +
             1.42343711074968357734e0) /
            (((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r +
                  1.51986665636164571966e-2) *
                     r +
                 1.48103976427480074590e-1) *
                    r +
                6.89767334985100004550e-1) *
                   r +
               1.67638483018380384940e0) *
                  r +
              2.05319162663775882187e0) *
                 r +
             1.0);
  } else {
    r -= 5;
    value = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r +
                  1.24266094738807843860e-3) *
                     r +
                 2.65321895265761230930e-2) *
                    r +
                2.96560571828504891230e-1) *
                   r +
               1.78482653991729133580e0) *
                  r +
              5.46378491116411436990e0) *
                 r +
             6.65790464350110377720e0) /
            (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r +
                  1.84631831751005468180e-5) *
                     r +
                 7.86869131145613259100e-4) *
                    r +
                1.48753612908506148525e-2) *
                   r +
               1.36929880922735805310e-1) *
                  r +
              5.99832206555887937690e-1) *
                 r +
             1.0);
  }
  return q < 0 ? -value : value;
}

}  // namespace volary::sim
