/*
** order.c - sorts records by their first 10 bytes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <zvm/mapreduce.h>

#define KEY 10

static void map(zvm_map *m, const char *record, size_t size) {
  zvm_emit(m, record, KEY, record + KEY, size - KEY);
}

int main(void) {
  return zvm_map_main(map, NULL);
}
