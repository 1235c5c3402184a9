/*
** open.c - one channel, from the caller's options.
**
** ZVM_E_OPTION: the options contradict themselves or the contract.
** ZVM_E_CHANNEL: what they name on the host does not suit. Either message
** begins with the alias.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "channel.h"
#include "output.h"
#include "uri.h"

typedef struct rights {
  bool get;
  bool put;
} rights;

static const char *const limit_names[ZVM_LIMIT_COUNT] = {
    "gets", "get_size", "puts", "put_size"};


/* -- Options ------------------------------------------------------------- */

/* NULL if `alias` will do, else what is wrong with it. */
static const char *check_alias(const char *alias) {
  size_t len = strlen(alias);
  if (len > ZVM__ALIAS_MAX)
    return "alias is longer than 255 bytes";
  if (alias[0] != '/')
    return "alias is not an absolute path";
  for (const char *p = alias; *p != '\0'; p++)
    if (*p <= ' ' || *p > '~')
      return "alias has a byte that is not printable ASCII, or a space";
  for (const char *p = alias; *p == '/';) {
    size_t n = strcspn(p + 1, "/");
    if (n == 0)
      return "alias has an empty part";
    if ((n == 1 && p[1] == '.') || (n == 2 && p[1] == '.' && p[2] == '.'))
      return "alias has a part that is . or ..";
    p += 1 + n;
  }
  return NULL;
}


/* Sources that are streams whatever they lead to; `listen`. */
static zvm_status check_streams(const zvm_channel_options *o,
                                zvm_error *err) {
  if (o->listen && o->source != ZVM_SOURCE_URI && o->source != ZVM_SOURCE_FD)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: only a uri tcp: or unix:, or a "
                     "descriptor, can listen",
                     o->alias);
  if (o->source != ZVM_SOURCE_URI && o->source != ZVM_SOURCE_CALL &&
      o->source != ZVM_SOURCE_PIPE)
    return ZVM_OK;
  if (o->type != ZVM_TYPE_SGET_SPUT)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: a %s is a stream, so its type must be 0, "
                     "not %d",
                     o->alias,
                     o->source == ZVM_SOURCE_URI    ? "socket"
                     : o->source == ZVM_SOURCE_CALL ? "function"
                                                    : "pipe",
                     o->type);
  if (o->source == ZVM_SOURCE_URI && o->mode == ZVM_MODE_APPEND)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: a socket is read, written or both, not "
                     "appended to",
                     o->alias);
  if (o->source == ZVM_SOURCE_PIPE && o->mode != ZVM_MODE_READ &&
      o->mode != ZVM_MODE_WRITE)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: one end of a pipe is read or written",
                     o->alias);
  return ZVM_OK;
}


static zvm_status check_options(const zvm_channel_options *o,
                                zvm_error *err) {
  if (o->alias == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel without an alias");
  const char *wrong = check_alias(o->alias);
  if (wrong != NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: %s", o->alias, wrong);
  if (o->type < ZVM_TYPE_SGET_SPUT || o->type > ZVM_TYPE_RGET_RPUT)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: type %d is not 0 to 3",
                     o->alias, o->type);
  for (int i = 0; i < ZVM_LIMIT_COUNT; i++)
    if (o->limits[i] < 0)
      return zvm__fail(err, ZVM_E_OPTION,
                       "channel %.80s: limit %s is negative", o->alias,
                       limit_names[i]);
  if ((unsigned)o->on_limit > ZVM_ON_LIMIT_STOP)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: unknown on_limit %d",
                     o->alias, (int)o->on_limit);
  if (o->file_size < 0)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: limit file_size is negative", o->alias);
  if (o->file_size != 0 && o->source != ZVM_SOURCE_FILE &&
      o->source != ZVM_SOURCE_FD)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: limit file_size is for files; put_size "
                     "bounds what others take",
                     o->alias);
  if ((unsigned)o->mode > ZVM_MODE_READ_WRITE)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: unknown mode %d",
                     o->alias, (int)o->mode);
  zvm_status st = check_streams(o, err);
  if (st != ZVM_OK)
    return st;
  if (o->mode == ZVM_MODE_APPEND &&
      (o->source == ZVM_SOURCE_FILE || o->source == ZVM_SOURCE_FD) &&
      o->type >= ZVM_TYPE_SGET_RPUT)
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: mode append does not go with random "
                     "puts (type %d)",
                     o->alias, o->type);
  if (o->partial &&
      (o->source != ZVM_SOURCE_FILE || o->mode != ZVM_MODE_WRITE))
    return zvm__fail(err, ZVM_E_OPTION,
                     "channel %.80s: partial is for a path of mode write",
                     o->alias);
  if (!zvm__digest_is_known(o->etag))
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: unknown etag %d",
                     o->alias, (int)o->etag);
  return ZVM_OK;
}


static rights rights_of(const zvm_channel_options *o) {
  switch (o->source) {
  case ZVM_SOURCE_FILE:
  case ZVM_SOURCE_FD:
  case ZVM_SOURCE_URI:
  case ZVM_SOURCE_PIPE:
    return (rights){
        .get = o->mode == ZVM_MODE_READ || o->mode == ZVM_MODE_READ_WRITE,
        .put = o->mode != ZVM_MODE_READ};
  case ZVM_SOURCE_MEMORY:
    return (rights){.get = true};
  case ZVM_SOURCE_NULL:
  case ZVM_SOURCE_BUFFER:
    return (rights){.get = true, .put = true};
  case ZVM_SOURCE_CALL:
    return (rights){.get = o->get != NULL, .put = o->put != NULL};
  }
  return (rights){0};
}


static zvm_status check_socket(zvm__channel *ch, const zvm_channel_options *o,
                               zvm_error *err);


/* -- Descriptors --------------------------------------------------------- */

/* What has another side that is not there yet: a stream. */
static zvm_status put_off(zvm__channel *ch, const zvm_channel_options *o,
                          const char *scheme, const char *place,
                          zvm_error *err) {
  if (o->file_size != 0 || o->type != ZVM_TYPE_SGET_SPUT)
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: not a regular file, so its type must be "
                     "0, and limit file_size cannot hold",
                     o->alias);
  if (asprintf(&ch->place, "%s%s", scheme, place) < 0) {
    ch->place = NULL;
    return zvm__fail(err, ZVM_E_NOMEM, "channel %.80s: not enough memory",
                     o->alias);
  }
  ch->connects = true;
  ch->owns_fd = true;
  ch->joint = true;
  ch->source = &zvm__source_stream;
  return ZVM_OK;
}


static zvm_status open_path(zvm__channel *ch, const zvm_channel_options *o,
                            zvm_error *err) {
  static const int flags[] = {
      [ZVM_MODE_READ] = O_RDONLY,
      [ZVM_MODE_WRITE] = O_WRONLY, /* a FIFO */
      [ZVM_MODE_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
      [ZVM_MODE_READ_WRITE] = O_RDWR | O_CREAT,
  };
  if (o->path == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: no path", o->alias);
  ch->named = true;
  struct stat st;
  bool fifo = stat(o->path, &st) == 0 && S_ISFIFO(st.st_mode) &&
              o->mode != ZVM_MODE_READ_WRITE;
  if (o->mode == ZVM_MODE_WRITE && !fifo)
    return zvm__output_open(ch, o, err);
  /* Who reads waits with its first read, who writes when all are open. */
  ch->waits = fifo && o->mode == ZVM_MODE_READ;
  ch->fd = open(o->path,
                flags[o->mode] | O_CLOEXEC | O_NOCTTY |
                    (fifo ? O_NONBLOCK : 0),
                0666);
  if (ch->fd < 0 && fifo && errno == ENXIO)
    return put_off(ch, o, "file:", o->path, err);
  if (ch->fd < 0)
    return zvm__fail_os(err, ZVM_E_CHANNEL, errno,
                        "channel %.80s: cannot open %.100s", o->alias,
                        o->path);
  ch->owns_fd = true;
  return ZVM_OK;
}


static zvm_status check_fd(zvm__channel *ch, const zvm_channel_options *o,
                           zvm_error *err) {
  int flags = fcntl(ch->fd, F_GETFL);
  if (flags < 0)
    return zvm__fail_os(err, ZVM_E_CHANNEL, errno,
                        "channel %.80s: descriptor %d", o->alias, ch->fd);
  ch->appends = (flags & O_APPEND) != 0;
  rights r = rights_of(o);
  int access = flags & O_ACCMODE;
  if ((flags & O_PATH) != 0 || (r.get && access == O_WRONLY) ||
      (r.put && access == O_RDONLY))
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: descriptor %d is not open for %s",
                     o->alias, ch->fd,
                     r.put && access == O_RDONLY ? "writing" : "reading");
  if (ch->appends && r.put && zvm__channel_puts_random(ch))
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: the descriptor only appends; random "
                     "puts (type %d) need one that does not",
                     o->alias, o->type);
  return ZVM_OK;
}


/* Which way bytes move, and where from: fixed now, for the whole run. */
static zvm_status choose_source(zvm__channel *ch,
                                const zvm_channel_options *o,
                                zvm_error *err) {
  struct stat st;
  if (fstat(ch->fd, &st) != 0)
    return zvm__fail_os(err, ZVM_E_CHANNEL, errno,
                        "channel %.80s: descriptor %d", o->alias, ch->fd);
  if (S_ISDIR(st.st_mode))
    return zvm__fail(err, ZVM_E_CHANNEL, "channel %.80s: is a directory",
                     o->alias);
  ch->is_file = S_ISREG(st.st_mode);
  ch->dev = st.st_dev;
  ch->ino = st.st_ino;
  ch->joint = ch->owns_fd && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
  if (!ch->is_file && ch->type != ZVM_TYPE_SGET_SPUT)
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: not a regular file, so its type must "
                     "be 0 (sequential), not %d",
                     o->alias, ch->type);
  if (!ch->is_file && o->file_size != 0)
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: not a regular file, so its limit "
                     "file_size cannot hold; put_size can",
                     o->alias);
  if (S_ISSOCK(st.st_mode)) {
    zvm_status checked = check_socket(ch, o, err);
    if (checked != ZVM_OK)
      return checked;
  }
  /* Later, when nothing can fail any more. */
  ch->empty_first = ch->is_file && ch->named && o->mode == ZVM_MODE_WRITE;
  /*
  ** A borrowed descriptor goes on where it stands, as it would for a child
  ** process. A file of size 0 may be one that the kernel makes up.
  */
  bool made_up = st.st_size == 0 && o->mode == ZVM_MODE_READ;
  if (!ch->is_file ||
      (ch->type == ZVM_TYPE_SGET_SPUT && (!ch->named || made_up))) {
    ch->source = &zvm__source_stream;
    return ZVM_OK;
  }
  ch->source = &zvm__source_file;
  ch->base_size = ch->empty_first ? 0 : st.st_size;
  ch->size = (size_t)ch->base_size;
  if (o->mode == ZVM_MODE_APPEND || ch->type == ZVM_TYPE_RGET_SPUT)
    ch->put_pos = ch->base_size;
  return ZVM_OK;
}


/* -- Sockets ------------------------------------------------------------- */

static int option_of(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}


static zvm_status check_socket(zvm__channel *ch, const zvm_channel_options *o,
                               zvm_error *err) {
  struct sockaddr_storage peer;
  socklen_t size = sizeof peer;
  if (option_of(ch->fd, SO_TYPE) != SOCK_STREAM)
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: descriptor %d is not a stream socket",
                     o->alias, ch->fd);
  if (o->mode == ZVM_MODE_APPEND)
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: a socket is read, written or both, not "
                     "appended to",
                     o->alias);
  ch->shuts = o->mode == ZVM_MODE_WRITE;
  ch->listens = option_of(ch->fd, SO_ACCEPTCONN) == 1;
  if (ch->listens)
    return ZVM_OK;
  if (getpeername(ch->fd, (struct sockaddr *)&peer, &size) != 0)
    return zvm__fail_os(err, ZVM_E_CHANNEL, errno,
                        "channel %.80s: descriptor %d", o->alias, ch->fd);
  zvm__socket_tune(ch->fd);
  return ZVM_OK;
}


static zvm_status open_socket(zvm__channel *ch, const zvm_channel_options *o,
                              const zvm__uri *u, zvm_error *err) {
  ch->shuts = o->mode == ZVM_MODE_WRITE;
  if (!o->listen)
    return put_off(ch, o, "", o->uri, err);
  ch->fd = zvm__socket_listen(o->alias, o->uri, err);
  if (ch->fd < 0)
    return ZVM_E_CHANNEL;
  ch->owns_fd = true;
  ch->listens = true;
  ch->maker = getpid();
  ch->source = &zvm__source_stream;
  if (u->scheme == ZVM__URI_UNIX && (ch->place = strdup(u->path)) == NULL) {
    (void)unlink(u->path);
    return zvm__fail(err, ZVM_E_NOMEM, "channel %.80s: not enough memory",
                     o->alias);
  }
  return ZVM_OK;
}


static int open_fifo(const char *alias, const char *path, uint64_t until_ns,
                     zvm_error *err) {
  static const struct timespec pause = {.tv_nsec = 10000000};
  for (;;) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0)
      return fd;
    if ((errno != ENXIO && errno != EINTR) || zvm__now_ns() >= until_ns) {
      if (errno == ENXIO)
        zvm__fail(err, ZVM_E_CHANNEL,
                  "channel %.80s: nobody came to read the FIFO %.100s", alias,
                  path);
      else
        zvm__fail_os(err, ZVM_E_CHANNEL, errno,
                     "channel %.80s: cannot open %.100s", alias, path);
      return -1;
    }
    (void)nanosleep(&pause, NULL);
  }
}


zvm_status zvm__channel_join(zvm__channel *ch, uint64_t until_ns,
                             zvm_error *err) {
  zvm__uri u;
  zvm_status st = zvm__uri_parse(&u, ch->alias, ch->place, err);
  if (st != ZVM_OK)
    return st;
  if (u.scheme == ZVM__URI_FILE) {
    ch->fd = open_fifo(ch->alias, u.path, until_ns, err);
  } else {
    ch->fd = zvm__socket_connect(ch->alias, ch->place, until_ns, err);
    if (ch->fd >= 0)
      zvm__socket_tune(ch->fd);
  }
  free(ch->place);
  ch->place = NULL;
  ch->connects = false;
  return ch->fd >= 0 ? ZVM_OK : ZVM_E_CHANNEL;
}


/* -- The channel --------------------------------------------------------- */

/* Buffers, and regular files that can be read. */
static bool has_content(const zvm__channel *ch) {
  if (ch->source != &zvm__source_file)
    return ch->source == &zvm__source_buffer;
  int flags = fcntl(ch->fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_WRONLY;
}


static bool start_etags(zvm__channel *ch, zvm_etag algorithm) {
  if (algorithm == ZVM_ETAG_NONE)
    return true;
  ch->algorithm = algorithm;
  ch->wants_final = zvm__channel_puts_random(ch) &&
                    ch->limits[ZVM_LIMIT_PUTS] > 0 &&
                    ch->limits[ZVM_LIMIT_PUT_SIZE] > 0 && has_content(ch);
  ch->digest = zvm__digest_init(algorithm);
  return ch->digest != NULL;
}


/* FILE, FD and NULL by another spelling; the others stay as they are. */
static zvm_status spell_out(zvm_channel_options *o, zvm__uri *u,
                            zvm_error *err) {
  zvm_status st = o->alias != NULL
                      ? zvm__uri_parse(u, o->alias, o->uri, err)
                      : ZVM_OK; /* check_options will say so */
  if (st != ZVM_OK || o->alias == NULL)
    return st;
  switch (u->scheme) {
  case ZVM__URI_FILE:
    o->source = ZVM_SOURCE_FILE;
    o->path = u->path;
    break;
  case ZVM__URI_FD:
    o->source = ZVM_SOURCE_FD;
    o->fd = u->fd;
    break;
  case ZVM__URI_NULL:
    o->source = ZVM_SOURCE_NULL;
    break;
  case ZVM__URI_TCP:
  case ZVM__URI_UNIX:
    break;
  }
  return ZVM_OK;
}

static zvm_status open_pipe(zvm__channel *ch, const zvm_channel_options *o,
                            zvm_error *err) {
  if (o->pipe == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: no pipe", o->alias);
  ch->fd = zvm__pipe_take(o->pipe, o->alias, o->mode, err);
  if (ch->fd < 0)
    return ZVM_E_CHANNEL;
  ch->pipe = o->pipe;
  ch->owns_fd = true;
  ch->joint = true;
  ch->source = &zvm__source_stream;
  return ZVM_OK;
}


static zvm_status open_call(zvm__channel *ch, const zvm_channel_options *o,
                            zvm_error *err) {
  if (o->get == NULL && o->put == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: no function",
                     o->alias);
  ch->call_get = o->get;
  ch->call_put = o->put;
  ch->ctx = o->ctx;
  ch->source = &zvm__source_call;
  return ZVM_OK;
}


static zvm_status open_source(zvm__channel *ch, const zvm_channel_options *o,
                              const zvm__uri *u, zvm_error *err) {
  zvm_status st;
  switch (o->source) {
  case ZVM_SOURCE_NULL:
    ch->source = &zvm__source_null;
    return ZVM_OK;
  case ZVM_SOURCE_MEMORY:
    if (o->data == NULL && o->size != 0)
      return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: no data", o->alias);
    if (o->size > INT64_MAX)
      return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: size is too large",
                       o->alias);
    ch->source = &zvm__source_memory;
    ch->bytes = (unsigned char *)(uintptr_t)o->data; /* only ever read */
    ch->size = o->size;
    ch->base_size = (int64_t)o->size;
    return ZVM_OK;
  case ZVM_SOURCE_BUFFER:
    ch->source = &zvm__source_buffer;
    ch->limits[ZVM_LIMIT_PUT_SIZE] =
        zvm__min(ch->limits[ZVM_LIMIT_PUT_SIZE], ZVM__BUFFER_MAX);
    return ZVM_OK;
  case ZVM_SOURCE_FILE:
    st = open_path(ch, o, err);
    break;
  case ZVM_SOURCE_FD:
    ch->fd = o->fd;
    st = ZVM_OK;
    break;
  case ZVM_SOURCE_URI:
    return open_socket(ch, o, u, err);
  case ZVM_SOURCE_CALL:
    return open_call(ch, o, err);
  case ZVM_SOURCE_PIPE:
    return open_pipe(ch, o, err);
  default:
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: unknown source %d",
                     o->alias, (int)o->source);
  }
  if (st == ZVM_OK && !ch->connects)
    st = check_fd(ch, o, err);
  if (st == ZVM_OK && !ch->connects)
    st = choose_source(ch, o, err);
  if (st == ZVM_OK && o->listen && !ch->listens)
    st = zvm__fail(err, ZVM_E_CHANNEL,
                   "channel %.80s: descriptor %d does not listen", o->alias,
                   o->fd);
  return st;
}


zvm_status zvm__channel_open(zvm__channel *ch,
                             const zvm_channel_options *given,
                             zvm_error *err) {
  static const volatile int never;
  zvm_channel_options spelt = *given;
  const zvm_channel_options *o = &spelt;
  zvm__uri u = {.fd = -1};
  *ch = (zvm__channel){.fd = -1,
                       .peer = -1,
                       .type = o->type,
                       .stop = &never,
                       .stops = o->on_limit == ZVM_ON_LIMIT_STOP,
                       .file_size = o->file_size != 0 ? o->file_size
                                                      : ZVM_UNLIMITED};
  zvm_status st = ZVM_OK;
  if (o->source == ZVM_SOURCE_URI)
    st = spell_out(&spelt, &u, err);
  if (st == ZVM_OK)
    st = check_options(o, err);
  if (st != ZVM_OK)
    return st;
  rights r = rights_of(o);
  for (int i = 0; i < ZVM_LIMIT_COUNT; i++)
    if (i < ZVM_LIMIT_PUTS ? r.get : r.put)
      ch->limits[i] = o->limits[i];
  st = open_source(ch, o, &u, err);
  if (st != ZVM_OK)
    goto close;
  ch->alias = strdup(o->alias);
  if (ch->alias == NULL) {
    st = zvm__fail(err, ZVM_E_NOMEM, "channel %.80s: not enough memory",
                   o->alias);
    goto close;
  }
  if (!start_etags(ch, o->etag)) {
    st = zvm__fail(err, ZVM_E_NOMEM, "channel %.80s: no %s", o->alias,
                   zvm_etag_name(o->etag));
    goto close;
  }
  return ZVM_OK;
close:
  zvm__output_discard(ch->output);
  if (ch->pipe != NULL) {
    zvm__pipe_return(ch->pipe, ch->fd);
    ch->owns_fd = false;
  }
  zvm__socket_deaf(ch);
  if (ch->owns_fd && ch->fd >= 0)
    (void)close(ch->fd);
  free(ch->alias);
  *ch = (zvm__channel){.fd = -1};
  return st;
}
