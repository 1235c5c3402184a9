/*
** guests.h - the programs of the trials: two pages each, as load_guest takes
** them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef GUESTS_H
#define GUESTS_H

enum {
  CHUNK = 8192,  /* what `mixes` gets at once  */
  PUT = 1000,    /* what the two `_all` move   */
  PIECE = 65536, /* what `floods` puts         */
};

extern const unsigned char exits[], mixes[], loops[], reads[], puts_all[],
    gets_all[], touches[], floods[], gathers[], calls_kernel[];
/* Fail at the second label, two calls deep, after a trap. */
extern const unsigned char reads_null[], reads_null_at[], writes_text[],
    writes_text_at[], runs_data[], runs_data_at[], divides[], divides_at[],
    is_undefined[], is_undefined_at[], halts[], halts_at[], breaks[],
    breaks_at[], misaligned[], misaligned_at[], overflows[], overflows_at[];

#endif
