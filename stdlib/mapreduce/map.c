/*
** map.c - the programs.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "parts.h"

#define BLOCK_LEAST 2048u

int __zvm_mr_map(zvm_map_function *map, zvm_combine_function *combine) {
  static zvm_map m;
  uint32_t block = __zvm_mr_setup.buffer / 64;
  m.block = block < BLOCK_LEAST   ? BLOCK_LEAST
            : block > BLOCK_USUAL ? BLOCK_USUAL
                                  : block;
  m.scratch = __zvm_mr_scratch();
  __zvm_mr_store_begin(&m, combine);
  __zvm_mr_read_input(&m, map);
  __zvm_mr_finish(&m);
  return 0;
}

int zvm_map_main(zvm_map_function *map, zvm_combine_function *combine) {
  return zvm_mapreduce_main(map, combine, NULL);
}

int zvm_mapreduce_main(zvm_map_function *map, zvm_combine_function *combine,
                       zvm_reduce_function *reduce) {
  __zvm_mr_read_setup();
  if (__zvm_mr_setup.role == ROLE_REDUCE)
    return __zvm_mr_reduce(reduce);
  if (__zvm_mr_setup.role == ROLE_COMBINE)
    __zvm_mr_fail("this program maps, and the job has it combine");
  return __zvm_mr_map(map, combine);
}
