/*
** tracing.c - the steps of a session around its run, for the trace.
**
** The channels of a run cannot reach the file: what a guest reads would depend
** on what it did before, and on how long that took.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tracing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "channel/uri.h"


/* -- The file ------------------------------------------------------------ */

/* The number in a name of a descriptor of this process, or -1. */
static int descriptor_of(const char *path) {
  static const char folder[] = "/dev/fd/";
  char *end;
  if (strcmp(path, "/dev/stdin") == 0)
    return STDIN_FILENO;
  if (strcmp(path, "/dev/stdout") == 0)
    return STDOUT_FILENO;
  if (strcmp(path, "/dev/stderr") == 0)
    return STDERR_FILENO;
  if (strncmp(path, folder, sizeof folder - 1) != 0)
    return -1;
  const char *digits = path + sizeof folder - 1;
  long n = strtol(digits, &end, 10);
  bool ok = digits[0] >= '0' && digits[0] <= '9' && *end == '\0' && n <= 65535;
  return ok ? (int)n : -1;
}


/* A descriptor is taken as it stands: to open it anew would empty its file. */
static int open_path(const char *path) {
  int fd = descriptor_of(path);
  if (fd < 0)
    return zvm__fd_above(open(path,
                              O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
                                  O_NOCTTY,
                              0666));
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) {
    errno = EBADF;
    return -1;
  }
  return flags < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}


/* What is wrong with one is for its channel to say. */
static bool stat_uri(const zvm_channel_options *o, struct stat *st) {
  zvm__uri u;
  if (o->alias == NULL || zvm__uri_parse(&u, o->alias, o->uri, NULL) != ZVM_OK)
    return false;
  return (u.scheme == ZVM__URI_FILE && stat(u.path, st) == 0) ||
         (u.scheme == ZVM__URI_FD && fstat(u.fd, st) == 0);
}


static bool stat_channel(const zvm_channel_options *o, struct stat *st) {
  switch (o->source) {
  case ZVM_SOURCE_FILE:
    return o->path != NULL && stat(o->path, st) == 0;
  case ZVM_SOURCE_FD:
    return fstat(o->fd, st) == 0;
  case ZVM_SOURCE_URI:
    return stat_uri(o, st);
  case ZVM_SOURCE_NULL:
  case ZVM_SOURCE_MEMORY:
  case ZVM_SOURCE_BUFFER:
  case ZVM_SOURCE_CALL:
  case ZVM_SOURCE_PIPE:
    break;
  }
  return false;
}


/* Both may be a terminal. */
static zvm_status check_channels(const struct stat *own,
                                 const zvm_session_options *opt,
                                 zvm_error *err) {
  for (size_t i = 0; i < opt->channels_count && opt->channels != NULL; i++) {
    const zvm_channel_options *o = &opt->channels[i];
    struct stat st;
    if (stat_channel(o, &st) && st.st_dev == own->st_dev &&
        st.st_ino == own->st_ino)
      return zvm__fail(err, ZVM_E_OPTION,
                       "trace: %.100s is the file of channel %.80s; give the "
                       "trace one of its own",
                       opt->trace, o->alias != NULL ? o->alias : "");
  }
  return ZVM_OK;
}


zvm_status zvm__tracing_open(zvm__trace *t, const zvm_session_options *opt,
                             zvm_error *err) {
  struct stat st;
  *t = (zvm__trace){.fd = -1, .base_ns = zvm__now_ns()};
  if (opt->trace == NULL)
    return ZVM_OK;
  t->fd = open_path(opt->trace);
  if (t->fd < 0 || fstat(t->fd, &st) != 0)
    return zvm__fail_os(err, ZVM_E_SYSTEM, errno, "trace: cannot write %.180s",
                        opt->trace);
  t->identity = (zvm__identity){st.st_dev, st.st_ino};
  t->is_file = S_ISREG(st.st_mode);
  return t->is_file ? check_channels(&st, opt, err) : ZVM_OK;
}


void zvm__tracing_close(zvm__trace *t) {
  (void)zvm__fd_let_go(&t->fd, &t->identity);
}


void zvm__tracing_check(zvm__trace *t) {
  if (t->fd < 0 || zvm__fd_may_be(t->fd, &t->identity))
    return;
  t->fd = -1;
  t->os = EBADF;
}


/* -- Before the run ------------------------------------------------------ */

static const char *source_name(const zvm__channel *ch) {
  if (ch->source == &zvm__source_null)
    return "null";
  if (ch->source == &zvm__source_file)
    return "file";
  if (ch->source == &zvm__source_stream)
    return "stream";
  if (ch->source == &zvm__source_memory)
    return "data";
  if (ch->source == &zvm__source_buffer)
    return "buffer";
  if (ch->source == &zvm__source_call || ch->source == &zvm__source_ask)
    return "call";
  if (ch->source == &zvm__source_ring)
    return "pipe";
  return "other";
}


static void print_limit(char out[24], int64_t limit) {
  if (limit == ZVM_UNLIMITED)
    (void)snprintf(out, 24, "unlimited");
  else
    (void)snprintf(out, 24, "%" PRId64, limit);
}


static void tell_channel(zvm__trace *t, unsigned handle,
                         const zvm__channel *ch) {
  char limits[ZVM_LIMIT_COUNT][24];
  for (int i = 0; i < ZVM_LIMIT_COUNT; i++)
    print_limit(limits[i], ch->limits[i]);
  zvm__trace_line(t, zvm__now_ns(), ZVM__TRACE_NO_TIME,
                  "channel handle=%u alias=%s type=%d source=%s gets=%s "
                  "get_bytes=%s puts=%s put_bytes=%s",
                  handle, ch->alias, ch->type, source_name(ch), limits[0],
                  limits[1], limits[2], limits[3]);
}


static void print_digest(char out[65], const uint8_t digest[32]) {
  for (int i = 0; i < 32; i++)
    (void)snprintf(out + 2 * i, 3, "%02x", (unsigned)digest[i]);
}


/* What was there in a file of a descriptor's stays: it is not ours. */
static bool is_ours(const zvm_session_options *opt) {
  return descriptor_of(opt->trace) < 0;
}


zvm_status zvm__tracing_begin(zvm__trace *t, const zvm_module *m,
                              const zvm__channels *channels,
                              const zvm_session_options *opt,
                              zvm_error *err) {
  char digest[65];
  if (t->fd < 0)
    return ZVM_OK;
  if (t->is_file && is_ours(opt) && ftruncate(t->fd, 0) != 0)
    return zvm__fail_os(err, ZVM_E_SYSTEM, errno, "trace: cannot empty %.180s",
                        opt->trace);
  print_digest(digest, m->facts.digest);
  uint64_t now = zvm__now_ns();
  zvm__trace_line(t, now, now - t->base_ns,
                  "session program=%s channels=%u isolation=%s", digest,
                  channels->count,
                  opt->isolation == ZVM_ISOLATION_INLINE ? "inline"
                                                         : "process");
  for (unsigned i = 0; i < channels->count; i++)
    tell_channel(t, i, &channels->list[i]);
  return ZVM_OK;
}


/* -- After the run ------------------------------------------------------- */

void zvm__tracing_report(zvm__trace *t, const zvm_report *report,
                         uint64_t since_ns) {
  uint64_t now = zvm__now_ns();
  char message[ZVM__QUOTED_MAX] = "";
  zvm__trace_over(t, report->state);
  if (report->message != NULL)
    zvm__trace_quote(message, report->message);
  zvm__trace_line(t, now, now - since_ns, "report state=%s%s%s",
                  zvm_state_name(report->state),
                  message[0] != '\0' ? " message=" : "", message);
}


void zvm__tracing_failed(zvm__trace *t, zvm_status st, const zvm_error *err,
                         uint64_t since_ns) {
  uint64_t now = zvm__now_ns();
  char message[ZVM__QUOTED_MAX];
  zvm__trace_hurry(t);
  zvm__trace_quote(message, err != NULL ? err->text : zvm_status_text(st));
  zvm__trace_line(t, now, now - since_ns, "failed code=%s message=%s",
                  zvm_status_name(st), message);
}
