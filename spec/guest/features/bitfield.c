/*
** bitfield.c - bit-fields of all kinds, against shifts and masks.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../check.h"

#define FAR __attribute__((noinline, noclone))

struct fields {
  unsigned a : 3;
  signed b : 7;
  unsigned : 0;
  uint64_t c : 41;
  int64_t d : 23;
  bool e : 1;
  uint16_t f : 12;
  int8_t g : 5;
};

struct __attribute__((packed)) tight {
  uint32_t a : 5;
  uint64_t b : 59;
  int16_t c : 13;
  uint64_t d : 37;
  uint32_t e;
};

union seen {
  struct tight tight;
  uint8_t bytes[sizeof(struct tight)];
};

FAR static void fill(struct fields *f, int64_t x) {
  f->a = (unsigned)x;
  f->b = (int)x;
  f->c = (uint64_t)x;
  f->d = x;
  f->e = x & 4;
  f->f = (uint16_t)x;
  f->g = (int8_t)x;
}

FAR static int64_t cut(int64_t x, int bits) {
  return (int64_t)((uint64_t)x << (64 - bits)) >> (64 - bits);
}

/* Bits of memory, first bit first. */
FAR static uint64_t bits(const uint8_t *p, int at, int count) {
  uint64_t x = 0;
  for (int i = 0; i < count; i++)
    x |= (uint64_t)(p[(at + i) / 8] >> (at + i) % 8 & 1) << i;
  return x;
}

FAR static struct fields through(struct fields f) {
  f.c += f.a;
  f.d -= f.b;
  f.f ^= 0xfff;
  f.g <<= 1;
  return f;
}


int main(void) {
  uint64_t x = 0x9e3779b97f4a7c15u;
  for (int i = 0; i < 40; i++, x = x * 6364136223846793005u + 1) {
    struct fields f;
    int64_t s = (int64_t)x;
    memset(&f, i & 1 ? 0xff : 0, sizeof f);
    fill(&f, s);
    CHECK(f.a == (x & 7) && f.b == cut(s, 7));
    CHECK(f.c == (x & 0x1ffffffffffu) && f.d == cut(s, 23));
    CHECK(f.e == (x >> 2 & 1) && f.f == (x & 0xfff) && f.g == cut(s, 5));
    struct fields g = through(f);
    CHECK(g.c == ((f.c + f.a) & 0x1ffffffffffu));
    CHECK(g.d == cut((int64_t)f.d - f.b, 23));
    CHECK(g.f == (~f.f & 0xfff) && g.g == cut((int64_t)f.g * 2, 5));
    union seen t;
    memset(&t, 0, sizeof t);
    t.tight.a = (uint32_t)x;
    t.tight.b = x;
    t.tight.c = (int16_t)x;
    t.tight.d = x >> 20;
    t.tight.e = 0xdeadbeef;
    CHECK(bits(t.bytes, 0, 5) == (x & 31));
    CHECK(bits(t.bytes, 5, 59) == (x & ((1ull << 59) - 1)));
    CHECK(cut((int64_t)bits(t.bytes, 64, 13), 13) == t.tight.c);
    CHECK(bits(t.bytes, 77, 37) == (x >> 20 & ((1ull << 37) - 1)));
    t.tight.b++;
    t.tight.d |= 1;
    CHECK(t.tight.e == 0xdeadbeef && t.tight.a == (x & 31));
  }
  return check_end();
}
