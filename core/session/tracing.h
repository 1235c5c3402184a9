/*
** tracing.h - the trace of a session, as the host writes it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_SESSION_TRACING_H
#define ZVM_SESSION_TRACING_H

#include "job/job.h"

/*
** Open `path`, or the descriptor that it names, for appending. It may not be
** the file of a channel of `opt`. Nothing is emptied yet.
*/
zvm_status zvm__tracing_open(zvm__trace *t, const zvm_session_options *opt,
                             zvm_error *err);
/* With all channels known to be good: empty the file, tell what there is. */
zvm_status zvm__tracing_begin(zvm__trace *t, const zvm_module *m,
                              const zvm__channels *channels,
                              const zvm_session_options *opt, zvm_error *err);
/* Before a run: has the host's program closed it? Then there is none. */
void zvm__tracing_check(zvm__trace *t);
/* The run is over, or could not begin: then there is no report. */
void zvm__tracing_report(zvm__trace *t, const zvm_report *report,
                         uint64_t since_ns);
void zvm__tracing_failed(zvm__trace *t, zvm_status st, const zvm_error *err,
                         uint64_t since_ns);
/* Idempotent. */
void zvm__tracing_close(zvm__trace *t);

#endif
