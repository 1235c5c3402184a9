/*
** header.c - what a header block and the records of an extended header say.
**
** Without side effects: bytes in, numbers out.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "archive.h"

#define SECOND 1000000000
#define SECONDS_MAX 9223372035 /* that fit as ns, with a fraction */

/* -- Blocks --------------------------------------------------------------- */

/* Sixteen bytes, wherever they lie; two sums. */
typedef char bytes16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef long long sums __attribute__((vector_size(16)));

bool __zvm_tar_is_zero(const void *block) {
  const bytes16 *v = block;
  bytes16 any = { 0 };
  for (int i = 0; i < TAR_BLOCK / 16; i++) any |= v[i];
  sums both = (sums)any;
  return (both[0] | both[1]) == 0;
}

unsigned __zvm_tar_sum(const struct tar_header *h) {
  const bytes16 *v = (const void *)h;
  const bytes16 zero = { 0 };
  sums sum = { 0 };
  unsigned total = sizeof(h->sum) * ' ';
  for (int i = 0; i < TAR_BLOCK / 16; i++)
    sum += (sums)__builtin_ia32_psadbw128(v[i], zero);
  total += (unsigned)(sum[0] + sum[1]);
  for (size_t i = 0; i < sizeof(h->sum); i++)
    total -= (unsigned char)h->sum[i];
  return total;
}

/* -- Numbers -------------------------------------------------------------- */

static bool is_digit(int c, unsigned base) {
  return (unsigned)(c - '0') < base;
}

/* Two's complement, big-endian, behind a first byte of 0x80 or 0xff. */
static bool read_binary(const unsigned char *field, size_t size,
                        int64_t *out) {
  int64_t value = field[0] == 0xff ? -1 : 0;
  for (size_t i = 1; i < size; i++) {
    if (value > INT64_MAX >> 8 || value < INT64_MIN >> 8) return false;
    value = value * 256 + field[i];
  }
  *out = value;
  return true;
}

static bool read_octal(const unsigned char *at, const unsigned char *end,
                       int64_t *out) {
  int64_t value = 0;
  while (at < end && *at == ' ') at++;
  for (; at < end && is_digit(*at, 8); at++) value = value * 8 + (*at - '0');
  for (; at < end; at++)
    if (*at != ' ' && *at != '\0') return false;
  *out = value;
  return true;
}

/* Digits in the first bytes, none above seven: their value. */
static bool read_digits(const unsigned char *at, unsigned count,
                        int64_t *out) {
  uint64_t v;
  memcpy(&v, at, sizeof(v));
  v <<= 64 - 8 * count; /* the last digit is the highest byte */
  uint64_t digits = 0x3030303030303030u << (64 - 8 * count);
  if ((v & (0xf8f8f8f8f8f8f8f8u << (64 - 8 * count))) != digits) return false;
  v ^= digits;
  v = (v & 0x00ff00ff00ff00ff) << 3 | (v >> 8 & 0x00ff00ff00ff00ff);
  v = (v & 0x0000ffff0000ffff) << 6 | (v >> 16 & 0x0000ffff0000ffff);
  *out = (int64_t)((v & 0xffffffff) << 12 | v >> 32);
  return true;
}

/* Nearly all fields are digits up to a zero: eight of them at a time. */
bool __zvm_tar_number(const char *field, size_t size, int64_t *out) {
  const unsigned char *at = (const unsigned char *)field;
  const unsigned char *end = at + size;
  int64_t high, low;
  if (*at == 0x80 || *at == 0xff) return read_binary(at, size, out);
  if (size == 8 && end[-1] == '\0' && read_digits(at, 7, out)) return true;
  if (size == 12 && end[-1] == '\0' && read_digits(at, 8, &high) &&
      read_digits(at + 3, 8, &low)) {
    *out = high << 9 | (low & 0777);
    return true;
  }
  return read_octal(at, end, out);
}

/* The digits at `at`; no more than `max` is told from more. */
static const char *read_decimal(const char *at, const char *end, int64_t max,
                                int64_t *out) {
  int64_t value = 0;
  for (; at < end && is_digit(*at, 10); at++) {
    value = value * 10 + (*at - '0');
    if (value > max) value = max;
  }
  *out = value;
  return at;
}

static bool read_size(const char *at, const char *end, int64_t *out) {
  return at < end && read_decimal(at, end, INT64_MAX / 10 - 9, out) == end;
}

/* "-12.5"; what is finer than a nanosecond is dropped, what ns since 1970
** cannot hold is the last that they can. */
static bool read_time(const char *at, const char *end, int64_t *out) {
  bool negative = at < end && *at == '-';
  int64_t seconds, ns = 0;
  const char *digits = at + negative;
  at = read_decimal(digits, end, SECONDS_MAX, &seconds);
  if (at == digits) return false;
  if (at < end && *at == '.') {
    int64_t unit = SECOND / 10;
    for (at++; at < end && is_digit(*at, 10); at++, unit /= 10)
      ns += (*at - '0') * unit;
  }
  ns += seconds * SECOND;
  *out = negative ? -ns : ns;
  return at == end;
}

/* -- Records -------------------------------------------------------------- */

static bool is_key(const char *key, size_t len, const char *name) {
  return len == strlen(name) && memcmp(key, name, len) == 0;
}

/* A value as a string: its bytes, and a zero behind them. */
static const char *take_text(char *to, bool *has, const char *value,
                             size_t len) {
  if (memchr(value, 0, len)) return "a path with a zero byte";
  if (len >= PATH_MAX) return "a path of more than 4095 bytes";
  memcpy(to, value, len);
  to[len] = '\0';
  *has = len > 0;
  return NULL;
}

/* An empty value takes back what was said before. */
static const char *take(struct tar_facts *facts, bool global, const char *key,
                        size_t key_len, const char *value, size_t len) {
  const char *end = value + len;
  bool path = is_key(key, key_len, "path");
  bool target = is_key(key, key_len, "linkpath");
  bool size = is_key(key, key_len, "size");
  if (key_len > 11 && memcmp(key, "GNU.sparse.", 11) == 0) {
    facts->is_sparse = true;
    path = is_key(key, key_len, "GNU.sparse.name");
  }
  if (global && (path || target || size))
    return "a global header that speaks of one entry";
  if (path) return take_text(facts->path, &facts->has_path, value, len);
  if (target) return take_text(facts->target, &facts->has_target, value, len);
  if (size) {
    facts->has_size = len > 0;
    if (len > 0 && !read_size(value, end, &facts->size)) return "bad size";
  } else if (is_key(key, key_len, "mtime")) {
    facts->has_mtime = len > 0;
    if (len > 0 && !read_time(value, end, &facts->mtime)) return "bad mtime";
  }
  return NULL;
}

/* "LENGTH KEY=VALUE\n"; the length is that of all of it. */
const char *__zvm_tar_records(struct tar_facts *facts, bool global,
                              const char *at, size_t size) {
  const char *end = at + size;
  while (at < end) {
    int64_t length;
    const char *key = read_decimal(at, end, TAR_EXTENDED_MAX, &length);
    const char *stop = at + length; /* the last byte is before it */
    if (key == at || key == end || *key++ != ' ' || length > end - at ||
        stop <= key || stop[-1] != '\n')
      return "bad record in an extended header";
    const char *value = memchr(key, '=', (size_t)(stop - key));
    if (value == NULL || value == key)
      return "bad record in an extended header";
    const char *wrong = take(facts, global, key, (size_t)(value - key),
                             value + 1, (size_t)(stop - 1 - (value + 1)));
    if (wrong) return wrong;
    at = stop;
  }
  return NULL;
}
