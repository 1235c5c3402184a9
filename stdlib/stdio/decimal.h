/*
** decimal.h - the exact decimal digits of a double; see decimal.c.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_DECIMAL_H
#define ZVM_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#define hidden __attribute__((__visibility__("hidden")))

/*
** The place of the point among the digits: 309 digits and a carry fit before
** it, 1074 and the rest of a group behind it.
*/
enum { POINT = 328, DIGITS = POINT + 1074 + 36, LIMBS = 18 };

struct decimal {
  char text[DIGITS];
  int first; /* digit that is not 0; POINT or more: behind the point */
  int end;   /* of the digits that are there                        */
  /* What is left of the fraction, highest limb first. */
  uint64_t rest[LIMBS];
  int top, low;
};

/*
** The digits of a number that is not negative, finite and not 0, up to the
** first one that is not 0 at least.
*/
hidden void __zvm_decimal(struct decimal *, double);
/* Digits up to `end` and one more, unless they end before. */
hidden void __zvm_decimal_more(struct decimal *, int64_t end);
/*
** Cut them at `end`, which lies behind `first`, or behind the point; rounded,
** by the current mode. True if a carry made a new first digit.
*/
hidden bool __zvm_decimal_round(struct decimal *, int64_t end, bool negative);

#endif
