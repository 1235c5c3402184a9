/*
** setup.c - what the job says, the channels there are, and how to give up.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "parts.h"

#define VARIABLE "ZVM_MAPREDUCE"
#define BUFFER_MIN 16384u

struct setup __zvm_mr_setup;

/* -- Giving up ----------------------------------------------------------- */

void __zvm_mr_fail(const char *format, ...) {
  char text[512] = "zvm-mapreduce: ";
  size_t size = strlen(text);
  va_list list;
  va_start(list, format);
  vsnprintf(text + size, sizeof text - size - 1, format, list);
  va_end(list);
  size = strlen(text);
  text[size++] = '\n';
  zvm_pwrite(2, text, size, 0);
  zvm_exit(ZVM_MAPREDUCE_FAILED);
}

const char *__zvm_mr_error(int32_t result) {
  return result < 0 ? strerror(-result) : "cut short";
}

void *__zvm_mr_resize(void *old, size_t size, const char *what) {
  void *memory = realloc(old, size);
  if (memory == NULL)
    __zvm_mr_fail("no memory for %s (%zu bytes): the heap has %u bytes, "
                  "\"memory\" of the stage sets it", what, size,
                  (unsigned)MANIFEST->heap_size);
  return memory;
}

void *__zvm_mr_allocate(size_t size, const char *what) {
  return __zvm_mr_resize(NULL, size, what);
}

/* -- Channels ------------------------------------------------------------ */

/* "/dev/in/map-12" has the number 12, "/dev/in/map" 0. */
static unsigned long number_of(const char *name) {
  const char *dash = strrchr(name, '-');
  return dash == NULL ? 0 : strtoul(dash + 1, NULL, 10);
}

static int by_number(const void *a, const void *b) {
  const int *x = a;
  const int *y = b;
  unsigned long m = number_of(MANIFEST->channels[*x].name);
  unsigned long n = number_of(MANIFEST->channels[*y].name);
  return m != n ? (m > n) - (m < n) : (*x > *y) - (*x < *y);
}

int *__zvm_mr_channels(const char *prefix, uint32_t *count) {
  int total = MANIFEST->channels_count;
  int *list = __zvm_mr_allocate((size_t)total * sizeof *list, "channels");
  uint32_t n = 0;
  for (int i = 3; i < total; i++)
    if (strncmp(MANIFEST->channels[i].name, prefix, strlen(prefix)) == 0)
      list[n++] = i;
  qsort(list, n, sizeof *list, by_number);
  *count = n;
  return list;
}

int __zvm_mr_scratch(void) {
  for (int i = 3; i < MANIFEST->channels_count; i++)
    if (strcmp(MANIFEST->channels[i].name, "/dev/scratch") == 0)
      return i;
  return -1;
}

/* -- The environment variable -------------------------------------------- */

static uint32_t number_in(const char *word, const char *digits, uint32_t min,
                          uint32_t max) {
  char *end;
  unsigned long long n = strtoull(digits, &end, 10);
  if (*digits < '0' || *digits > '9' || *end != '\0' || n < min || n > max)
    __zvm_mr_fail("%s: %s: a number from %u to %u expected", VARIABLE, word,
                  (unsigned)min, (unsigned)max);
  return (uint32_t)n;
}

static int digit_of(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                : -1;
}

/* Keys in hexadecimal digits, with commas between them. */
static void read_bounds(struct setup *s, char *at) {
  uint32_t n = 0;
  s->ranges = true;
  while (*at != '\0') {
    size_t digits = strspn(at, "0123456789abcdef");
    if (n == PARTITIONS_MAX - 1 || digits % 2 != 0 ||
        (at[digits] != ',' && at[digits] != '\0'))
      __zvm_mr_fail("%s: keys in hexadecimal digits expected", VARIABLE);
    char *key = __zvm_mr_allocate(digits / 2 + SLACK, "keys");
    for (size_t i = 0; i < digits / 2; i++)
      key[i] = (char)(digit_of(at[2 * i]) << 4 | digit_of(at[2 * i + 1]));
    s->bounds[n] = key;
    s->bound_sizes[n++] = (uint32_t)(digits / 2);
    at += digits + (at[digits] == ',');
  }
  if (n + 1 != s->partitions)
    __zvm_mr_fail("%s: %u keys for %u partitions", VARIABLE, (unsigned)n,
                  (unsigned)s->partitions);
}

static bool read_one_of(const char *value, const char *const *names, int *out) {
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp(value, names[i]) == 0) {
      *out = i;
      return true;
    }
  return false;
}

static void read_word(struct setup *s, char *word) {
  static const char *const roles[] = {"", "map", "combine", "reduce", NULL};
  static const char *const cuts[] = {"lines", "", "blocks", "whole", NULL};
  int n;
  char *value = strchr(word, '=');
  size_t name = value == NULL ? 0 : (size_t)(value++ - word);
  if (name == 4 && memcmp(word, "role", 4) == 0 &&
      read_one_of(value, roles, &n)) {
    s->role = (enum role)n;
  } else if (name == 7 && memcmp(word, "records", 7) == 0) {
    s->cut = CUT_FIXED;
    if (read_one_of(value, cuts, &n))
      s->cut = (enum cut)n;
    else
      s->fixed = number_in(word, value, 1, BLOCK_MAX);
  } else if (name == 6 && memcmp(word, "buffer", 6) == 0) {
    s->buffer = number_in(word, value, BUFFER_MIN, 0xE0000000u);
  } else if (name == 10 && memcmp(word, "partitions", 10) == 0) {
    s->partitions = number_in(word, value, 1, PARTITIONS_MAX);
  } else if (name == 4 && memcmp(word, "keys", 4) == 0) {
    read_bounds(s, value);
  } else {
    __zvm_mr_fail("%s: \"%s\" is not known", VARIABLE, word);
  }
}

void __zvm_mr_read_setup(void) {
  struct setup *s = &__zvm_mr_setup;
  const char *said = getenv(VARIABLE);
  s->buffer = MANIFEST->heap_size / 4 * 3;
  s->partitions = 1;
  if (said == NULL)
    return;
  size_t size = strlen(said) + 1;
  char *copy = memcpy(__zvm_mr_allocate(size, VARIABLE), said, size);
  for (char *rest, *word = strtok_r(copy, " ", &rest); word != NULL;
       word = strtok_r(NULL, " ", &rest))
    read_word(s, word);
  free(copy);
}
