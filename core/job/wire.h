/*
** wire.h - what travels between a host and its workers.
**
** Both are of one build, so structures travel as they are. What a host sends
** is trusted. What comes back is not: after a mistake of the validator the
** worker's memory is the guest's; worker/reply.c checks every number.
**
** Messages keep their borders (SOCK_SEQPACKET). A job is one message, with
** a head and, if it fits, the blob; up to ZVM__WIRE_FDS descriptors travel
** with it and with each of the one-byte messages that follow: the image of
** the module, the blob if it is a file, the channels' in their order (of a ring
** two), the trace's, that of the page for progress. A worker that `tells` says
** that it has them, before it maps anything of the guest. The answer is
** followed by the bytes that each BUFFER collected; then, of a fault, by the
** bytes of the stack that zvm__guest_stack names. The first ZVM__WIRE_ALONG of
** them are in the same message, what is left of each is in pieces of
** ZVM__WIRE_PIECE, the last one shorter.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_JOB_WIRE_H
#define ZVM_JOB_WIRE_H

#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "channel/ring.h"
#include "job/job.h"

enum {
  ZVM__WIRE_JOB = 0x6a6f6231,
  ZVM__WIRE_REPLY = 0x72657031,
  ZVM__WIRE_ENDED = 0x656e6431,
  ZVM__WIRE_HELLO = 0x68656c31,
  ZVM__WIRE_WORKER = 0x776f7231, /* a zvm__wire_word: its number        */
  ZVM__WIRE_NONE = 0x6e6f6e31,   /* a zvm__wire_word: no worker, errno   */
  ZVM__WIRE_MORE = 0x6d6f7231,   /* a zvm__wire_word: how many are busy  */
  ZVM__WIRE_TELL = 0x74656c31,   /* a zvm__wire_word: signal to a worker */
  ZVM__WIRE_EXPECT = 0x65787031, /* a zvm__wire_expect                   */
  ZVM__WIRE_TAKEN = 0x746b6e31,  /* a zvm__wire_word: the job is here    */
  ZVM__WIRE_FDS = 250,          /* the kernel takes 253 */
  ZVM__WIRE_BLOB = 48 * 1024,   /* a larger one is a file */
  ZVM__WIRE_PIECE = 64 * 1024,
  ZVM__WIRE_ALONG = 2048,
  ZVM__WIRE_TEXT = 240,
};

/* -- Host to worker ------------------------------------------------------ */

/* A module, but for its image, and where all of an instance will be. */
typedef struct zvm__wire_module {
  zvm_module_facts facts;
  uint32_t segments;
  zvm_segment segment[ZVM__SEGMENTS_MAX];
  zvm__map map;
} zvm__wire_module;

/*
** The blob: this, the channels, the manifest, the bytes of each MEMORY, and if
** there is a trace, the alias of each channel with a NUL.
*/
typedef struct zvm__wire_job {
  zvm__wire_module module;
  zvm__bounds bounds;
  uint64_t manifest_size;
  uint32_t channels;
  uint32_t aliases;  /* bytes of all aliases, if there is a trace */
  uint64_t trace_ns; /* its base; 0: none */
  bool trace_is_file;
  bool tells_progress; /* one more descriptor: the page for it */
  zvm__memory_etag memory_etag;
} zvm__wire_job;

typedef enum zvm__wire_source {
  ZVM__WIRE_NULL,
  ZVM__WIRE_FILE,
  ZVM__WIRE_STREAM,
  ZVM__WIRE_MEMORY,
  ZVM__WIRE_BUFFER,
  ZVM__WIRE_CALL,
  ZVM__WIRE_RING, /* two descriptors: the bell, and the file */
} zvm__wire_source;

typedef struct zvm__wire_channel {
  zvm__wire_source source;
  int type;
  int64_t limits[ZVM_LIMIT_COUNT];
  int64_t from;
  int64_t put_pos;
  int64_t base_size;
  int64_t file_size;
  uint64_t size;
  bool stops;
  bool appends;
  zvm_etag etag;
  bool wants_final;
  bool waits;
  zvm__ring_shape ring;
} zvm__wire_channel;

/* Starts the first message. */
typedef struct zvm__wire_head {
  uint32_t magic;
  uint32_t fds;    /* with this and the following messages */
  uint64_t blob;   /* bytes */
  uint64_t memory; /* address space for the guest and its channels, bytes */
  uint64_t shared; /* the same for rings */
  uint64_t most_ms;   /* of the processor, whichever limit says so; 0: none */
  uint64_t file_size; /* RLIMIT_FSIZE: the host's, or what the channels need */
  bool apart;      /* the second descriptor is the blob */
  bool tells;      /* when it has taken the job         */
} zvm__wire_head;

/* -- Worker to host ------------------------------------------------------ */

typedef struct zvm__wire_moved {
  int64_t used[ZVM_LIMIT_COUNT];
  uint64_t size; /* collected */
  int32_t os;
  uint8_t has_etag; /* no bool: it may be any byte */
  uint8_t etag[ZVM__DIGEST_SIZE];
  uint8_t has_final_etag;
  uint8_t final_etag[ZVM__DIGEST_SIZE];
} zvm__wire_moved;

/* One zvm__wire_moved for each channel follows if the status is ZVM_OK. */
typedef struct zvm__wire_reply {
  uint32_t magic;
  zvm_status status;
  int32_t os;
  char text[ZVM__WIRE_TEXT];
  zvm__outcome outcome;
} zvm__wire_reply;

/* Of a worker that did not end well, by the process that reaped it. */
typedef struct zvm__wire_ended {
  uint32_t magic;
  int32_t status; /* as wait gives it */
} zvm__wire_ended;

/* -- Host and zygote ----------------------------------------------------- */

typedef struct zvm__wire_word {
  uint32_t magic;
  int32_t number; /* errno, signal or count */
  uint64_t worker;
} zvm__wire_word;

/*
** What the next jobs will run, most likely, with the image's descriptor:
** workers map it while they wait.
*/
typedef struct zvm__wire_expect {
  uint32_t magic;
  zvm__wire_module module;
} zvm__wire_expect;

static inline zvm__wire_module zvm__wire_module_of(const zvm_module *m,
                                                   const zvm__map *map) {
  zvm__wire_module w;
  memset(&w, 0, sizeof w); /* the padding travels */
  w.facts = m->facts;
  w.segments = m->seg_count;
  memcpy(w.segment, m->seg, m->seg_count * sizeof m->seg[0]);
  w.map = *map;
  return w;
}


/* The first message of the zygote: does it work here? */
typedef struct zvm__wire_hello {
  uint32_t magic;
  zvm_status status;
  char text[ZVM__WIRE_TEXT];
} zvm__wire_hello;

/* A message with descriptors, all that sendmsg needs of it but the bytes. */
typedef struct zvm__wire_parcel {
  struct msghdr message;
  struct iovec io;
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(ZVM__WIRE_FDS * sizeof(int))];
  } control;
} zvm__wire_parcel;

void zvm__wire_pack(zvm__wire_parcel *p, const void *bytes, size_t size,
                    const int *fds, size_t count);

/*
** Send one message with 1 to ZVM__WIRE_FDS descriptors. `flags`: 0, or
** MSG_DONTWAIT. As sendmsg, but that it goes on after EINTR.
*/
ssize_t zvm__wire_send(int socket, const void *bytes, size_t size,
                       const int *fds, size_t count, int flags);

#endif
