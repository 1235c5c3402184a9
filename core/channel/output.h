/*
** output.h - a file that gets its name when the run has succeeded.
**
** Until then what is written has no name at all, or where the file system
** knows no such files, a temporary one in the same directory: readers of the
** name see the old file or the new one, whole.
**
** The commit needs the directory, the two names, and the file's descriptor.
** Those are kept here, apart from the channel's: a channel may close what it
** owns long before.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CHANNEL_OUTPUT_H
#define ZVM_CHANNEL_OUTPUT_H

#include "channel.h"

/*
** Open `o->path`, of mode WRITE, for ch: sets its descriptor, and its output
** if there is going to be a commit. What is no regular file is opened itself.
*/
zvm_status zvm__output_open(zvm__channel *ch, const zvm_channel_options *o,
                            zvm_error *err);

/* What its descriptor is, so that no other file is named or closed for it. */
void zvm__output_note(zvm__output *out, const zvm__identity *identity);

/* Both will take the same name, whether or not there is such a file yet. */
bool zvm__output_is_same(const zvm__output *a, const zvm__output *b);

/*
** What has the name now: another channel may have made it after this one was
** opened. False, and nothing written, if that is no regular file.
*/
bool zvm__output_target(const zvm__output *out, dev_t *dev, ino_t *ino);

/* The written file takes its name; 0 or an errno, and nothing is left then. */
int zvm__output_commit(zvm__output *out);
/* It does not, and goes. NULL is fine. Either call frees. */
void zvm__output_discard(zvm__output *out);

#endif
