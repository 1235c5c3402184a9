/*
** formats.c - random formats and values, printed.
**
**   formats <count> [<seed>]          a digest of each 1/16 of what is printed
**   formats <count> <seed> <part>     what that part prints
**
** The same source is a native program: both must print the same. What differs
** by definition is left out: null pointers, %a of subnormal numbers, sizes of
** `long` and `long double`, and %#g, which glibc rounds up to fewer digits.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint32_t random_u32(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 32);
}

static uint64_t random_u64(void) {
  uint64_t high = random_u32();
  return high << 32 | random_u32();
}

/* Numbers of all lengths. */
static uint64_t random_integer(void) {
  return random_u64() >> (random_u32() & 63);
}

/* Bits as they come, short decimals, whole numbers, halves, neighbours. */
static double random_real(void) {
  uint64_t bits = random_u64();
  double x;
  switch (random_u32() % 6) {
    case 0: memcpy(&x, &bits, sizeof(x)); return x;
    case 1: return (double)(int32_t)bits / 1000;
    case 2: return (double)(int64_t)(bits >> (bits & 63));
    case 3: return (double)((int32_t)bits >> (bits >> 59)) / 1024 + 0.5;
    case 4: return ldexp((double)(1 + (bits & 7)), (int)(bits >> 32) % 1070);
    default:
      x = strtod((const char *[]){"0.1", "0.5", "9.5", "99.995", "1e22", "1e23",
                                  "9.9999995", "999999.5", "0.00099995",
                                  "4.35", "123456789.5", "5e-324",
                                  "1.7976931348623157e308", "0",
                                  "2.2250738585072014e-308",
                                  "0.000125"}[bits & 15], NULL);
      return bits >> 63 ? nextafter(x, (double)(bits >> 62 & 1) * 1e300) : x;
  }
}

static const char *random_text(void) {
  static const char text[] = "the quick brown fox jumps over the lazy dog";
  return text + random_u32() % sizeof(text);
}

/* Flags, width, precision: often none. */
static char *put_layout(char *at, int stars[2], int *count) {
  uint32_t r = random_u32();
  *count = 0;
  if (r & 1) {
    for (int i = 0; i < 5; i++)
      if (r >> (8 + 2 * i) % 32 & 1 && random_u32() & 1) *at++ = "-+ #0"[i];
    if (r & 2) at += sprintf(at, "%u", 1 + random_u32() % (r & 4 ? 20 : 300));
    else if (r & 8) {
      *at++ = '*';
      stars[(*count)++] = (int)(random_u32() % 60) - 30;
    }
  }
  if (r & 16) {
    *at++ = '.';
    if (r & 32) at += sprintf(at, "%u", random_u32() % (r & 64 ? 20 : 400));
    else if (r & 128 && !*count) {
      *at++ = '*';
      stars[(*count)++] = (int)(random_u32() % 60) - 10;
    }
  }
  return at;
}

#define SHOW(value)                                                      \
  (n == 0 ? snprintf(out, size, format, value)                           \
          : snprintf(out, size, format, stars[0], value))

static int show_integer(char *out, size_t size, const char *format,
                        const char *length, int n, const int *stars) {
  uint64_t x = random_integer();
  if (!strcmp(length, "ll") || !strcmp(length, "j"))
    return SHOW((long long)x);
  if (!strcmp(length, "z")) return SHOW((size_t)(x & INT32_MAX));
  if (!strcmp(length, "l")) return SHOW((long)(x & INT32_MAX));
  return SHOW((int)x);
}

static char format[64];

static int show(char *out, size_t size) {
  static const char *const lengths[] = {"", "", "", "hh", "h", "l",
                                        "ll", "j", "z"};
  char *at = format;
  int stars[2], n;
  uint32_t r = random_u32();
  memcpy(at, "<%<", 3);
  at[2] = 0;
  at = put_layout(at + 2, stars, &n);
  if (r % 4 == 0) {
    const char *length = lengths[(r >> 8) % 9];
    sprintf(at, "%s%c>", length, "diuxXo"[(r >> 16) % 6]);
    return show_integer(out, size, format, length, n, stars);
  }
  if (r % 4 == 1) {
    strcpy(at, "s>");
    return SHOW(random_text());
  }
  sprintf(at, "%c>", "fegFEGaAfegfeg"[(r >> 8) % 14]);
  char *sharp = strchr(format, '#');
  if (sharp != NULL && (*at | 32) == 'g') *sharp = '-';
  double x = random_real();
  if ((*at | 32) == 'a' && fpclassify(x) == FP_SUBNORMAL) x = 1.5;
  if (isnan(x)) x = NAN;
  return SHOW(x);
}

/* Several conversions, and some of the numbered kind. */
static int show_line(char *out, size_t size) {
  int a = (int)random_integer(), b = (int)random_u32();
  long long c = (long long)random_integer();
  double x = random_real(), y = random_real();
  const char *s = random_text();
  if (isnan(x)) x = 1;
  if (isnan(y)) y = 2;
  switch (random_u32() % 4) {
    case 0:
      return snprintf(out, size, "%d %s%%%c|%-8lld%g\n", a, s, 'a' + b % 26, c,
                      x);
    case 1:
      return snprintf(out, size, "%3$s %1$d %2$.3e %1$x %5$lld %4$*1$.2f",
                      a % 50, x, s, y, c);
    case 2:
      return snprintf(out, size, "%f %f %g %d %d %d %d %d %d %lld %g", x, y, x,
                      a, b, a, b, a, b, c, y);
    default: return snprintf(out, size, "%.*s [%+d] %05.1f%%", a & 15, s, b, x);
  }
}

int main(int argc, char **argv) {
  static const int modes[] = {FE_TONEAREST, FE_TONEAREST, FE_TONEAREST,
                              FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  static char out[4096];
  unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
  unsigned part = argc > 3 ? (unsigned)atoi(argv[3]) : 16;
  uint64_t digest = 0;
  state = 0x9e3779b97f4a7c15u +
          (argc > 2 ? strtoull(argv[2], NULL, 10) * 1000003 : 0);
  for (unsigned i = 0; i < count; i++) {
    size_t size = random_u32() % 8 ? sizeof(out) : random_u32() % 20;
    int mode = modes[random_u32() % 6];
    fesetround(mode);
    int n = random_u32() % 4 ? show(out, size) : show_line(out, size);
    fesetround(FE_TONEAREST);
    digest = (digest ^ (uint64_t)n) * 0x100000001b3u;
    if (size == 0) out[0] = 0;
    for (const char *s = out; *s; s++)
      digest = (digest ^ (uint64_t)*s) * 0x100000001b3u;
    if (i / (count / 16 + 1) == part) printf("%s %d: %s\n", format, n, out);
    if (part == 16 && (i + 1) % (count / 16 + 1) == 0)
      printf("%016" PRIx64 "\n", digest);
  }
  printf("%016" PRIx64 "\n", digest);
  return 0;
}
