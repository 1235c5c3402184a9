/*
** trace.h - what happens in a run, a line for each step, in a file.
**
** A trace is written by the host and by whoever runs the guest, which may be
** a worker: both append by one write for each line, and both know when the
** session was opened. Nothing that goes wrong with it changes the run: the
** first error ends the trace, and is in the report. docs/trace.md is the
** format.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_TRAP_TRACE_H
#define ZVM_TRAP_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fd.h"
#include "run.h"

typedef struct zvm__trace {
  int fd;
  zvm__identity identity; /* host: of that                                */
  bool is_file;     /* regular: a write does not wait                     */
  bool blocked;     /* signals are: a write may not raise one             */
  int os;           /* the first error; no line after it                  */
  uint64_t base_ns; /* CLOCK_MONOTONIC, when the session was opened       */
  uint64_t until_ns; /* the last line may wait so long; 0: as it takes    */
  const volatile int *stop; /* not zero: the run has ended; or NULL       */
  const volatile zvm_state *state; /* by what; with `stop`                */
} zvm__trace;

#define ZVM__TRACE_MAX 1024 /* a line: below what a pipe takes whole */

/* What a line has instead of how long it took. */
#define ZVM__TRACE_NO_TIME UINT64_MAX

/*
** A line of what was at `at_ns` and took `took_ns`. What `format` makes of its
** arguments is printable: see zvm__trace_quote.
*/
__attribute__((format(printf, 4, 5))) void
zvm__trace_line(zvm__trace *t, uint64_t at_ns, uint64_t took_ns,
                const char *format, ...);

/* `text` in quotes, on one line, cut where `out` ends. */
#define ZVM__QUOTED_MAX 700
void zvm__trace_quote(char out[ZVM__QUOTED_MAX], const char *text);

/* From here on a line may wait for a reader no longer than a second. */
void zvm__trace_hurry(zvm__trace *t);
/* The same, as the run is over; if a limit ended it, 5 ms. */
void zvm__trace_over(zvm__trace *t, zvm_state state);

/* -- In the run ---------------------------------------------------------- */

/* Answers traps as zvm__trap_dispatch does, and tells of each. */
int64_t zvm__trace_dispatch(void *owner, uint32_t slot, uint64_t a,
                            uint64_t b, uint64_t c, uint64_t d);
/* A fault that the guest handles. */
void zvm__trace_fault(const zvm__run *run);
void zvm__trace_end(const zvm__run *run, uint64_t since_ns);
/* A channel was let go, which took from `since_ns` on. */
void zvm__trace_finish(zvm__trace *t, const zvm__channels *channels,
                       unsigned handle, uint64_t since_ns);

#endif
