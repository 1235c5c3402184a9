/*
** terminations.cc - ways in which an exception ends the program; the first
** argument says which.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

struct thrower {
  ~thrower() noexcept(false) {
    throw 2;
  }
};

struct base {
  base() {
    call();
  }
  void call() {
    pure();
  }
  virtual void pure() = 0;
};
struct derived : base {
  void pure() override {
  }
};

static void promise() noexcept {
  throw std::runtime_error("broken");
}

static void tell() {
  std::printf("terminate: ");
  if (auto e = std::current_exception()) {
    try {
      std::rethrow_exception(e);
    } catch (const std::exception &x) {
      std::printf("%s\n", x.what());
    } catch (int i) {
      std::printf("%d\n", i);
    }
  } else {
    std::printf("nothing\n");
  }
  std::fflush(stdout);
  std::_Exit(3);
}

int main(int argc, char **argv) {
  std::string how = argv[1];
  if (argc > 2 && !std::strcmp(argv[2], "tell"))
    std::set_terminate(tell);
  if (how == "uncaught")
    throw std::runtime_error("nobody");
  if (how == "noexcept")
    promise();
  if (how == "double") {
    try {
      thrower t;
      throw 1;
    } catch (...) {
    }
  }
  if (how == "rethrow")
    throw;
  if (how == "joinable") {
    std::thread t([] {});
    t.~thread();
  }
  if (how == "thread")
    std::thread([] { throw 4; }).join();
  if (how == "pure")
    derived d;
  if (how == "static") {
    struct late {
      ~late() noexcept(false) {
        throw 5;
      }
    };
    static late l;
    std::exit(0);
  }
  return 1;
}
