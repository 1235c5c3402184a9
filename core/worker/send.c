/*
** send.c - a job into messages.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "channel/pipe.h"
#include "channel/progress.h"
#include "send.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bare.h"
#include "base/num.h"

typedef struct parcel {
  zvm__wire_head head; /* the blob follows, unless it is apart */
  uint8_t blob[ZVM__WIRE_BLOB];
} parcel;

/* Where the blob is written: to memory, or to a file from `at` on. */
typedef struct sink {
  uint8_t *bytes;
  int fd;
  uint64_t at;
} sink;


/* -- The blob ------------------------------------------------------------ */

static bool put(sink *s, const void *bytes, uint64_t size) {
  if (size == 0)
    return true;
  if (s->fd < 0) {
    memcpy(s->bytes + s->at, bytes, size);
    s->at += size;
    return true;
  }
  while (size > 0) {
    ssize_t n = pwrite(s->fd, bytes, size, (off_t)s->at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    bytes = (const char *)bytes + n;
    size -= (uint64_t)n;
    s->at += (uint64_t)n;
  }
  return true;
}


static zvm__wire_source source_of(const zvm__channel *ch) {
  if (ch->source == &zvm__source_file)
    return ZVM__WIRE_FILE;
  if (ch->source == &zvm__source_stream)
    return ZVM__WIRE_STREAM;
  if (ch->source == &zvm__source_memory)
    return ZVM__WIRE_MEMORY;
  if (ch->source == &zvm__source_buffer)
    return ZVM__WIRE_BUFFER;
  if (ch->source == &zvm__source_call)
    return ZVM__WIRE_CALL;
  if (ch->source == &zvm__source_ring)
    return ZVM__WIRE_RING;
  return ZVM__WIRE_NULL;
}


static bool put_channel(sink *s, const zvm__channel *ch) {
  zvm__wire_channel w;
  memset(&w, 0, sizeof w); /* the padding travels */
  w.source = source_of(ch);
  w.type = ch->type;
  memcpy(w.limits, ch->limits, sizeof w.limits);
  w.from = ch->from;
  w.put_pos = ch->put_pos;
  w.base_size = ch->base_size;
  w.file_size = ch->file_size;
  w.stops = ch->stops;
  w.appends = ch->appends;
  w.size = ch->size;
  w.etag = ch->digest != NULL ? ch->algorithm : ZVM_ETAG_NONE;
  w.wants_final = ch->wants_final;
  w.waits = ch->waits;
  if (w.source == ZVM__WIRE_RING)
    w.ring = zvm__pipe_shape(ch->pipe, ch->writes);
  return put(s, &w, sizeof w);
}


/* A trace needs them; a guest has its own in its manifest. */
static uint32_t size_of_aliases(const zvm__job *job) {
  size_t size = 0;
  for (unsigned i = 0; i < job->channels->count; i++)
    size += strlen(job->channels->list[i].alias) + 1;
  return (uint32_t)size;
}


static bool put_blob(sink *s, const zvm__job *job) {
  zvm__wire_job w;
  memset(&w, 0, sizeof w);
  w.module = zvm__wire_module_of(job->module, job->map);
  w.bounds = job->bounds;
  w.manifest_size = job->manifest_size;
  w.channels = job->channels->count;
  if (job->trace != NULL) {
    w.aliases = size_of_aliases(job);
    w.trace_ns = job->trace->base_ns;
    w.trace_is_file = job->trace->is_file;
  }
  w.tells_progress = job->progress_fd >= 0;
  w.memory_etag = job->memory_etag;
  bool ok = put(s, &w, sizeof w);
  for (unsigned i = 0; i < w.channels && ok; i++)
    ok = put_channel(s, &job->channels->list[i]);
  ok = ok && put(s, job->manifest, job->manifest_size);
  for (unsigned i = 0; i < w.channels && ok; i++) {
    const zvm__channel *ch = &job->channels->list[i];
    if (ch->source == &zvm__source_memory)
      ok = put(s, ch->bytes, ch->size);
  }
  for (unsigned i = 0; i < w.channels && ok && job->trace != NULL; i++) {
    const char *alias = job->channels->list[i].alias;
    ok = put(s, alias, strlen(alias) + 1);
  }
  return ok;
}


/* -- The head ------------------------------------------------------------ */

static bool is_ring(const zvm__channel *ch) {
  return ch->source == &zvm__source_ring;
}


static bool has_fd(const zvm__channel *ch) {
  return ch->source == &zvm__source_file ||
         ch->source == &zvm__source_stream ||
         ch->source == &zvm__source_call || is_ring(ch);
}


/* Beside the limit that this widens another one holds: cell/lock.c. */
static uint64_t size_of_ring(const zvm__channel *ch) {
  zvm__ring_shape shape = zvm__pipe_shape(ch->pipe, ch->writes);
  return zvm__ring_extent(&shape);
}


/*
** How long a put may make the channel's file. Where somebody else's writes
** move the place, its own limits do not tell.
*/
static uint64_t longest_file(const zvm__channel *ch) {
  int64_t most;
  if (!ch->is_file || ch->limits[ZVM_LIMIT_PUTS] == 0)
    return 0;
  if (ch->source != &zvm__source_file || ch->appends ||
      __builtin_add_overflow(ch->base_size, ch->limits[ZVM_LIMIT_PUT_SIZE],
                             &most))
    most = INT64_MAX;
  return (uint64_t)zvm__min(most, ch->file_size);
}


/* One thread uses no more of the processor than time passes. */
static uint64_t most_ms(const zvm__job *job) {
  uint64_t cpu = job->bounds.cpu_ms, wall = job->bounds.timeout_ms;
  return cpu == 0 || (wall != 0 && wall < cpu) ? wall : cpu;
}


static void fill_head(zvm__wire_head *head, const zvm__job *job) {
  struct rlimit files;
  memset(head, 0, sizeof *head);
  *head = (zvm__wire_head){
      .magic = ZVM__WIRE_JOB,
      .fds = 1,
      .tells = job->channels->apart > 0,
      .most_ms = most_ms(job),
      .blob = sizeof(zvm__wire_job) + job->manifest_size +
              job->channels->count * sizeof(zvm__wire_channel),
  };
  for (unsigned i = 0; i < job->map->count; i++)
    head->memory += job->map->region[i].end - job->map->region[i].start;
  for (unsigned i = 0; i < job->channels->count; i++) {
    const zvm__channel *ch = &job->channels->list[i];
    uint64_t longest = longest_file(ch);
    if (longest > head->file_size)
      head->file_size = longest;
    head->fds += has_fd(ch) + is_ring(ch);
    if (is_ring(ch))
      head->shared += size_of_ring(ch);
    if (ch->source == &zvm__source_memory)
      head->blob += ch->size;
    if (ch->source == &zvm__source_call)
      head->memory += 2 * ZVM__CALL_PIECE;
    /* It doubles, and is copied as it moves. */
    if (ch->source == &zvm__source_buffer)
      head->memory += 4 * (uint64_t)ch->limits[ZVM_LIMIT_PUT_SIZE];
  }
  if (job->progress_fd >= 0) {
    head->fds++;
    head->shared += zvm__progress_size(job->channels->count);
  }
  if (job->trace != NULL) {
    head->fds++;
    head->blob += size_of_aliases(job);
    if (job->trace->is_file) /* how long it gets is the guest's choice */
      head->file_size = INT64_MAX;
  }
  if (getrlimit(RLIMIT_FSIZE, &files) == 0 &&
      files.rlim_cur < head->file_size)
    head->file_size = files.rlim_cur;
  head->apart = head->blob > ZVM__WIRE_BLOB;
  head->fds += head->apart;
  if (head->apart)
    head->memory += head->blob;
}


/*
** A descriptor of the blob; -1 and errno. It is sealed, or else a worker that
** a guest has taken over could keep there what no limit counts.
*/
static int make_file(const zvm__job *job, uint64_t size) {
  enum {
    ALL = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL,
  };
  if (!zvm__fd_may_reach(size))
    return -1;
  sink s = {.fd = memfd_create("zvm-job", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (s.fd >= 0 &&
      (!put_blob(&s, job) || fcntl(s.fd, F_ADD_SEALS, ALL) != 0)) {
    int os = errno;
    (void)close(s.fd);
    errno = os;
    return -1;
  }
  return s.fd;
}


/* -- Messages ------------------------------------------------------------ */

static bool send_all(int socket, const parcel *p, const int *fds) {
  size_t count = p->head.fds;
  size_t n = count < ZVM__WIRE_FDS ? count : ZVM__WIRE_FDS;
  size_t size = sizeof p->head + (p->head.apart ? 0 : p->head.blob);
  if (zvm__wire_send(socket, p, size, fds, n, 0) != (ssize_t)size)
    return false;
  for (size_t at = n; at < count; at += n) {
    n = count - at < ZVM__WIRE_FDS ? count - at : ZVM__WIRE_FDS;
    if (zvm__wire_send(socket, "", 1, fds + at, n, 0) != 1)
      return false;
  }
  return true;
}


zvm_status zvm__job_send(const zvm__job *job, const zvm__worker *w,
                         bool *again, zvm_error *err) {
  int fds[2 * ZVM__CHANNELS_MAX + 6] ZVM__BARE;
  size_t n = 0;
  parcel p ZVM__BARE; /* only what is written of it is sent */
  zvm_status st = zvm__module_check(job->module, err);
  if (st == ZVM_OK)
    st = zvm__channels_check(job->channels, err);
  if (st != ZVM_OK)
    return st;
  fill_head(&p.head, job);
  fds[n++] = job->module->image_fd;
  int file = -1;
  if (p.head.apart) {
    file = make_file(job, p.head.blob);
    if (file < 0)
      return zvm__fail_os(err, ZVM_E_SYSTEM, errno,
                          "cannot make a file of the job");
    fds[n++] = file;
  } else {
    sink s = {.bytes = p.blob, .fd = -1};
    (void)put_blob(&s, job);
    ZVM_CHECK(s.at == p.head.blob);
  }
  for (unsigned i = 0; i < job->channels->count; i++) {
    const zvm__channel *ch = &job->channels->list[i];
    if (has_fd(ch))
      fds[n++] = ch->fd;
    if (is_ring(ch))
      fds[n++] = zvm__pipe_file(ch->pipe);
  }
  if (job->trace != NULL)
    fds[n++] = job->trace->fd;
  if (job->progress_fd >= 0)
    fds[n++] = job->progress_fd;
  ZVM_CHECK(n == p.head.fds);
  bool ok = send_all(w->socket, &p, fds);
  int os = errno;
  if (file >= 0)
    (void)close(file);
  if (ok)
    return ZVM_OK;
  *again = os == EPIPE || os == ECONNRESET;
  return zvm__fail_os(err, ZVM_E_SYSTEM, os, "cannot send a worker its job");
}
