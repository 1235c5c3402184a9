/*
** pipe.h - the host's part of a pipe: both ends before they are given away.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CHANNEL_PIPE_H
#define ZVM_CHANNEL_PIPE_H

#include "ring.h"

/*
** Borrow the end, which is its bell: -1 and *err. Then give it back, or keep
** it: the bell is the channel's to close. Either way the pipe stays until it
** is given back, or left.
*/
int zvm__pipe_take(zvm_pipe *p, const char *alias, zvm_mode mode,
                   zvm_error *err);
void zvm__pipe_return(zvm_pipe *p, bool writes);
void zvm__pipe_keep(zvm_pipe *p, bool writes);
void zvm__pipe_leave(zvm_pipe *p);

/* What it is, as the program around may close it. */
const zvm__identity *zvm__pipe_identity(const zvm_pipe *p, bool writes);

/* What a side maps, and the file of it, which is the pipe's, if it still is. */
zvm__ring_shape zvm__pipe_shape(const zvm_pipe *p, bool writes);
int zvm__pipe_file(const zvm_pipe *p);
bool zvm__pipe_has_file(const zvm_pipe *p);

/* The host's own side of it, if it has one: closed with the pipe. */
zvm__ring **zvm__pipe_own(zvm_pipe *p, bool writes);

/* The run that had that end is over, whatever it said; where that is noted. */
void zvm__pipe_over(zvm_pipe *p, bool writes);
const _Atomic bool *zvm__pipe_note(const zvm_pipe *p, bool writes);

/* Does that side sleep, and has nobody woken it up? A worker may lie. */
bool zvm__pipe_waits(const zvm_pipe *p, bool writes);

#endif
