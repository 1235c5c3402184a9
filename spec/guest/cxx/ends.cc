/*
** ends.cc - what is destroyed when, in every way that a program can end:
** static, function-local and thread_local objects, and atexit's functions.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <semaphore>
#include <string>
#include <thread>

static void say(const char *what, const char *name) {
  std::printf("%s %s\n", what, name);
  std::fflush(stdout);
}

struct noisy {
  const char *name;
  explicit noisy(const char *given) : name(given) {
    say("make", name);
  }
  ~noisy() {
    say("end", name);
  }
};

static noisy first("static");

static void make_late_static() {
  static noisy late("static made late");
}

/* -- thread_local objects ------------------------------------------------- */

static void make_another() {
  thread_local noisy another("thread_local made in the end of one");
}

static void make_static_in_an_end() {
  static noisy made("static made in the end of a thread_local");
}

/* Its destructor makes objects, registers a function, and may call exit(). */
struct busy {
  bool exits = false;
  ~busy() {
    say("end", "busy");
    make_another();
    make_static_in_an_end();
    std::atexit([] { say("run", "registered in the end of a thread_local"); });
    if (exits)
      std::exit(9);
  }
};

static thread_local noisy a("thread_local a");
static thread_local busy b;
static thread_local noisy c("thread_local c");

static void use() {
  volatile const char *name = a.name;
  volatile bool exits = b.exits;
  name = c.name;
}

/* Made when the others were destroyed: never destroyed itself. */
static void make_too_late() {
  thread_local noisy late("thread_local made too late");
}

struct late_maker {
  ~late_maker() {
    say("end", "late maker");
    make_too_late();
  }
};
static late_maker maker;

/* -- Ways to end ---------------------------------------------------------- */

static void sleep_long() {
  std::this_thread::sleep_for(std::chrono::hours(1));
}

static void in_thread(void (*run)()) {
  std::thread([=] {
    use();
    run();
  }).join();
}

static void at_no_memory() {
  void *volatile block;
  do
    block = std::malloc(1);
  while (block);
  make_another();
}

static int end(const std::string &how) {
  if (how == "exit")
    std::exit(4);
  if (how == "_Exit")
    std::_Exit(5);
  if (how == "quick_exit") {
    std::at_quick_exit([] { say("run", "at_quick_exit"); });
    std::quick_exit(6);
  }
  if (how == "exit in a destructor") {
    b.exits = true;
    std::exit(7);
  }
  if (how == "exit in a function of atexit") {
    std::atexit([] { std::exit(8); });
    return 1;
  }
  if (how == "exit in a thread")
    in_thread([] { std::exit(9); });
  if (how == "exit in a thread's destructor")
    in_thread([] { b.exits = true; });
  if (how == "pthread_exit")
    pthread_exit(nullptr);
  if (how == "return while a thread runs") {
    static std::binary_semaphore ready(0);
    std::thread([] {
      use();
      ready.release();
      for (;;)
        sleep_long();
    }).detach();
    ready.acquire();
  }
  if (how == "no memory")
    at_no_memory();
  return 3;
}

int main(int, char **argv) {
  std::atexit([] { say("run", "registered before"); });
  use();
  std::atexit([] {
    say("run", "registered after");
    make_too_late();
  });
  make_late_static();
  in_thread([] { say("thread", "leaves"); });
  std::atexit([] { say("run", "registered last"); });
  return end(argv[1]);
}
