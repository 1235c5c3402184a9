/*
** algorithms.cc - <algorithm>, <numeric>, ranges.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <algorithm>
#include <cstdint>
#include <functional>
#include <iostream>
#include <iterator>
#include <numeric>
#include <ranges>
#include <string>
#include <vector>

static std::vector<uint32_t> numbers(size_t n) {
  std::vector<uint32_t> v(n);
  uint32_t x = 12345;
  for (auto &e : v)
    e = (x = x * 1664525 + 1013904223) >> 8;
  return v;
}

template <typename C> static uint32_t digest(const C &c) {
  return std::accumulate(
      c.begin(), c.end(), 2166136261u,
      [](uint32_t h, uint32_t e) { return (h ^ e) * 16777619u; });
}

static void show(const std::vector<int> &v) {
  std::copy(v.begin(), v.end(), std::ostream_iterator<int>(std::cout, " "));
  std::cout << '\n';
}

static void sorting() {
  auto v = numbers(20000);
  std::sort(v.begin(), v.end());
  std::cout << std::is_sorted(v.begin(), v.end()) << ' ' << digest(v) << '\n';
  v = numbers(20000);
  std::stable_sort(v.begin(), v.end(),
                   [](auto a, auto b) { return a % 100 < b % 100; });
  std::cout << digest(v) << '\n';
  v = numbers(5000);
  std::nth_element(v.begin(), v.begin() + 2500, v.end());
  std::cout << v[2500] << '\n';
  std::partial_sort(v.begin(), v.begin() + 10, v.end(), std::greater<>());
  std::cout << digest(std::vector(v.begin(), v.begin() + 10)) << '\n';
  std::make_heap(v.begin(), v.end());
  std::sort_heap(v.begin(), v.end());
  std::cout << digest(v) << ' ' << std::binary_search(v.begin(), v.end(), v[77])
            << ' '
            << (std::lower_bound(v.begin(), v.end(), 1000000u) - v.begin())
            << '\n';
}

static void sets() {
  std::vector<int> a{1, 2, 2, 5, 7, 9}, b{2, 3, 7}, out;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(),
                 std::back_inserter(out));
  show(out);
  out.clear();
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                      std::back_inserter(out));
  show(out);
  std::inplace_merge(out.begin(), out.begin() + 1, out.end(), std::less<>());
  std::rotate(a.begin(), a.begin() + 2, a.end());
  show(a);
  std::cout << (std::partition(a.begin(), a.end(),
                               [](int i) { return i > 4; }) -
                a.begin())
            << '\n';
  std::vector<int> p{1, 2, 3, 4, 5, 6, 7};
  int count = 0, at = 0;
  do {
    if (++count % 1000 == 0)
      at = at * 3 + p[3];
  } while (std::next_permutation(p.begin(), p.end()));
  std::cout << count << ' ' << at << '\n';
}

static void numeric() {
  std::vector<int> v(10);
  std::iota(v.begin(), v.end(), 1);
  std::cout << std::reduce(v.begin(), v.end()) << ' '
            << std::transform_reduce(v.begin(), v.end(), v.begin(), 0) << ' '
            << std::gcd(84, 36) << std::lcm(4, 6) << '\n';
  std::partial_sum(v.begin(), v.end(), v.begin(), std::multiplies<>());
  show(v);
  std::adjacent_difference(v.begin(), v.end(), v.begin());
  show(v);
}

static void ranges() {
  namespace views = std::views;
  for (int i : views::iota(1, 40) |
                   views::filter([](int i) { return i % 3 == 0; }) |
                   views::transform([](int i) { return i * i; }) |
                   views::drop(2) | views::take(5) | views::reverse)
    std::cout << i << ' ';
  std::vector<std::string> words{"pear", "fig", "banana", "kiwi"};
  std::ranges::sort(words, {}, &std::string::size);
  for (auto &w : words)
    std::cout << w << ' ';
  std::string text = "a,bc,,def";
  for (auto part : text | views::split(','))
    std::cout << '[' << std::string(part.begin(), part.end()) << ']';
  std::cout << *std::ranges::max_element(words) << '\n';
}

int main() {
  sorting();
  sets();
  numeric();
  ranges();
  std::function<int(int)> f = [&f](int n) {
    return n < 2 ? n : f(n - 1) + f(n - 2);
  };
  std::cout << f(15) << ' '
            << std::bind(std::minus<>(), 3, std::placeholders::_1)(10) << '\n';
}
