/*
** channel.h - a named, limited stream of bytes that the host gives a guest.
**
** The generic layer (channel.c) knows rights, limits, positions and etags;
** a source (file.c, ring.c, memory.c) only moves bytes. Results are
** counts or negated errnos, as the guest sees them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CHANNEL_CHANNEL_H
#define ZVM_CHANNEL_CHANNEL_H

#include <signal.h>
#include <sys/types.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"

enum {
  ZVM__ALIAS_MAX = 255,
  ZVM__CHANNELS_MAX = 1024,
  ZVM__BUFFER_MAX = 1 << 30, /* whatever the limits say */
};

typedef struct zvm__channel zvm__channel;
typedef struct zvm__output zvm__output; /* output.h */

/* How long to wait for another side (stops.c). */
typedef struct zvm__await {
  uint64_t until_ns; /* of CLOCK_MONOTONIC              */
  sigset_t stops;    /* signals that are held meanwhile */
  sigset_t before;   /* the thread's mask               */
} zvm__await;

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
  zvm__identity identity; /* host: of fd, if it is ours, from open on */
  bool owns_fd;
  bool empty_first; /* truncate when all channels are known to be good */
  bool is_file;     /* regular: dev and ino identify it */
  bool appends;     /* each write goes to the end of the file */
  bool named;       /* by path */
  int64_t from;     /* where in the file the channel begins: a slice's */
  dev_t dev;
  ino_t ino;
  /* memory */
  unsigned char *bytes; /* BUFFER: owned */
  size_t size;
  size_t room;
  size_t reserved; /* BUFFER: 0, or it is a mapping, of which `room` is open */
  zvm_etag algorithm; /* of both etags */
  bool wants_final;   /* has an etag, and its content can be put at random */
  bool has_final_etag;
  uint8_t final_etag[ZVM__DIGEST_SIZE];
  zvm__output *output; /* is going to take its name; owned */
  /* streams */
  bool listens;   /* fd is to be accepted from                             */
  bool joint;     /* others wait to see it closed: only who runs the guest may
                     have it, unless it is borrowed                        */
  bool connects;  /* what it is joined to is waited for when all are open  */
  bool waits;     /* a FIFO: without a writer yet is not the end           */
  bool shuts;     /* a socket that is only written: the peer sees its end  */
  char *place;    /* owned: of a socket or a FIFO that is still to be joined,
                     or of a unix socket that listens, to be removed       */
  pid_t maker;    /* of that                                               */
  zvm_pipe *pipe; /* host: whose end fd is or was                          */
  bool writes;    /* which end: it is to write                             */
  bool keeps;     /* the end is the session's, for good                    */
  struct zvm__ring *ring; /* of who runs the guest (ring.h)                */
  /* calls */
  zvm_get_fn call_get;
  zvm_put_fn call_put;
  void *ctx;
  int peer;       /* host: the other end of fd, -1 if there is none        */
  zvm__identity peer_identity;
  bool cancelled; /* a call ended the run                                  */
  int64_t served[2]; /* host: bytes that a worker got and put              */
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
extern const zvm__source zvm__source_ring; /* through memory: ring.h     */
extern const zvm__source zvm__source_call; /* by functions               */
extern const zvm__source zvm__source_ask;  /* by who has the other end   */

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

/* -- All channels of a session (channels.c) ------------------------------ */

typedef struct zvm__channels {
  zvm__channel *list; /* in handle order */
  unsigned count;
  unsigned apart; /* that are joint or listen */
} zvm__channels;


/*
** Check all options, open all sources, sort. Channels that do not say what
** their limits do, do `otherwise`. On failure nothing stays open and no file
** was emptied. Other sides are waited for up to `timeout_ms`, if that is not
** 0. Calls of a run in a worker have a socket.
*/
zvm_status zvm__channels_open(zvm__channels *all,
                              const zvm_session_options *opt,
                              zvm_error *err);
void zvm__channels_close(zvm__channels *all);
/*
** Before they are used: has the host closed what they have, meanwhile? Then
** ZVM_E_CHANNEL, and nothing of it is touched any more.
*/
zvm_status zvm__channels_check(const zvm__channels *all, zvm_error *err);
/* Ends of pipes are the session's from here on. */
void zvm__channels_keep(zvm__channels *all);
/* A worker has the job: close what only it may have. */
void zvm__channels_pass(zvm__channels *all);
/* The run is over: tell who reads a socket that it was written to its end. */
void zvm__channel_shut(zvm__channel *ch);

/*
** After the run: files that were written under no name or a temporary one
** get theirs, if it succeeded, or go. Errors are those of the channels.
*/
void zvm__channels_commit(zvm__channels *all, bool succeeded);

/* One channel, from checked options (open.c). */
zvm_status zvm__channel_open(zvm__channel *ch,
                             const zvm_channel_options *opt, zvm_error *err);
/* Wait, as long as that, for what it `connects` to. */
zvm_status zvm__channel_join(zvm__channel *ch, const zvm__await *p,
                             zvm_error *err);

/* -- To wait (stops.c) ----------------------------------------------------- */

/* Between begin and end signals that stop runs are held, and looked for. */
void zvm__await_begin(zvm__await *p, uint64_t until_ns);
void zvm__await_end(const zvm__await *p);
/* Has one come? */
bool zvm__await_broken(const zvm__await *p);
/* Sleep so long: 0. Or do not: EINTR, or ETIMEDOUT when time is over then. */
int zvm__await_pause(const zvm__await *p, uint64_t ns);

/* -- Sockets (socket.c) -------------------------------------------------- */

/* A socket that listens, or one that is connected: -1 and *err. */
int zvm__socket_listen(const char *alias, const char *uri, zvm_error *err);
int zvm__socket_connect(const char *alias, const char *uri,
                        const zvm__await *p, zvm_error *err);
/*
** The connection that waits becomes the channel's descriptor, and the socket
** that listened is closed. An errno, or 0; EAGAIN: none waits.
*/
int zvm__socket_accept(zvm__channel *ch);
/* Close the socket that listens, if it is the channel's; remove its name. */
void zvm__socket_deaf(zvm__channel *ch);
/* What every connected socket of a channel's gets. */
void zvm__socket_tune(int fd);

/* -- Calls (call.c) ------------------------------------------------------ */

enum {
  ZVM__CALL_PIECE = 64 * 1024,
  ZVM__CALL_GET = 0x67657431,
  ZVM__CALL_PUT = 0x70757431,
  ZVM__CALL_TOLD = 0x746f6c31,
  ZVM__CALL_HEAD = 16, /* bytes of a message before those that move */
};

/* Between a worker and who waits for it: a request, or its answer. */
typedef struct zvm__call_message {
  uint32_t what;
  int32_t os;    /* of an answer: ECANCELED ends the run    */
  uint64_t size; /* asked for or put; of an answer, given   */
  uint8_t bytes[ZVM__CALL_PIECE];
} zvm__call_message;

_Static_assert(offsetof(zvm__call_message, bytes) == ZVM__CALL_HEAD, "head");

typedef enum zvm__served {
  ZVM__SERVED,    /* one request, or there was none   */
  ZVM__SERVE_END, /* nobody has the other end         */
  ZVM__CANCELLED, /* the call wants the run to end    */
  ZVM__NONSENSE,  /* no worker that is right says so  */
} zvm__served;

/* Room for requests, ahead of them. False: no memory. */
bool zvm__call_prepare(zvm__channel *ch);
/* Answer one request that came from a worker. */
zvm__served zvm__call_serve(zvm__channel *ch);

#endif
