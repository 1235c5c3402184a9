/*
** callbacks.cc - exceptions out of callbacks of C: the library's own, and
** those of a file of C that was built for it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <cstdio>
#include <cstdlib>
#include <ftw.h>
#include <glob.h>
#include <pthread.h>
#include <search.h>
#include <string>

extern "C" int through_c(int (*f)(int), int n);
extern "C" int once_in_c(void (*f)());

static int compared;

static int compare(const void *a, const void *b) {
  int x = *static_cast<const int *>(a), y = *static_cast<const int *>(b);
  compared++;
  if (x == 13 || y == 13)
    throw std::string("unlucky");
  return x < y ? -1 : x > y;
}

static void visit(const void *node, VISIT, int) {
  throw **static_cast<int *const *>(node);
}

static int step(const char *, const struct stat *, int) {
  throw 'w';
}

static int odd(int n) {
  if (n % 2)
    throw n;
  return n;
}

static int tries;

static void fail_twice() {
  if (++tries < 3)
    throw tries;
}

/* The third of four runs it to its end. */
static void check_once(int (*run)(void (*)())) {
  tries = 0;
  for (int i = 0; i < 4; i++) {
    try {
      std::printf("once: %d", run(fail_twice));
    } catch (int thrown) {
      std::printf("once: thrown %d", thrown);
    }
    std::printf(" after %d\n", tries);
  }
}

int main() {
  int v[] = {9, 8, 13, 7, 1, 2, 40, 6};
  try {
    std::qsort(v, 8, sizeof *v, compare);
  } catch (const std::string &s) {
    std::printf("qsort: %s %d\n", s.c_str(), compared > 0);
  }
  try {
    int key = 13;
    std::bsearch(&key, v, 8, sizeof *v, compare);
  } catch (const std::string &s) {
    std::printf("bsearch: %s\n", s.c_str());
  }
  void *root = nullptr;
  int key = 5;
  tsearch(&key, &root, compare);
  try {
    twalk(root, visit);
  } catch (int i) {
    std::printf("twalk: %d\n", i);
  }
  try {
    ftw("/", step, 3);
  } catch (char c) {
    std::printf("ftw: %c\n", c);
  }
  check_once([](void (*f)()) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, f);
  });
  check_once(once_in_c);
  try {
    std::printf("%d\n", through_c(odd, 4));
    through_c(odd, 5);
  } catch (int i) {
    std::printf("c: %d\n", i);
  }
}
