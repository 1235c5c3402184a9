/*
** nbody.c - floating point: five bodies that attract each other.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

#include <math.h>

typedef struct body {
  double x[3];
  double v[3];
  double mass;
} body;

static void advance(body *b, int n, double dt) {
  for (int i = 0; i < n; i++)
    for (int j = i + 1; j < n; j++) {
      double d[3];
      double square = 0;
      for (int k = 0; k < 3; k++) {
        d[k] = b[i].x[k] - b[j].x[k];
        square += d[k] * d[k];
      }
      double pull = dt / (square * sqrt(square));
      for (int k = 0; k < 3; k++) {
        b[i].v[k] -= d[k] * b[j].mass * pull;
        b[j].v[k] += d[k] * b[i].mass * pull;
      }
    }
  for (int i = 0; i < n; i++)
    for (int k = 0; k < 3; k++)
      b[i].x[k] += dt * b[i].v[k];
}

static uint64_t kernel(void) {
  body bodies[5];
  for (int i = 0; i < 5; i++) {
    bodies[i].mass = 1.0 / (1 << 3 * i);
    for (int k = 0; k < 3; k++) {
      bodies[i].x[k] = i * 5 + random_u32() / 4294967296.0;
      bodies[i].v[k] = random_u32() / 4294967296.0 - 0.5;
    }
  }
  for (int step = 0; step < 900000; step++)
    advance(bodies, 5, 0.001);
  uint64_t sum = 0;
  for (int i = 0; i < 5; i++)
    for (int k = 0; k < 3; k++)
      sum = mix_double(sum, bodies[i].x[k]);
  return sum;
}
