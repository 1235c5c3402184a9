/*
** combine.c - a program between a mapper and the reducers.
**
** Its stdin are the streams of all partitions, one after another. What it
** passes on has the keys that came, so the order is kept.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "parts.h"

int zvm_combine_main(zvm_reduce_function *combine) {
  uint32_t count;
  __zvm_mr_read_setup();
  if (__zvm_mr_setup.role != 0 && __zvm_mr_setup.role != ROLE_COMBINE)
    __zvm_mr_fail("this program combines, and the job has another role for "
                  "it");
  int *outputs = __zvm_mr_channels("/dev/out/", &count);
  if (count != __zvm_mr_setup.partitions)
    __zvm_mr_fail("%u channels /dev/out/... for %u partitions",
                  (unsigned)count, (unsigned)__zvm_mr_setup.partitions);
  for (uint32_t i = 0; i < count; i++)
    __zvm_mr_combine(combine, outputs[i], i, count);
  return 0;
}
