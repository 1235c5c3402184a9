/*
** waits.cc - threads that wait for what another one has begun: a static
** object that is being made, call_once, a callback that still runs.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

template <class Run> static void in_threads(int count, Run run) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; i++)
    threads.emplace_back(run);
}

/* -- Statics of functions ------------------------------------------------- */

static int made;

struct slow {
  slow() {
    std::this_thread::sleep_for(20ms);
    made++;
  }
};

static void make_once() {
  static slow object;
}

static int tries;

/* The first two fail, and whoever waits tries next. */
static int make_at_third() {
  static int value = [] {
    std::this_thread::sleep_for(5ms);
    if (++tries < 3)
      throw std::runtime_error("again");
    return 100;
  }();
  return value;
}

static void check_statics() {
  std::atomic<int> failed = 0, sum = 0;
  in_threads(5, make_once);
  in_threads(6, [&] {
    try {
      sum += make_at_third();
    } catch (const std::runtime_error &) {
      failed++;
    }
  });
  std::cout << "made " << made << ", tried " << tries << ", failed " << failed
            << ", sum " << sum << '\n';
}

/* -- call_once ------------------------------------------------------------ */

static void check_once() {
  std::once_flag flag;
  int calls = 0, thrown = 0;
  for (int i = 0; i < 4; i++) {
    try {
      std::call_once(flag, [&] {
        if (++calls < 3)
          throw calls;
      });
    } catch (int n) {
      thrown += n;
    }
  }
  std::cout << "once " << calls << ' ' << thrown << '\n';
  std::once_flag slow_flag;
  std::atomic<int> ran = 0, returned = 0;
  in_threads(5, [&] {
    try {
      std::call_once(slow_flag, [&] {
        std::this_thread::sleep_for(5ms);
        if (!ran++)
          throw 1;
      });
      returned += ran == 2;
    } catch (int) {
      returned += 10;
    }
  });
  std::cout << "ran " << ran << ", returned " << returned << '\n';
}

/* The outer one runs three times; what the inner one did is not done again. */
static void check_nested() {
  std::once_flag outer, inner;
  int outer_runs = 0, inner_runs = 0;
  for (int i = 0; i < 4; i++) {
    try {
      std::call_once(outer, [&] {
        outer_runs++;
        std::call_once(inner, [&] {
          if (++inner_runs == 1)
            throw std::runtime_error("inner");
        });
        if (outer_runs == 2)
          throw std::runtime_error("outer");
      });
    } catch (const std::runtime_error &e) {
      std::cout << e.what() << ' ';
    }
  }
  std::cout << outer_runs << ' ' << inner_runs << '\n';
}

/* -- stop_callback -------------------------------------------------------- */

static void check_callback() {
  std::stop_source source;
  std::atomic<int> stage = 0;
  std::atomic<bool> over = false;
  std::jthread owner([&] {
    {
      std::stop_callback callback(source.get_token(), [&] {
        stage = 2;
        std::this_thread::sleep_for(50ms);
        over = true;
      });
      stage = 1;
      while (stage == 1)
        std::this_thread::sleep_for(1ms);
    }
    std::cout << "destroyed after it ran: " << over << '\n';
  });
  while (!stage)
    std::this_thread::sleep_for(1ms);
  source.request_stop();
}

/* References are counted by many threads, with switches in between. */
static void check_counts() {
  auto shared = std::make_shared<int>(1);
  std::atomic<int> sum = 0;
  in_threads(20, [&, shared] {
    for (int i = 0; i < 100; i++) {
      auto copy = shared;
      std::this_thread::yield();
      sum += *copy;
    }
  });
  std::cout << "sum " << sum << ", owners " << shared.use_count() << '\n';
}

int main() {
  check_statics();
  check_once();
  check_nested();
  check_callback();
  check_counts();
}
