/*
** floats.cc - numbers with fractions, written and read without a locale.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <charconv>
#include <cmath>
#include <complex>
#include <iomanip>
#include <iostream>
#include <limits>
#include <sstream>
#include <string_view>

static const double NUMBERS[] = {0,       -0.0,
                                 1,       0.1,
                                 1.0 / 3, 123456789.125,
                                 1e21,    1e-7,
                                 3e-308,  1.7976931348623157e308,
                                 2.5,     1234.5678};

static std::string_view shortest(char *buffer, double x) {
  return {buffer, size_t(std::to_chars(buffer, buffer + 400, x).ptr - buffer)};
}

int main() {
  char b[400];
  for (double x : NUMBERS) {
    std::cout
        << x << ' ' << std::fixed << std::setprecision(3) << x << ' '
        << std::scientific << x << ' ' << std::hexfloat << x << ' '
        << std::defaultfloat << std::setprecision(17) << x
        << std::setprecision(6) << ' ' << shortest(b, x) << ' '
        << std::string_view(
               b, std::to_chars(b, b + 400, x, std::chars_format::hex).ptr - b)
        << ' '
        << std::string_view(
               b,
               std::to_chars(b, b + 400, x, std::chars_format::fixed, 2).ptr -
                   b)
        << ' '
        << std::string_view(b, std::to_chars(b, b + 400, float(x)).ptr - b)
        << '\n';
    double back = -1;
    std::from_chars(b, b + shortest(b, x).size(), back);
    if (back != x)
      std::cout << "read back as " << back << '\n';
  }
  std::cout << std::numeric_limits<double>::infinity() << ' '
            << std::abs(std::numeric_limits<double>::quiet_NaN()) << ' '
            << std::showpoint << 2.0 << std::noshowpoint << ' ' << std::showpos
            << 1e10f << std::noshowpos << '\n';
  std::istringstream in("1.5 .25 -3e2 0x1p4 1e999 7");
  double x;
  for (int i = 0; i < 3; i++)
    in >> x, std::cout << x << ' ';
  std::cout << std::stod("0x1p4") << ' ';
  std::istringstream large("1e999 7");
  large >> x;
  std::cout << large.fail() << x << '\n';
  std::complex<double> z(3, -4);
  std::cout << z << std::abs(z) << std::sqrt(z) << z * z << std::arg(z) << '\n';
  std::cout << std::hypot(3.0, 4.0) << std::cbrt(27.0)
            << std::lerp(1.0, 3.0, 0.25) << ' ' << std::tgamma(5.0) << ' '
            << std::beta(2.0, 3.0) << '\n';
  uint64_t sum = 0;
  for (uint64_t i = 1; i < 3000; i++) {
    union {
      uint64_t bits;
      double value;
    } u = {i * 0x9e3779b97f4a7c15};
    if (!std::isfinite(u.value))
      continue;
    for (char c : shortest(b, u.value))
      sum = sum * 31 + c;
    double back;
    std::from_chars(b, b + shortest(b, u.value).size(), back);
    sum += back == u.value;
  }
  std::cout << sum << '\n';
}
