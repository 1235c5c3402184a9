/*
** objects.cc - thread_local of C++: made at first use, destroyed with the
** thread.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

static int made, destroyed;

struct counter {
  int n;
  explicit counter(int start) : n(start) { made++; }
  ~counter() { destroyed += n; }
};

static thread_local counter own(10);
static thread_local int plain = 3;
extern thread_local int computed;
static int next_value() { return 40 + plain; }
thread_local int computed = next_value();

static void *run(void *arg) {
  own.n += (int)(intptr_t)arg;
  plain++;
  if (computed != 43) printf("computed is %d\n", computed);
  return &own;
}

static void *use_nothing(void *) { return nullptr; }

int main() {
  pthread_t t[4];
  for (intptr_t i = 0; i < 3; i++)
    pthread_create(&t[i], nullptr, run, reinterpret_cast<void *>(i));
  pthread_create(&t[3], nullptr, use_nothing, nullptr);
  for (pthread_t one : t) pthread_join(one, nullptr);
  printf("%d made, %d destroyed, %d plain\n", made, destroyed, plain);
  return made == 3 && destroyed == 33 && plain == 3 ? 0 : 1;
}
