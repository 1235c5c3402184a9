/*
** print.c - libc: numbers and strings written and read as text.
**
** What is printed goes to memory, or through a stream to /dev/null. `size` is
** the number of different values; they are of all lengths.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "libc.h"

enum { VALUES = 1024 };

static int numbers[VALUES];
static uint64_t wide[VALUES];
static double reals[VALUES], spread[VALUES];
static char words[VALUES][24];
static char decimals[VALUES][32], integers[VALUES][16];
static FILE *sink;

static void start(size_t size) {
  (void)size;
  for (int i = 0; i < VALUES; i++) {
    numbers[i] = (int)random_u32() >> (random_u32() & 31);
    wide[i] = ((uint64_t)random_u32() << 32 | random_u32()) >>
              (random_u32() & 63);
    reals[i] = (numbers[i] / 65536.0) / (1 + (random_u32() & 15));
    uint64_t bits = (uint64_t)(random_u32() % 2046) << 52 | random_u32();
    memcpy(&spread[i], &bits, sizeof bits);
    size_t n = random_u32() % 16;
    memset(words[i], 'a' + i % 26, n);
    sprintf(decimals[i], "%.*g", 3 + i % 15, reals[i]);
    sprintf(integers[i], "%d", numbers[i]);
  }
  sink = fopen("/dev/null", "w");
}

#define EACH(name, body)                                                     \
  static NOINLINE uint64_t name(size_t size, unsigned rounds) {              \
    uint64_t sum = 0;                                                        \
    char out[2000];                                                          \
    for (unsigned k = 0; k < rounds; k++) {                                  \
      unsigned i = k % VALUES;                                               \
      (void)i;                                                               \
      body;                                                                  \
    }                                                                        \
    (void)size;                                                              \
    (void)out;                                                               \
    return sum;                                                              \
  }

/* Enough of what was printed to see a difference. */
#define PRINT(...)                                                           \
  do {                                                                       \
    int n = snprintf(out, sizeof out, __VA_ARGS__);                          \
    sum = mix(sum, (uint64_t)n * 256 + (unsigned char)out[n / 2]);           \
  } while (0)

EACH(print_int, PRINT("%d", numbers[i]))
EACH(print_long, PRINT("%" PRIu64, wide[i]))
EACH(print_hex, PRINT("%08x", (unsigned)numbers[i]))
EACH(print_string, PRINT("%s", words[i]))
EACH(print_line, PRINT("%d %s\n", numbers[i], words[i]))
EACH(print_table, PRINT("%-20s|%10d|%5u\n", words[i], numbers[i],
                        (unsigned)wide[i] & 1023))
EACH(print_fixed, PRINT("%.2f", reals[i]))
EACH(print_general, PRINT("%g", reals[i]))
EACH(print_exact, PRINT("%.17g", reals[i]))
EACH(print_exponent, PRINT("%e", spread[i]))
EACH(print_spread, PRINT("%.17g", spread[i]))
EACH(print_text, PRINT("a line of text without any number in it\n"))
EACH(stream_line, sum += (unsigned)fprintf(sink, "%d %s\n", numbers[i],
                                           words[i]))
EACH(stream_real, sum += (unsigned)fprintf(sink, "%.6f\n", reals[i]))
EACH(stream_puts, sum += fputs(words[i], sink) >= 0)
EACH(stream_write, sum += fwrite(words[i], 1, 20, sink))
EACH(stream_putc, sum += (unsigned)putc('a', sink))
EACH(read_int, sum = mix(sum, (uint64_t)strtol(integers[i], NULL, 10)))
EACH(read_real, double x = strtod(decimals[i], NULL); uint64_t bits;
     memcpy(&bits, &x, 8); sum = mix(sum, bits))
EACH(scan_line, int x = 0; double y = 0;
     sum += (unsigned)sscanf(integers[i], "%d", &x) +
            (unsigned)sscanf(decimals[i], "%lf", &y);
     sum += (unsigned)x)

static const struct test tests[] = {
    {"print_int", start, print_int},
    {"print_long", start, print_long},
    {"print_hex", start, print_hex},
    {"print_string", start, print_string},
    {"print_line", start, print_line},
    {"print_table", start, print_table},
    {"print_text", start, print_text},
    {"print_fixed", start, print_fixed},
    {"print_general", start, print_general},
    {"print_exact", start, print_exact},
    {"print_exponent", start, print_exponent},
    {"print_spread", start, print_spread},
    {"stream_line", start, stream_line},
    {"stream_real", start, stream_real},
    {"stream_puts", start, stream_puts},
    {"stream_write", start, stream_write},
    {"stream_putc", start, stream_putc},
    {"read_int", start, read_int},
    {"read_real", start, read_real},
    {"scan_line", start, scan_line},
    {NULL, NULL, NULL},
};
