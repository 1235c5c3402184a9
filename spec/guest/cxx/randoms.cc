/*
** randoms.cc - engines and distributions. With "device", what random_device
** gives, and the clocks.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static int device() {
  std::random_device d;
  for (int i = 0; i < 4; i++)
    std::cout << d() << ' ';
  std::cout << std::chrono::system_clock::now().time_since_epoch() / 1s << ' ';
  auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(1500ms);
  std::cout << (std::chrono::steady_clock::now() - start) / 1ms << '\n';
  return 0;
}

template <typename E> static void engine(const char *name) {
  E e(12345);
  e.discard(1000);
  uint64_t sum = 0;
  for (int i = 0; i < 10000; i++)
    sum = sum * 31 + e();
  std::cout << name << ' ' << e() << ' ' << sum << '\n';
}

int main(int argc, char **argv) {
  if (argc > 1 && argv[1] == std::string("device"))
    return device();
  engine<std::mt19937>("mt19937");
  engine<std::mt19937_64>("mt19937_64");
  engine<std::minstd_rand>("minstd_rand");
  engine<std::ranlux24>("ranlux24");
  engine<std::knuth_b>("knuth_b");
  std::mt19937 e;
  std::vector<int> v(20), counts(6);
  std::iota(v.begin(), v.end(), 0);
  std::shuffle(v.begin(), v.end(), e);
  for (int i : v)
    std::cout << i << ' ';
  for (int i = 0; i < 6000; i++)
    counts[std::uniform_int_distribution<>(1, 6)(e) - 1]++;
  for (int i : counts)
    std::cout << i << ' ';
  std::cout << '\n'
            << std::uniform_real_distribution<>(-1, 1)(e) << ' '
            << std::normal_distribution<>(5, 2)(e) << ' '
            << std::poisson_distribution<>(4)(e) << ' '
            << std::bernoulli_distribution(0.3)(e) << ' '
            << std::discrete_distribution<>{1, 2, 3}(e) << '\n';
  std::seed_seq seq{1, 2, 3};
  std::mt19937 seeded(seq);
  std::cout << seeded() << '\n';
  auto day = std::chrono::year_month_day(
      std::chrono::sys_days(20000 * 24h / 24h * std::chrono::days(1)));
  std::cout << int(day.year()) << '-' << unsigned(day.month()) << '-'
            << unsigned(day.day()) << ' '
            << std::chrono::duration_cast<std::chrono::minutes>(100000s).count()
            << std::chrono::round<std::chrono::hours>(95min).count() << '\n';
}
