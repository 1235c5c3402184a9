/*
** input.c - stdin, cut into records.
**
** A record is looked at where it was read. What is left of a window at its
** end moves to its start; a window that is one record only grows.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>

#include "parts.h"

#define WINDOW 0x40000u

struct input {
  char *window;
  size_t room;
  size_t from, to; /* what is there of it and has not been looked at */
  int64_t offset;
  bool over;
};

/* More bytes behind those that are there; false: there are no more. */
static bool read_more(struct input *in) {
  size_t left = in->to - in->from;
  if (in->over)
    return false;
  if (left == in->room) {
    if (in->room > BLOCK_MAX)
      __zvm_mr_fail("/dev/stdin: byte %lld: a record of more than %zu bytes",
                    (long long)(in->offset - (int64_t)left), left);
    in->room *= 2;
    in->window = __zvm_mr_resize(in->window, in->room, "a record");
  }
  memmove(in->window, in->window + in->from, left);
  size_t size = in->room - left;
  int32_t n = zvm_pread(0, in->window + left, (int64_t)size, in->offset);
  if (n < 0)
    __zvm_mr_fail("/dev/stdin: byte %lld: %s", (long long)in->offset,
                  __zvm_mr_error(n));
  in->over = (size_t)n < size;
  in->offset += n;
  in->from = 0;
  in->to = left + (size_t)n;
  return n > 0;
}

static void read_lines(zvm_map *m, zvm_map_function *map, struct input *in) {
  size_t seen = 0; /* without a newline, from in->from on */
  for (;;) {
    const char *at = in->window + in->from;
    const char *end = memchr(at + seen, '\n', in->to - in->from - seen);
    if (end != NULL) {
      seen = 0;
      in->from += (size_t)(end - at) + 1;
      map(m, at, (size_t)(end - at));
    } else {
      seen = in->to - in->from;
      if (!read_more(in))
        break;
    }
  }
  if (in->to > in->from)
    map(m, in->window + in->from, in->to - in->from);
}

static void read_fixed(zvm_map *m, zvm_map_function *map, struct input *in) {
  size_t size = __zvm_mr_setup.fixed;
  do
    for (; in->to - in->from >= size; in->from += size)
      map(m, in->window + in->from, size);
  while (read_more(in));
  if (in->to > in->from)
    __zvm_mr_fail("/dev/stdin: byte %lld: %zu bytes at the end are no record "
                  "of %zu", (long long)(in->offset - (in->to - in->from)),
                  in->to - in->from, size);
}

/* As many whole lines as there are. */
static void read_blocks(zvm_map *m, zvm_map_function *map, struct input *in) {
  do {
    const char *at = in->window + in->from;
    const char *end = memrchr(at, '\n', in->to - in->from);
    if (end != NULL) {
      in->from += (size_t)(end - at) + 1;
      map(m, at, (size_t)(end - at) + 1);
    }
  } while (read_more(in));
  if (in->to > in->from)
    map(m, in->window + in->from, in->to - in->from);
}

void __zvm_mr_read_input(zvm_map *m, zvm_map_function *map) {
  struct input in = {.room = WINDOW};
  int64_t size = MANIFEST->channels[0].size;
  /* A byte more, so that the first read meets the end. */
  if (__zvm_mr_setup.cut == CUT_WHOLE && size >= WINDOW && size < BLOCK_MAX)
    in.room = (size_t)size + 1;
  in.window = __zvm_mr_allocate(in.room, "the input");
  switch (__zvm_mr_setup.cut) {
  case CUT_LINES:
    read_lines(m, map, &in);
    break;
  case CUT_FIXED:
    read_fixed(m, map, &in);
    break;
  case CUT_BLOCKS:
    read_blocks(m, map, &in);
    break;
  case CUT_WHOLE:
    while (read_more(&in))
      ;
    map(m, in.window, in.to);
    break;
  }
  free(in.window);
}
