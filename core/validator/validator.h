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
** Validate `size` bytes at `text`, a multiple of 32, that will run at
** `address`. `starts` has one zeroed word for each bundle; afterwards each
** bit tells whether a byte is a lawful direct target. Returns whether the
** text is accepted. Findings go to `fn` in order of offset, except that
** those about targets between bundles come last; `fn` returns false to stop.
*/
bool zvm__validate(const uint8_t *text, uint32_t size, uint32_t address,
                   int level, uint32_t *starts, zvm_finding_fn fn, void *ctx)
    __attribute__((visibility("hidden")));

#endif
