/*
** order.h - an object that tells when it is made and destroyed.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <cstdio>

struct tracked {
  static tracked *last;
  const char *name;
  explicit tracked(const char *n) : name(n) {
    std::printf("+%s\n", name);
    last = this;
  }
  ~tracked() {
    std::printf("-%s\n", name);
  }
};

const char *other();
