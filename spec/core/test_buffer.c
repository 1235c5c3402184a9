/*
** test_buffer.c - the memory of a BUFFER, as it grows.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "channel/channel.h"

enum { MIB = 1 << 20 };


/* Grow by ever more up to `last`; false if that fails or bytes are lost. */
static bool grows(zvm__channel *ch, size_t last, int *moves) {
  const unsigned char *at = NULL;
  *moves = 0;
  for (size_t need = 3000; need <= last; need += need / 3 + 1) {
    if (need > ch->room && !zvm__buffer_grow(ch, need))
      return false;
    if (ch->room < need)
      return false;
    *moves += ch->bytes != at && ch->reserved > 0;
    at = ch->bytes;
    for (size_t i = 0; i < ch->size; i += ch->size / 100 + 1)
      if (ch->bytes[i] != (unsigned char)(i * 7))
        return false;
    for (size_t i = ch->size; i < need; i++)
      ch->bytes[i] = (unsigned char)(i * 7);
    ch->size = need;
  }
  return true;
}


static zvm__channel with_limit(int64_t size) {
  zvm__channel ch = {.source = &zvm__source_buffer, .fd = -1};
  ch.limits[ZVM_LIMIT_PUT_SIZE] = size;
  return ch;
}


int main(void) {
  int moves, before;
  zvm__channel ch = with_limit(300 * MIB);
  before = mappings_below(UINT64_MAX);
  ok(grows(&ch, 100 * MIB, &moves) && moves == 1,
     "a large buffer grows in its place");
  is((long long)((uintptr_t)ch.bytes % (2 * MIB)), 0,
     "and begins where a huge page can");
  ok(ch.room < 300 * MIB, "what it does not need is closed");
  zvm__buffer_free(&ch);

  ch = with_limit(5 * MIB);
  ok(grows(&ch, 5 * MIB, &moves) && moves == 1 &&
         zvm__buffer_grow(&ch, 5 * MIB) && ch.room == 6 * MIB,
     "one may become as large as its limit");
  zvm__buffer_free(&ch);

  ch = with_limit(3 * MIB);
  ok(grows(&ch, 20 * MIB, &moves) && moves > 1,
     "or larger: a hole is before what is put");
  zvm__buffer_free(&ch);

  struct rlimit all;
  (void)getrlimit(RLIMIT_AS, &all);
  struct rlimit few = {200 * MIB, all.rlim_max};
  (void)setrlimit(RLIMIT_AS, &few);
  ch = with_limit(1024 * MIB);
  bool grew = grows(&ch, 50 * MIB, &moves);
  bool bounded = !zvm__buffer_grow(&ch, 500 * MIB) && ch.size > 30 * MIB &&
                 ch.bytes[7] == 49;
  zvm__buffer_free(&ch);
  (void)setrlimit(RLIMIT_AS, &all);
  ok(grew, "where address space is short it takes less of it");
  ok(bounded, "and stays as it was when there is no more");

  ch = with_limit(2 * MIB - 1);
  ok(grows(&ch, MIB, &moves) && ch.reserved == 0,
     "one that may not fill a huge page stays in the heap");
  zvm__buffer_free(&ch);
  ok(mappings_below(UINT64_MAX) <= before + 1, "nothing is left of them");
  return tap_done();
}
