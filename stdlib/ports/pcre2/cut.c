/*
** cut.c - where /dev/input may be cut, a guest of zvm.pipeline's.
**
** usage: cut PATTERN WINDOW, and ascending positions on stdin, one a line.
**
** For each position p, prints where the first match ends that begins at p - 1
** or later, and ends at p or later; the size of the input if there is none;
** and the cut before if that is at p or later. Reads WINDOW bytes at once, and
** more only for a match that is longer: what it prints does not depend on it.
** Exit code 2: it says on stderr what is wrong with the pattern.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zvm.h>

#define LONGEST ((size_t)256 << 20) /* match */

/* The bytes of the input from `base` on that are in memory. */
static struct {
  int handle;
  uint64_t size; /* of the input */
  uint64_t base;
  unsigned char *bytes;
  size_t length, room;
} in;

static struct {
  pcre2_code *code;
  pcre2_match_data *data;
  uint32_t behind; /* how far it looks back, at least 1 */
} re;


static void fail(const char *text) {
  fprintf(stderr, "%s\n", text);
  exit(2);
}


static void fail_with(int error) {
  PCRE2_UCHAR why[160];
  pcre2_get_error_message(error, why, sizeof why);
  fail((const char *)why);
}


static void compile(const char *pattern) {
  int error;
  uint32_t options;
  PCRE2_SIZE where;
  re.code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                          PCRE2_NEVER_UTF | PCRE2_NEVER_UCP, &error, &where,
                          NULL);
  if (re.code == NULL) {
    fprintf(stderr, "column %u: ", (unsigned)where + 1);
    fail_with(error);
  }
  (void)pcre2_pattern_info(re.code, PCRE2_INFO_ALLOPTIONS, &options);
  if ((options & PCRE2_ANCHORED) != 0)
    fail("a pattern that matches at the start only ends no records");
  (void)pcre2_pattern_info(re.code, PCRE2_INFO_MAXLOOKBEHIND, &re.behind);
  re.behind += re.behind == 0; /* ^ is to see what is before it */
  re.data = pcre2_match_data_create(1, NULL);
}


/* Have the bytes from `from` on in memory, and after them more than before. */
static void load(uint64_t from, size_t window) {
  size_t keep = 0, want = window;
  if (from >= in.base && from < in.base + in.length) {
    keep = (size_t)(in.base + in.length - from);
    memmove(in.bytes, in.bytes + (from - in.base), keep);
  }
  in.base = from;
  in.length = keep;
  while (want <= keep + re.behind)
    want *= 2;
  if (want > LONGEST)
    fail("a match is longer than 256 MiB");
  if (want > in.room) {
    in.room = want;
    in.bytes = realloc(in.bytes, in.room);
    if (in.bytes == NULL)
      fail("out of memory");
  }
  while (in.length < want && in.base + in.length < in.size) {
    int n = zvm_pread(in.handle, (char *)in.bytes + in.length,
                      (int32_t)(want - in.length),
                      (int64_t)(in.base + in.length));
    if (n <= 0)
      fail("the input cannot be read");
    in.length += (size_t)n;
  }
}


/* `at` and what is looked back at from there. */
static void load_around(uint64_t at, size_t window) {
  load(at > re.behind ? at - re.behind : 0, window);
}


static uint64_t find(uint64_t p, size_t window) {
  uint64_t at = p > 0 ? p - 1 : 0;
  const PCRE2_SIZE *found = pcre2_get_ovector_pointer(re.data);
  load_around(at, window);
  for (;;) {
    uint64_t end = in.base + in.length;
    int n = pcre2_match(re.code, in.bytes, in.length, at - in.base,
                        end < in.size ? PCRE2_PARTIAL_HARD : 0, re.data, NULL);
    if (n >= 0) {
      if (in.base + found[1] >= p)
        return in.base + found[1];
      at = p; /* it was empty, at p - 1 */
    } else if (n == PCRE2_ERROR_PARTIAL) {
      at = in.base + found[0];
      load_around(at, window);
    } else if (n != PCRE2_ERROR_NOMATCH) {
      fail_with(n);
    } else if (end == in.size) {
      return in.size;
    } else {
      at = end;
      load_around(at, window);
    }
  }
}


int main(int argc, char **argv) {
  char line[32];
  uint64_t cut = 0;
  if (argc != 3)
    fail("usage: cut PATTERN WINDOW");
  compile(argv[1]);
  for (int i = 0; i < MANIFEST->channels_count; i++)
    if (strcmp(MANIFEST->channels[i].name, "/dev/input") == 0)
      in.handle = i;
  in.size = (uint64_t)MANIFEST->channels[in.handle].size;
  while (fgets(line, sizeof line, stdin) != NULL) {
    uint64_t p = strtoull(line, NULL, 10);
    if (p > cut)
      cut = find(p, strtoul(argv[2], NULL, 10));
    printf("%llu\n", (unsigned long long)cut);
  }
  return 0;
}
