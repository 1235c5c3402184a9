/*
** receive.c - take a job off the socket. The host is trusted; what is
** checked here is that both are of one build.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/far.h"
#include "cell.h"
#include "channel/progress.h"

static struct {
  zvm_module module;
  zvm__channels channels;
  zvm__trace trace;
} room;

ZVM__FAR static union {
  zvm__wire_head head;
  uint8_t bytes[sizeof(zvm__wire_head) + ZVM__WIRE_BLOB];
} message;

typedef struct cursor {
  const uint8_t *at;
  uint64_t left;
} cursor;


/* One message; its descriptors have the lowest free numbers. */
static ssize_t take(void *to, size_t size, uint32_t *fds) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(ZVM__WIRE_FDS * sizeof(int))];
  } control;
  struct iovec io = {to, size};
  struct msghdr m = {.msg_iov = &io,
                     .msg_iovlen = 1,
                     .msg_control = control.bytes,
                     .msg_controllen = sizeof control.bytes};
  ssize_t n = recvmsg(ZVM__CELL_SOCKET, &m, 0);
  if (n <= 0 || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return -1;
  const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  if (c != NULL && c->cmsg_type == SCM_RIGHTS)
    *fds += (uint32_t)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
  return n;
}


static const void *next(cursor *c, uint64_t size) {
  if (size > c->left)
    return NULL;
  const void *p = c->at;
  c->at += size;
  c->left -= size;
  return p;
}


/* -- The blob ------------------------------------------------------------ */

/* Numbers in order: 0, 1, then all but the socket's. */
static int nth_fd(uint32_t n) {
  return (int)n < ZVM__CELL_SOCKET ? (int)n : (int)n + 1;
}


static const zvm__source *source_of(zvm__wire_source s) {
  switch (s) {
  case ZVM__WIRE_NULL:
    return &zvm__source_null;
  case ZVM__WIRE_FILE:
    return &zvm__source_file;
  case ZVM__WIRE_STREAM:
    return &zvm__source_stream;
  case ZVM__WIRE_MEMORY:
    return &zvm__source_memory;
  case ZVM__WIRE_BUFFER:
    return &zvm__source_buffer;
  case ZVM__WIRE_CALL:
    return &zvm__source_ask;
  case ZVM__WIRE_RING:
    return &zvm__source_ring;
  }
  return NULL;
}


/* Its memory is all that a guest could get at: the file is closed. */
static bool map_ring(zvm__channel *ch, const zvm__ring_shape *shape,
                     int file) {
  int os = zvm__ring_open(&ch->ring, file, shape, ch->fd);
  return close(file) == 0 && os == 0;
}


static bool read_channel(const zvm__wire_channel *w, zvm__channel *ch,
                         uint32_t *fd, cursor *bytes) {
  *ch = (zvm__channel){
      .source = source_of(w->source),
      .type = w->type,
      .from = w->from,
      .put_pos = w->put_pos,
      .base_size = w->base_size,
      .file_size = w->file_size,
      .stops = w->stops,
      .appends = w->appends,
      .algorithm = w->etag,
      .wants_final = w->wants_final,
      .size = w->size,
      .waits = w->waits,
      .fd = -1,
      .peer = -1,
  };
  memcpy(ch->limits, w->limits, sizeof ch->limits);
  if (w->source == ZVM__WIRE_FILE || w->source == ZVM__WIRE_STREAM ||
      w->source == ZVM__WIRE_CALL || w->source == ZVM__WIRE_RING) {
    ch->fd = nth_fd((*fd)++);
    ch->owns_fd = true;
  }
  if (w->source == ZVM__WIRE_RING && !map_ring(ch, &w->ring, nth_fd((*fd)++)))
    return false;
  if (w->source == ZVM__WIRE_MEMORY) {
    ch->bytes = (uint8_t *)(uintptr_t)next(bytes, w->size);
    if (ch->bytes == NULL)
      return false;
  }
  return w->etag == ZVM_ETAG_NONE ||
         (ch->digest = zvm__digest_init(w->etag)) != NULL;
}


bool zvm__receive_module(zvm_module *m, const zvm__wire_module *w,
                         int image) {
  if (w->segments > ZVM__SEGMENTS_MAX)
    return false;
  *m = (zvm_module){.refs = 1,
                    .image_fd = image,
                    .seg_count = w->segments,
                    .facts = w->facts};
  memcpy(m->seg, w->segment, w->segments * sizeof m->seg[0]);
  return true;
}


/* The host's aliases stay in the blob: they are not the channels' to free. */
static bool read_trace(const zvm__wire_job *w, zvm__job *job, int fd,
                       cursor *c) {
  const char *aliases = next(c, w->aliases);
  if (aliases == NULL || w->aliases == 0 || aliases[w->aliases - 1] != '\0')
    return false;
  const char *end = aliases + w->aliases;
  for (uint32_t i = 0; i < w->channels; i++) {
    if (aliases == end)
      return false;
    room.channels.list[i].alias = (char *)(uintptr_t)aliases;
    aliases += strlen(aliases) + 1;
  }
  room.trace = (zvm__trace){
      .fd = fd, .is_file = w->trace_is_file, .base_ns = w->trace_ns};
  job->trace = &room.trace;
  return true;
}


/* They know of each other, and where to say what they wait for. */
static void join_rings(const zvm__job *job) {
  zvm__ring *first = NULL;
  for (unsigned i = 0; i < job->channels->count; i++) {
    zvm__ring *r = job->channels->list[i].ring;
    if (r == NULL)
      continue;
    if (job->progress != NULL) {
      r->says = &job->progress->wait;
      r->as = zvm__wait_end_of(i, r->shape.writes);
    }
    if (first != NULL)
      zvm__ring_join(first, r);
    first = r;
  }
}


static bool map_progress(zvm__job *job, int file) {
  size_t size = zvm__progress_size(job->channels->count);
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (p == MAP_FAILED || close(file) != 0)
    return false;
  if ((uintptr_t)p < ZVM__RESERVED_END) /* a guest would reach it */
    return false;
  job->progress = p;
  return true;
}


static bool read_blob(cursor c, uint32_t fd, zvm__job *job) {
  const zvm__wire_job *w = next(&c, sizeof *w);
  if (w == NULL || !zvm__receive_module(&room.module, &w->module, nth_fd(0)))
    return false;
  const zvm__wire_channel *list = next(&c, w->channels * sizeof *list);
  const uint8_t *manifest = next(&c, w->manifest_size);
  room.channels.list = calloc(w->channels, sizeof *room.channels.list);
  if (list == NULL || manifest == NULL || room.channels.list == NULL)
    return false;
  room.channels.count = w->channels;
  for (uint32_t i = 0; i < w->channels; i++)
    if (!read_channel(&list[i], &room.channels.list[i], &fd, &c))
      return false;
  *job = (zvm__job){.module = &room.module,
                    .map = &w->module.map,
                    .manifest = manifest,
                    .manifest_size = w->manifest_size,
                    .channels = &room.channels,
                    .bounds = w->bounds,
                    .once = true,
                    .progress_fd = -1,
                    .memory_etag = w->memory_etag};
  if (w->trace_ns != 0 && !read_trace(w, job, nth_fd(fd++), &c))
    return false;
  if (w->tells_progress && !map_progress(job, nth_fd(fd)))
    return false;
  join_rings(job);
  return true;
}


void zvm__receive_touch(void) {
  volatile uint8_t *p = message.bytes;
  room.module.refs = 0;
  p[0] = 0;
}


/*
** One that is killed while it waits must not take a job with it: a message
** is only taken when this process is seen to go on.
*/
bool zvm__receive_wait(int patience) {
  struct pollfd p = {.fd = ZVM__CELL_SOCKET, .events = POLLIN};
  int n;
  while ((n = poll(&p, 1, patience)) < 0)
    ;
  return n > 0;
}


bool zvm__receive(zvm__job *job, zvm__wire_head *head) {
  uint32_t fds = 0;
  ssize_t n = take(message.bytes, sizeof message.bytes, &fds);
  if (n < (ssize_t)sizeof *head || message.head.magic != ZVM__WIRE_JOB)
    return false;
  *head = message.head;
  while (fds < head->fds) {
    char byte = 0;
    if (take(&byte, 1, &fds) != 1)
      return false;
  }
  cursor blob = {message.bytes + sizeof *head,
                 (uint64_t)n - sizeof *head};
  if (head->apart) {
    void *p = mmap(NULL, head->blob, PROT_READ, MAP_PRIVATE, nth_fd(1), 0);
    if (p == MAP_FAILED)
      return false;
    blob = (cursor){p, head->blob};
  }
  return blob.left == head->blob &&
         read_blob(blob, head->apart ? 2 : 1, job);
}
