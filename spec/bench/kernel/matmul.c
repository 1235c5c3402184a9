/*
** matmul.c - floating point: product of square matrices.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "../kernel.h"

#define N 240

static double a[N][N];
static double b[N][N];
static double c[N][N];

static uint64_t kernel(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = random_u32() / 4294967296.0;
      b[i][j] = random_u32() / 4294967296.0;
    }
  for (int round = 0; round < 24; round++) {
    for (int i = 0; i < N; i++)
      for (int k = 0; k < N; k++) {
        double x = a[i][k];
        for (int j = 0; j < N; j++)
          c[i][j] += x * b[k][j];
      }
    a[round][round] += c[round][N - 1 - round] / N;
  }
  uint64_t sum = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      sum = mix_double(sum, c[i][j]);
  return sum;
}
