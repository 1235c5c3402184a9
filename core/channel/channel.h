/*
** channel.h - a named, limited stream of bytes that the host gives a guest.
**
** The generic layer (channel.c) knows rights, limits, positions and etags;
** a source (file.c, stream.c, memory.c) only moves bytes. Results are
** counts or negated errnos, as the guest sees them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CHANNEL_CHANNEL_H
#define ZVM_CHANNEL_CHANNEL_H

#include <sys/types.h>

#include "base/digest.h"
#include "base/error.h"

enum {
  ZVM__ALIAS_MAX = 255,
  ZVM__CHANNELS_MAX = 1024,
  ZVM__BUFFER_MAX = 1 << 30, /* whatever the limits say */
};

typedef struct zvm__channel zvm__channel;
typedef struct zvm__output zvm__output; /* output.h */

/*
** What a source can do. Each moves up to `size` bytes, all of them unless
** the source ends or fails: *moved says how many, and the result is 0 or an
** errno of the host. EINTR only when *ch->stop is set.
*/
typedef struct zvm__source {
  int (*get)(zvm__channel *ch, void *to, size_t size, int64_t offset,
             size_t *moved);
  int (*put)(zvm__channel *ch, const void *from, size_t size,
             int64_t offset, size_t *moved);
  int64_t (*size)(const zvm__channel *ch); /* -1: not known until the end */
  int (*close)(zvm__channel *ch);          /* may be NULL; once            */
  /* Where in its file the next sequential put begins; NULL: at put_pos. */
  int64_t (*place)(const zvm__channel *ch);
} zvm__source;

struct zvm__channel {
  const zvm__source *source;
  char *alias; /* owned */
  int type;    /* ZVM_TYPE_* */
  int64_t limits[ZVM_LIMIT_COUNT]; /* 0 where the source lacks the right */
  int64_t used[ZVM_LIMIT_COUNT];
  int64_t get_pos;
  int64_t put_pos;
  int64_t base_size; /* when the run began */
  int64_t file_size; /* no put ends beyond; ZVM_UNLIMITED */
  bool stops;        /* to run out of a limit ends the run */
  zvm_limited over;  /* what was asked for in excess first, or NONE */
  bool ended;        /* a stream has said so once */
  int os;            /* first host I/O error, or 0 */
  zvm__digest *digest;
  bool has_etag;
  uint8_t etag[ZVM__DIGEST_SIZE];
  const volatile int *stop; /* not zero: leave blocking calls */
  /* file and stream */
  int fd;
  bool owns_fd;
  bool empty_first; /* truncate when all channels are known to be good */
  bool is_file;     /* regular: dev and ino identify it */
  bool appends;     /* each write goes to the end of the file */
  bool named;       /* by path */
  dev_t dev;
  ino_t ino;
  /* memory */
  unsigned char *bytes; /* BUFFER: owned */
  size_t size;
  size_t room;
  bool mapped; /* BUFFER: not from the heap; room is whole pages */
  zvm_etag algorithm; /* of both etags */
  bool wants_final;   /* has an etag, and its content can be put at random */
  bool has_final_etag;
  uint8_t final_etag[ZVM__DIGEST_SIZE];
  zvm__output *output; /* is going to take its name; owned */
};

static inline bool zvm__channel_gets_random(const zvm__channel *ch) {
  return ch->type == ZVM_TYPE_RGET_SPUT || ch->type == ZVM_TYPE_RGET_RPUT;
}


static inline bool zvm__channel_puts_random(const zvm__channel *ch) {
  return ch->type == ZVM_TYPE_SGET_RPUT || ch->type == ZVM_TYPE_RGET_RPUT;
}


/*
** Move bytes between the channel and memory that the caller has checked.
** Sequential directions ignore `offset`.
*/
int64_t zvm__channel_get(zvm__channel *ch, void *to, int64_t size,
                         int64_t offset);
int64_t zvm__channel_put(zvm__channel *ch, const void *from, int64_t size,
                         int64_t offset);

/*
** Digest of the final content, if it is wanted: before zvm__channel_finish,
** and only while the run's end can still be put off. It moves no byte of the
** guest's and is not charged. False, and no digest, if *ch->stop was set.
*/
bool zvm__channel_final(zvm__channel *ch);

/* Etag, and the source is let go; a BUFFER's bytes stay. Idempotent. */
void zvm__channel_finish(zvm__channel *ch);
void zvm__channel_free(zvm__channel *ch); /* what it owns, not itself */

/* -- Sources ------------------------------------------------------------- */

extern const zvm__source zvm__source_null;
extern const zvm__source zvm__source_file;   /* by offset */
extern const zvm__source zvm__source_stream; /* by read and write */
extern const zvm__source zvm__source_memory;
extern const zvm__source zvm__source_buffer;

/*
** The memory of a BUFFER (buffer.c): room for `need` bytes, which its limits
** bound to ZVM__BUFFER_MAX. On failure all is as it was.
*/
bool zvm__buffer_grow(zvm__channel *ch, size_t need);
void zvm__buffer_free(zvm__channel *ch);

/* Take the signal of a failed write off the queue; gives back its errno. */
int zvm__put_error(int os);

/*
** blocking.S: system call `number`, unless *stop is set; -EINTR then. There
** is no instant between the test and the call in which a signal could be
** missed: the signal handler takes a pc in [begin, end) to `stopped`.
*/
long zvm__blocking_call(const volatile int *stop, long number, long a,
                        long b, long c);
extern const char zvm__blocking_begin[], zvm__blocking_end[];
extern const char zvm__blocking_stopped[];

/* -- All channels of a session (channels.c) -------------------------------- */

typedef struct zvm__channels {
  zvm__channel *list; /* in handle order */
  unsigned count;
} zvm__channels;

/*
** Check all options, open all sources, sort. Channels that do not say what
** their limits do, do `otherwise`. On failure nothing stays open and no file
** was emptied.
*/
zvm_status zvm__channels_open(zvm__channels *all,
                              const zvm_channel_options *opt, size_t count,
                              zvm_on_limit otherwise, zvm_error *err);
void zvm__channels_close(zvm__channels *all);

/*
** After the run: files that were written under no name or a temporary one
** get theirs, if it succeeded, or go. Errors are those of the channels.
*/
void zvm__channels_commit(zvm__channels *all, bool succeeded);

/* One channel, from checked options (open.c). */
zvm_status zvm__channel_open(zvm__channel *ch,
                             const zvm_channel_options *opt, zvm_error *err);

#endif
