/*
** exceptions.cc - throwing and catching in all the ways there are.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <exception>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

struct noisy {
  std::string name;
  noisy(std::string n) : name(std::move(n)) {
    std::cout << '+' << name << ' ';
  }
  ~noisy() {
    std::cout << '-' << name << ' ';
  }
};

struct base {
  virtual ~base() = default;
  virtual const char *who() const {
    return "base";
  }
};
struct left : virtual base {
  const char *who() const override {
    return "left";
  }
};
struct right : virtual base {
  long long padding[3] = {1, 2, 3};
};
struct both : left, right {
  const char *who() const override {
    return "both";
  }
};

template <typename T> static void thrown(T value, const char *name) {
  std::cout << name << ": ";
  try {
    noisy n(name);
    throw value;
  } catch (int i) {
    std::cout << "int " << i;
  } catch (const char *s) {
    std::cout << "text " << s;
  } catch (const std::logic_error &e) {
    std::cout << "logic " << e.what();
  } catch (const std::exception &e) {
    std::cout << "exception " << e.what();
  } catch (right &r) {
    std::cout << "right " << r.who() << r.padding[2];
  } catch (base *b) {
    std::cout << "pointer to " << b->who();
  } catch (...) {
    std::cout << "something";
  }
  std::cout << '\n';
}

/* Members made so far are destroyed; the destructor is not run. */
struct half {
  noisy first{"first"}, second{"second"};
  half(int fail) try : third(fail) {
    std::cout << "made ";
  } catch (const std::string &s) {
    std::cout << "in constructor: " << s << ' ';
  }
  ~half() {
    std::cout << "~half ";
  }
  struct thrower {
    thrower(int fail) {
      if (fail)
        throw std::string("third");
    }
  } third;
};

struct bad_end {
  bool &seen;
  ~bad_end() noexcept(false) {
    if (!(seen = std::uncaught_exceptions() > 0))
      throw 17;
  }
};

static void constructors() {
  for (int fail : {0, 1}) {
    try {
      half h(fail);
    } catch (const std::string &s) {
      std::cout << "again: " << s;
    }
    std::cout << '\n';
  }
  try {
    std::unique_ptr<half[]> none;
    std::vector<noisy> v;
    v.reserve(3);
    v.emplace_back("a");
    v.emplace_back("b");
    new half(1);
  } catch (...) {
    std::cout << "unwound\n";
  }
  bool seen = false;
  try {
    bad_end e{seen};
  } catch (int i) {
    std::cout << "from a destructor " << i << seen;
  }
  try {
    bad_end e{seen};
    throw 1;
  } catch (int i) {
    std::cout << ' ' << i << seen << '\n';
  }
}

static void nested() {
  try {
    try {
      try {
        throw std::runtime_error("inner");
      } catch (...) {
        std::throw_with_nested(std::logic_error("outer"));
      }
    } catch (const std::logic_error &e) {
      std::cout << e.what() << " > ";
      std::rethrow_if_nested(e);
    }
  } catch (const std::runtime_error &e) {
    std::cout << e.what() << '\n';
  }
  /* One is caught while another is in flight, in its destructor. */
  struct catcher {
    ~catcher() {
      try {
        throw 2;
      } catch (int i) {
        std::cout << "inside " << i << std::uncaught_exceptions() << ' ';
      }
    }
  };
  try {
    catcher c;
    throw 1;
  } catch (int i) {
    std::cout << "outside " << i << std::uncaught_exceptions() << '\n';
  }
  /* Rethrown, it is the same object. */
  try {
    try {
      throw std::string("one");
    } catch (std::string &s) {
      s += " two";
      throw;
    }
  } catch (const std::string &s) {
    std::cout << s << '\n';
  }
}

static void pointers() {
  std::exception_ptr p;
  {
    try {
      throw std::out_of_range("kept");
    } catch (...) {
      p = std::current_exception();
    }
  }
  for (int i = 0; i < 2; i++) {
    try {
      std::rethrow_exception(p);
    } catch (const std::exception &e) {
      std::cout << e.what() << ' ';
    }
  }
  std::cout << (p == std::exception_ptr()) << '\n';
  std::promise<int> promise;
  promise.set_exception(std::make_exception_ptr(3));
  try {
    promise.get_future().get();
  } catch (int i) {
    std::cout << "future " << i << '\n';
  }
}

static void library() {
  auto attempt = [](const char *name, std::function<void()> f) {
    try {
      f();
    } catch (const std::bad_function_call &) {
      std::cout << name << " bad_function_call\n";
    } catch (const std::bad_array_new_length &) {
      std::cout << name << " bad_array_new_length\n";
    } catch (const std::bad_alloc &) {
      std::cout << name << " bad_alloc\n";
    } catch (const std::exception &) {
      std::cout << name << " exception\n";
    }
  };
  volatile size_t huge = size_t(-1) / 2 - 100;
  volatile int negative = -1;
  attempt("function", [] { std::function<void()>()(); });
  attempt("new", [&] { ::operator delete(::operator new(huge)); });
  attempt("array", [&] { delete[] new int[negative]; });
  attempt("at", [] { std::vector<int>().at(1); });
  std::cout << (::operator new(huge, std::nothrow) == nullptr) << '\n';
}

/* What it promised to throw nothing ends the program: terminations.cc. */
static int cleanup_order() {
  int order = 0;
  struct add {
    int &order, digit;
    ~add() {
      order = order * 10 + digit;
    }
  };
  try {
    add a{order, 1};
    for (int i = 0; i < 3; i++) {
      add b{order, 2};
      if (i == 2) {
        add c{order, 3};
        throw i;
      }
    }
  } catch (int) {
  }
  return order;
}

int main() {
  thrown(5, "int");
  thrown("words", "char");
  thrown(std::invalid_argument("domain"), "logic");
  thrown(std::runtime_error("time"), "runtime");
  thrown(both(), "both");
  both b;
  thrown<left *>(&b, "left *");
  thrown(2.5, "double");
  constructors();
  nested();
  pointers();
  library();
  std::cout << cleanup_order() << '\n';
  long long sum = 0;
  for (int i = 0; i < 20000; i++) {
    try {
      if (i % 3)
        throw i;
      throw std::to_string(i);
    } catch (int n) {
      sum += n;
    } catch (const std::string &s) {
      sum += s.size();
    }
  }
  std::cout << sum << '\n';
}
