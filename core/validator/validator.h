/*
** validator.h - the validator without its allocation and its texts.
**
** Freestanding: the caller brings the bitmap.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_VALIDATOR_H
#define ZVM_VALIDATOR_H

#include "zvm.h"

/*
** Is the text accepted: `size` bytes, a multiple of 32, that will run at
** `address`? `starts` has one zeroed word for each bundle. When it is, bit n
** of a word tells whether byte n of the bundle is a lawful direct target.
*/
bool zvm__accepts(const uint8_t *text, uint32_t size, uint32_t address,
                  int level, uint32_t *starts)
    __attribute__((visibility("hidden")));

/*
** The same verdict, slower, and why. Findings go to `fn` in order of offset,
** except that those about targets between bundles come last; `fn` returns
** false to stop. `starts` as above.
*/
bool zvm__explain(const uint8_t *text, uint32_t size, uint32_t address,
                  int level, uint32_t *starts, zvm_finding_fn fn, void *ctx)
    __attribute__((visibility("hidden")));

/*
** Count what stands in a text that zvm__accepts accepts. False if it is not
** one; then *out is of no use.
*/
bool zvm__count(const uint8_t *text, uint32_t size, uint32_t address,
                int level, zvm_counts *out)
    __attribute__((visibility("hidden")));

#endif
