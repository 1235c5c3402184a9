/*
** coroutines.cc - coroutines, concepts, comparisons, constant evaluation.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <compare>
#include <concepts>
#include <coroutine>
#include <exception>
#include <iostream>
#include <source_location>
#include <string>
#include <utility>

template <typename T> struct generator {
  struct promise_type {
    T value;
    std::exception_ptr error;
    generator get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() {
      return {};
    }
    std::suspend_always final_suspend() noexcept {
      return {};
    }
    std::suspend_always yield_value(T v) {
      value = std::move(v);
      return {};
    }
    void return_void() {
    }
    void unhandled_exception() {
      error = std::current_exception();
    }
  };
  std::coroutine_handle<promise_type> handle;
  generator(std::coroutine_handle<promise_type> h) : handle(h) {
  }
  generator(generator &&g) : handle(std::exchange(g.handle, {})) {
  }
  ~generator() {
    if (handle)
      handle.destroy();
  }
  bool next() {
    handle.resume();
    if (auto e = handle.promise().error)
      std::rethrow_exception(e);
    return !handle.done();
  }
};

struct noisy {
  ~noisy() {
    std::cout << "destroyed ";
  }
};

static generator<int> fibonacci(int limit) {
  noisy n;
  for (int a = 0, b = 1; a < limit; b = a + std::exchange(a, b))
    co_yield a;
  if (limit == 20)
    throw std::string("thrown in a coroutine");
}

template <std::integral T> static const char *kind(T) {
  return "integral ";
}
template <std::floating_point T> static const char *kind(T) {
  return "floating ";
}

struct version {
  int major, minor;
  auto operator<=>(const version &) const = default;
};

static consteval int square(int n) {
  return n * n;
}

int main() {
  for (auto g = fibonacci(50); g.next();)
    std::cout << g.handle.promise().value << ' ';
  {
    auto g = fibonacci(100);
    g.next();
  }
  try {
    for (auto g = fibonacci(20); g.next();) {
    }
  } catch (const std::string &s) {
    std::cout << s << '\n';
  }
  std::cout << kind(3) << kind(2.5) << (version{1, 2} < version{1, 10})
            << (version{2, 0} <=> version{2, 0} == 0) << square(12) << ' '
            << std::source_location::current().line() << '\n';
}
