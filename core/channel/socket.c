/*
** socket.c - stream sockets: to listen, to connect, to accept.
**
** All of it is the host's: a worker has sockets that are connected. Nothing
** here waits without an end: to connect until its deadline; to accept not at
** all, who does so has looked before.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "channel.h"
#include "uri.h"

enum {
  RETRY_NS = 20 * ZVM__MS_NS,
  BACKLOG = 1, /* one connection is accepted */
};

/* One way to reach what an uri names. */
typedef struct address {
  int family;
  socklen_t size;
  union {
    struct sockaddr any;
    struct sockaddr_un un;
    struct sockaddr_storage room;
  };
} address;

/* Tries one: a descriptor, or -1 and errno. */
typedef int (*try_fn)(const address *a, const zvm__await *p);


void zvm__socket_tune(int fd) {
  int on = 1; /* of a unix socket it fails */
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}


static void close_quietly(int fd) {
  int os = errno;
  if (fd >= 0)
    (void)close(fd);
  errno = os;
}


static int new_socket(const address *a) {
  return zvm__fd_above(
      socket(a->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}


/* -- Listen -------------------------------------------------------------- */

static int try_listen(const address *a, const zvm__await *p) {
  (void)p;
  int on = 1;
  int fd = new_socket(a);
  if (fd < 0)
    return -1;
  if (a->family != AF_UNIX)
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, &a->any, a->size) != 0) {
    close_quietly(fd);
    return -1;
  }
  if (listen(fd, BACKLOG) != 0) {
    if (a->family == AF_UNIX)
      (void)unlink(a->un.sun_path);
    close_quietly(fd);
    return -1;
  }
  return fd;
}


/* -- Connect ------------------------------------------------------------- */

static int wait_connected(int fd, const zvm__await *p) {
  enum { LOOK_MS = 100 };
  struct pollfd ready = {.fd = fd, .events = POLLOUT};
  for (;;) {
    uint64_t now = zvm__now_ns();
    if (now >= p->until_ns)
      return ETIMEDOUT;
    if (zvm__await_broken(p))
      return EINTR;
    uint64_t ms = (p->until_ns - now) / ZVM__MS_NS + 1;
    int n = poll(&ready, 1, ms < LOOK_MS ? (int)ms : LOOK_MS);
    if (n > 0)
      break;
    if (n < 0 && errno != EINTR)
      return errno;
  }
  int os = 0;
  socklen_t size = sizeof os;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &os, &size) == 0 ? os : errno;
}


/*
** With nobody there, the kernel may take the very port for our own end, and
** connect the socket to itself.
*/
static bool is_own_peer(int fd) {
  struct sockaddr_storage here = {0}, there = {0};
  socklen_t size = sizeof here, other = sizeof there;
  return getsockname(fd, (struct sockaddr *)&here, &size) == 0 &&
         getpeername(fd, (struct sockaddr *)&there, &other) == 0 &&
         here.ss_family != AF_UNIX && size == other &&
         memcmp(&here, &there, size) == 0;
}


/* EINTR leaves it on its way, as EINPROGRESS does. */
static int try_connect(const address *a, const zvm__await *p) {
  int fd = new_socket(a);
  if (fd < 0)
    return -1;
  int os = connect(fd, &a->any, a->size) == 0 ? 0 : errno;
  if (os == EINPROGRESS || os == EINTR)
    os = wait_connected(fd, p);
  if (os == 0 && is_own_peer(fd))
    os = ECONNREFUSED;
  int flags = os == 0 ? fcntl(fd, F_GETFL) : 0;
  if (os == 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
    os = errno;
  if (os == 0)
    return fd;
  (void)close(fd);
  errno = os;
  return -1;
}


/* Will it do later what it does not now? */
static bool may_come(int os) {
  return os == ECONNREFUSED || os == ENOENT || os == EAGAIN ||
         os == ECONNRESET || os == ETIMEDOUT;
}


/* -- What an uri names --------------------------------------------------- */

static int try_unix(const char *path, try_fn try,
                    const zvm__await *p) {
  address a = {.family = AF_UNIX, .size = sizeof a.un};
  a.un.sun_family = AF_UNIX;
  size_t n = strlen(path);
  if (n >= sizeof a.un.sun_path) { /* uri.c has said so */
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(a.un.sun_path, path, n);
  return try(&a, p);
}


/* *why: what the resolver says, or NULL. */
static int try_tcp(const zvm__uri *u, bool passive, try_fn try,
                   const zvm__await *p, const char **why) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                           .ai_flags = AI_NUMERICSERV |
                                       (passive ? AI_PASSIVE : 0)};
  struct addrinfo *list = NULL;
  int failed = getaddrinfo(u->host, u->port, &hints, &list);
  if (failed != 0) {
    if (failed != EAI_SYSTEM)
      *why = gai_strerror(failed);
    return -1;
  }
  int fd = -1;
  for (struct addrinfo *i = list; i != NULL && fd < 0; i = i->ai_next) {
    address a = {.family = i->ai_family, .size = i->ai_addrlen};
    memcpy(&a.room, i->ai_addr, i->ai_addrlen);
    fd = try(&a, p);
  }
  int os = errno;
  freeaddrinfo(list);
  errno = os;
  return fd;
}


static zvm_status fail(const char *alias, const char *what, const char *uri,
                       const char *why, zvm_error *err) {
  int os = errno;
  if (why != NULL)
    return zvm__fail(err, ZVM_E_CHANNEL, "channel %.80s: cannot %s %.60s: %s",
                     alias, what, uri, why);
  return zvm__fail_os(err, ZVM_E_CHANNEL, os, "channel %.80s: cannot %s %.60s",
                      alias, what, uri);
}


int zvm__socket_listen(const char *alias, const char *uri, zvm_error *err) {
  zvm__uri u;
  const char *why = NULL;
  if (zvm__uri_parse(&u, alias, uri, err) != ZVM_OK)
    return -1;
  int fd = u.scheme == ZVM__URI_UNIX
               ? try_unix(u.path, try_listen, NULL)
               : try_tcp(&u, true, try_listen, NULL, &why);
  if (fd < 0) {
    if (u.scheme == ZVM__URI_UNIX && errno == EADDRINUSE)
      why = "there is such a file already; remove it first";
    fail(alias, "listen at", uri, why, err);
  }
  return fd;
}


/* Nobody listens yet: whether to try again, or errno why not. */
static int try_again(const zvm__await *p, int os) {
  if (os == EINTR)
    return EINTR;
  return may_come(os) ? zvm__await_pause(p, RETRY_NS) : os;
}


int zvm__socket_connect(const char *alias, const char *uri,
                        const zvm__await *p, zvm_error *err) {
  zvm__uri u;
  if (zvm__uri_parse(&u, alias, uri, err) != ZVM_OK)
    return -1;
  for (;;) {
    const char *why = NULL;
    int fd = u.scheme == ZVM__URI_UNIX
                 ? try_unix(u.path, try_connect, p)
                 : try_tcp(&u, false, try_connect, p, &why);
    if (fd >= 0)
      return fd;
    int os = errno;
    int over = why != NULL ? os : try_again(p, os);
    if (over == 0)
      continue;
    errno = os;
    if (why != NULL || !(may_come(os) || over == EINTR))
      fail(alias, "connect to", uri, why, err);
    else if (over == EINTR)
      zvm__fail(err, ZVM_E_CHANNEL, "channel %.80s: a signal came before "
                "anybody did to listen at %.60s", alias, uri);
    else
      zvm__fail_os(err, ZVM_E_CHANNEL, os,
                   "channel %.80s: nobody came to listen at %.60s", alias,
                   uri);
    return -1;
  }
}


/* -- Accept -------------------------------------------------------------- */

/*
** A borrowed descriptor may block, and what was seen to wait may be gone, with
** another process that has it too.
*/
static int accept_now(int fd) {
  int flags = fcntl(fd, F_GETFL);
  bool blocks = flags >= 0 && (flags & O_NONBLOCK) == 0;
  if (flags < 0 || (blocks && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0))
    return -1;
  int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
  int os = errno;
  if (blocks)
    (void)fcntl(fd, F_SETFL, flags);
  errno = os;
  return zvm__fd_above(got);
}


int zvm__socket_accept(zvm__channel *ch) {
  int fd = accept_now(ch->fd);
  if (fd < 0)
    return errno == EINTR || errno == ECONNABORTED || errno == EWOULDBLOCK
               ? EAGAIN
               : errno;
  zvm__socket_tune(fd);
  zvm__socket_deaf(ch);
  ch->fd = fd;
  ch->identity = zvm__fd_identity(fd);
  ch->owns_fd = true;
  ch->joint = true;
  ch->listens = false;
  return 0;
}


void zvm__socket_deaf(zvm__channel *ch) {
  if (ch->listens && ch->owns_fd)
    (void)zvm__fd_let_go(&ch->fd, &ch->identity);
  /* A forked child has the name too, and no right to it. */
  if (ch->listens && ch->place != NULL && ch->maker == getpid())
    (void)unlink(ch->place);
  free(ch->place);
  ch->place = NULL;
}
