/*
** call.c - channels that are functions of the caller's.
**
** Inline they are called from the trap. From a worker a request comes over a
** socket of the channel's own, and whoever waits for the worker answers it.
** Either way a function is called for at most ZVM__CALL_PIECE bytes, when the
** guest asks and not before: which calls are made does not depend on time.
**
** A worker may be a guest's by now. At most one request of it is taken at a
** time, of a size that was checked; what it gets and puts is counted against
** the limits here too; and an answer that it has no room for is its end.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"

typedef zvm__call_message message;

enum {
  GET = ZVM__CALL_GET,
  PUT = ZVM__CALL_PUT,
  TOLD = ZVM__CALL_TOLD,
  HEAD = ZVM__CALL_HEAD,
  ERRNO_MOST = 4095, /* as the kernel's: what a report may say */
};


static size_t piece(size_t size) {
  return size < ZVM__CALL_PIECE ? size : ZVM__CALL_PIECE;
}


/* -- In this process ----------------------------------------------------- */

/* What a function says; one that ends the run does so for good. */
static int heed(zvm__channel *ch, int os) {
  if (os == ECANCELED) {
    ch->cancelled = true;
    return EINTR;
  }
  return os == EINTR || os < 0 || os > ERRNO_MOST ? EIO : os;
}


static int call_get(zvm__channel *ch, void *to, size_t size, int64_t offset,
                    size_t *moved) {
  (void)offset;
  while (*moved < size) {
    size_t most = piece(size - *moved), got = 0;
    int os = ch->call_get(ch->ctx, (char *)to + *moved, most, &got);
    if (os != 0)
      return heed(ch, os);
    ZVM_CHECK(got <= most);
    if (got == 0)
      return 0;
    *moved += got;
    if (*ch->stop != 0)
      return *moved < size ? EINTR : 0;
  }
  return 0;
}


static int call_put(zvm__channel *ch, const void *from, size_t size,
                    int64_t offset, size_t *moved) {
  (void)offset;
  while (*moved < size) {
    size_t n = piece(size - *moved);
    int os = ch->call_put(ch->ctx, (const char *)from + *moved, n);
    if (os != 0)
      return heed(ch, os);
    *moved += n;
    if (*ch->stop != 0)
      return *moved < size ? EINTR : 0;
  }
  return 0;
}


static int64_t unknown_size(const zvm__channel *ch) {
  (void)ch;
  return -1;
}


static void shut_peer(zvm__channel *ch) {
  (void)zvm__fd_let_go(&ch->peer, &ch->peer_identity);
}


static int call_close(zvm__channel *ch) {
  (void)zvm__fd_let_go(&ch->fd, &ch->identity);
  shut_peer(ch);
  free(ch->bytes);
  ch->bytes = NULL;
  return 0;
}


const zvm__source zvm__source_call = {call_get, call_put, unknown_size,
                                      call_close, NULL};


/* -- In a worker --------------------------------------------------------- */

static message *room(zvm__channel *ch) {
  if (ch->bytes == NULL)
    ch->bytes = calloc(1, HEAD + ZVM__CALL_PIECE);
  return (message *)(void *)ch->bytes;
}


/* A message whole, either way: its length, or a negated errno. */
static long move(zvm__channel *ch, long number, message *m, size_t size) {
  for (;;) {
    long n = zvm__blocking_call(ch->stop, number, ch->fd, (long)m,
                                (long)size);
    if (n != -EINTR || *ch->stop != 0)
      return n;
  }
}


/* The host is trusted; but it may be gone. */
static int ask(zvm__channel *ch, message *m, uint32_t what, size_t size) {
  size_t with = what == PUT ? size : 0;
  m->what = what;
  m->os = 0;
  m->size = size;
  long n = move(ch, SYS_write, m, HEAD + with);
  if (n == (long)(HEAD + with))
    n = move(ch, SYS_read, m, sizeof *m);
  else if (n >= 0)
    return EIO;
  if (n < 0)
    return (int)-n;
  if (n < HEAD || m->what != TOLD)
    return EIO;
  return m->os != 0 ? heed(ch, m->os) : 0;
}


static int ask_get(zvm__channel *ch, void *to, size_t size, int64_t offset,
                   size_t *moved) {
  (void)offset;
  message *m = room(ch);
  if (m == NULL)
    return ENOMEM;
  while (*moved < size) {
    size_t most = piece(size - *moved);
    int os = ask(ch, m, GET, most);
    if (os != 0)
      return os;
    if (m->size == 0)
      return 0;
    size_t got = m->size < most ? (size_t)m->size : most;
    memcpy((char *)to + *moved, m->bytes, got);
    *moved += got;
    if (*ch->stop != 0)
      return *moved < size ? EINTR : 0;
  }
  return 0;
}


static int ask_put(zvm__channel *ch, const void *from, size_t size,
                   int64_t offset, size_t *moved) {
  (void)offset;
  message *m = room(ch);
  if (m == NULL)
    return ENOMEM;
  while (*moved < size) {
    size_t n = piece(size - *moved);
    memcpy(m->bytes, (const char *)from + *moved, n);
    int os = ask(ch, m, PUT, n);
    if (os != 0)
      return os;
    *moved += n;
    if (*ch->stop != 0)
      return *moved < size ? EINTR : 0;
  }
  return 0;
}


const zvm__source zvm__source_ask = {ask_get, ask_put, unknown_size,
                                     call_close, NULL};


/* -- Who waits for a worker ---------------------------------------------- */

/* Could a worker that keeps to its limits say so? */
static bool is_request(const zvm__channel *ch, const message *m, ssize_t n) {
  if (ch->cancelled || n < HEAD || m->os != 0 || m->size < 1 ||
      m->size > ZVM__CALL_PIECE)
    return false;
  int64_t size = (int64_t)m->size;
  switch (m->what) {
  case GET:
    return n == HEAD && !ch->ended && ch->limits[ZVM_LIMIT_GETS] > 0 &&
           size <= ch->limits[ZVM_LIMIT_GET_SIZE] - ch->served[0];
  case PUT:
    return n == (ssize_t)(HEAD + m->size) &&
           ch->limits[ZVM_LIMIT_PUTS] > 0 &&
           size <= ch->limits[ZVM_LIMIT_PUT_SIZE] - ch->served[1];
  default:
    return false;
  }
}


static int act(zvm__channel *ch, message *m) {
  size_t got = 0;
  int os;
  if (m->what == PUT) {
    os = ch->call_put(ch->ctx, m->bytes, m->size);
    ch->served[1] += os == 0 ? (int64_t)m->size : 0;
  } else {
    os = ch->call_get(ch->ctx, m->bytes, m->size, &got);
    ZVM_CHECK(got <= m->size);
    got = os == 0 ? got : 0;
    ch->ended = os == 0 && got == 0;
    ch->served[0] += (int64_t)got;
  }
  m->size = got;
  return os;
}


bool zvm__call_prepare(zvm__channel *ch) {
  return room(ch) != NULL;
}


/* Where there is no room for the bytes of a get there may be for their lack. */
static bool tell(const zvm__channel *ch, message *m) {
  ssize_t n = send(ch->peer, m, HEAD + m->size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && (errno == ENOMEM || errno == ENOBUFS || errno == EMSGSIZE)) {
    m->os = errno;
    m->size = 0;
    n = send(ch->peer, m, HEAD, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  return n >= 0 || errno == EPIPE || errno == ECONNRESET;
}


zvm__served zvm__call_serve(zvm__channel *ch) {
  message *m = room(ch);
  ZVM_CHECK(m != NULL);
  ssize_t n = recv(ch->peer, m, sizeof *m, MSG_DONTWAIT | MSG_TRUNC);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return ZVM__SERVED;
  if (n <= 0) {
    shut_peer(ch);
    return ZVM__SERVE_END;
  }
  if (n > (ssize_t)sizeof *m || !is_request(ch, m, n))
    return ZVM__NONSENSE;
  pid_t self = getpid();
  m->os = act(ch, m);
  if (getpid() != self) { /* a forked child: its parent answers */
    shut_peer(ch);
    return ZVM__SERVE_END;
  }
  m->what = TOLD;
  ch->cancelled = m->os == ECANCELED;
  bool told = tell(ch, m);
  if (ch->cancelled)
    return ZVM__CANCELLED;
  return told ? ZVM__SERVED : ZVM__NONSENSE;
}
