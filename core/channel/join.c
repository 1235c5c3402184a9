/*
** join.c - channels whose other side is somebody else: sockets and FIFOs.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "open.h"
#include "uri.h"


zvm_status zvm__channel_put_off(zvm__channel *ch,
                                const zvm_channel_options *o,
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


/* -- Sockets ------------------------------------------------------------- */

static int option_of(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}


zvm_status zvm__channel_check_socket(zvm__channel *ch,
                                     const zvm_channel_options *o,
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


zvm_status zvm__channel_open_socket(zvm__channel *ch,
                                    const zvm_channel_options *o,
                                    zvm_error *err) {
  zvm__uri u;
  zvm_status st = zvm__uri_parse(&u, o->alias, o->uri, err);
  if (st != ZVM_OK)
    return st;
  ch->shuts = o->mode == ZVM_MODE_WRITE;
  if (!o->listen)
    return zvm__channel_put_off(ch, o, "", o->uri, err);
  ch->fd = zvm__socket_listen(o->alias, o->uri, err);
  if (ch->fd < 0)
    return ZVM_E_CHANNEL;
  ch->owns_fd = true;
  ch->listens = true;
  ch->maker = getpid();
  ch->source = &zvm__source_stream;
  if (u.scheme == ZVM__URI_UNIX && (ch->place = strdup(u.path)) == NULL) {
    (void)unlink(u.path);
    return zvm__fail(err, ZVM_E_NOMEM, "channel %.80s: not enough memory",
                     o->alias);
  }
  return ZVM_OK;
}


/* -- To join ------------------------------------------------------------- */

static int open_fifo(const char *alias, const char *path,
                     const zvm__await *p, zvm_error *err) {
  enum { RETRY_NS = 10 * ZVM__MS_NS };
  for (;;) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0)
      return fd;
    int os = errno;
    int over = os == ENXIO || os == EINTR ? zvm__await_pause(p, RETRY_NS)
                                          : os;
    if (over != 0) {
      if (over == EINTR)
        zvm__fail(err, ZVM_E_CHANNEL, "channel %.80s: a signal came before "
                  "anybody did to read the FIFO %.100s", alias, path);
      else if (os == ENXIO)
        zvm__fail(err, ZVM_E_CHANNEL,
                  "channel %.80s: nobody came to read the FIFO %.100s", alias,
                  path);
      else
        zvm__fail_os(err, ZVM_E_CHANNEL, os,
                     "channel %.80s: cannot open %.100s", alias, path);
      return -1;
    }
  }
}


zvm_status zvm__channel_join(zvm__channel *ch, const zvm__await *p,
                             zvm_error *err) {
  zvm__uri u;
  zvm_status st = zvm__uri_parse(&u, ch->alias, ch->place, err);
  if (st != ZVM_OK)
    return st;
  if (u.scheme == ZVM__URI_FILE) {
    ch->fd = open_fifo(ch->alias, u.path, p, err);
  } else {
    ch->fd = zvm__socket_connect(ch->alias, ch->place, p, err);
    if (ch->fd >= 0)
      zvm__socket_tune(ch->fd);
  }
  free(ch->place);
  ch->place = NULL;
  ch->connects = false;
  return ch->fd >= 0 ? ZVM_OK : ZVM_E_CHANNEL;
}
