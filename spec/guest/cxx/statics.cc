/*
** statics.cc - when objects with static storage are made and destroyed.
** order.cc has the rest of them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <cstdio>
#include <cstdlib>

#include "order.h"

static tracked first("first");
__attribute__((init_priority(200))) static tracked early("early");
__attribute__((init_priority(300))) static tracked later("later");
tracked *tracked::last = nullptr;

static tracked &lazy() {
  static tracked object("lazy");
  return object;
}

/* A constructor that throws is tried again the next time. */
static int tries;
static tracked &stubborn() {
  static tracked object(tries++ < 2 ? throw tries : "stubborn");
  return object;
}

template <typename T> struct holder { static tracked object; };
template <typename T> tracked holder<T>::object("template");

static void at_exit() {
  std::puts("atexit");
}

__attribute__((destructor)) static void last_of_all() {
  std::puts("destructor");
}
__attribute__((constructor)) static void of_c() {
  std::puts("constructor");
}

int main() {
  std::puts("main");
  std::atexit(at_exit);
  lazy();
  lazy();
  for (int i = 0; i < 4; i++) {
    try {
      std::printf("%s\n", stubborn().name);
    } catch (int n) {
      std::printf("try %d\n", n);
    }
  }
  std::printf("%s %s\n", holder<int>::object.name, other());
  tracked local("local");
  return 0;
}
