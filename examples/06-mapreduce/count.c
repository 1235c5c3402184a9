/*
** count.c - the reducer of the MapReduce example, a guest.
**
** Adds up the values of each word, and writes "<count> <word>" lines, in the
** order of the words' bytes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <zvm/mapreduce.h>

static void reduce(zvm_reduce *r, const void *word, size_t size) {
  char text[32];
  uint64_t count = 0;
  size_t value_size;
  for (const void *v; (v = zvm_value(r, &value_size)) != NULL;)
    zvm_add(&count, sizeof count, v, value_size);
  int n = snprintf(text, sizeof text, "%llu ", (unsigned long long)count);
  zvm_put(r, text, (size_t)n);
  zvm_put(r, word, size);
  zvm_put(r, "\n", 1);
}

int main(void) {
  return zvm_reduce_main(reduce);
}
