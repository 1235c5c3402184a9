/*
** pool.c - the process's zygote, and workers fetched from it.
**
** Workers wait in the queue of the zygote's socket, each as a message with
** a descriptor: so they cost the host no descriptors of its own, but for one
** fetched ahead, and to take one is one system call. This is a process-wide
** state of the core.
** A forked child has none of it: its parent's workers are not its own.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "pool.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  BUSY_MOST = 1024,
  ANSWER_MS = 5000, /* that a zygote may take for a worker */
  SECOND_NS = 1000000000,
  NONE_WAITS = -1, /* no errno: the zygote's may be any of them */
};

/* Jobs that are alike use the same memory; no padding. */
typedef struct likeness {
  uint8_t digest[32];
  uint32_t heap_end;
  uint32_t manifest_start;
  uint32_t stack_base;
} likeness;

static struct {
  pthread_mutex_t lock;
  pthread_cond_t dropped; /* one that was busy */
  unsigned most;          /* busy at once      */
  unsigned queue;         /* that may wait     */
  zvm__turn *first;       /* that waits        */
  zvm__zygote zygote;
  uint32_t zygotes; /* that there were */
  bool fork_watched;
  likeness last;     /* of what was run                    */
  likeness expected; /* of what the zygote was told, or 0  */
  zvm__worker spare; /* fetched ahead                      */
  zvm__worker stale; /* whose socket is to be closed       */
  unsigned count;    /* of busy                            */
  zvm__worker busy[BUSY_MOST];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .dropped = PTHREAD_COND_INITIALIZER,
          .most = BUSY_MOST,
          .queue = ZVM_QUEUE_UNLIMITED,
          .zygote = {.socket = -1},
          .spare = {.socket = -1},
          .stale = {.socket = -1}};


static void shut(zvm__worker *w) {
  zvm__fd_close(&w->socket, &w->identity);
}


/* -- Fork of the host ---------------------------------------------------- */

static void before_fork(void) {
  (void)pthread_mutex_lock(&pool.lock);
}


static void after_fork_parent(void) {
  (void)pthread_mutex_unlock(&pool.lock);
}


/* The child starts a zygote of its own when it needs one. */
static void after_fork_child(void) {
  (void)pthread_mutex_init(&pool.lock, NULL);
  (void)pthread_cond_init(&pool.dropped, NULL);
  zvm__fd_close(&pool.zygote.socket, &pool.zygote.identity);
  shut(&pool.spare);
  shut(&pool.stale);
  pool.expected = (likeness){0};
  pool.first = NULL;
  while (pool.count > 0)
    shut(&pool.busy[--pool.count]);
}


/* -- The zygote's socket ------------------------------------------------- */

/*
** 0, NONE_WAITS, or an errno: EPIPE if the zygote is gone, and whatever made
** it say that it has none.
*/
static int fetch(zvm__worker *w) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof w->socket)];
  } control;
  zvm__wire_word word = {0};
  struct iovec io = {&word, sizeof word};
  struct msghdr m = {.msg_iov = &io,
                     .msg_iovlen = 1,
                     .msg_control = control.bytes,
                     .msg_controllen = sizeof control.bytes};
  ssize_t n;
  do
    n = recvmsg(pool.zygote.socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return errno == EAGAIN ? NONE_WAITS : errno;
  if (n == 0)
    return EPIPE;
  if (word.magic == ZVM__WIRE_NONE)
    return word.number;
  const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  if (c == NULL || c->cmsg_type != SCM_RIGHTS)
    return EMFILE; /* there was no room for it here */
  memcpy(&w->socket, CMSG_DATA(c), sizeof w->socket);
  w->socket = zvm__fd_above(w->socket);
  if (w->socket < 0)
    return errno;
  w->identity = zvm__fd_identity(w->socket);
  w->number = word.worker;
  w->zygote = pool.zygotes;
  return 0;
}


static likeness likeness_of(const zvm__job *job) {
  likeness l = {.heap_end = job->map->heap_end,
                .manifest_start = job->map->manifest_start,
                .stack_base = job->map->stack_base};
  memcpy(l.digest, job->module->facts.digest, sizeof l.digest);
  return l;
}


static bool is_like(const likeness *a, const likeness *b) {
  return memcmp(a, b, sizeof *a) == 0;
}


static bool say_expected(const zvm__job *job) {
  if (zvm__module_check(job->module, NULL) != ZVM_OK)
    return false;
  zvm__wire_expect word;
  memset(&word, 0, sizeof word); /* an initializer meets a bug of gcc 12 */
  word.magic = ZVM__WIRE_EXPECT;
  word.module = zvm__wire_module_of(job->module, job->map);
  return zvm__wire_send(pool.zygote.socket, &word, sizeof word,
                        &job->module->image_fd, 1, MSG_DONTWAIT) > 0;
}


static bool say(const zvm__wire_word *word) {
  ssize_t n;
  do
    n = send(pool.zygote.socket, word, sizeof *word, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n > 0;
}


/* None is waiting: ask, say how many run with this one, and wait. */
static int order(zvm__worker *w) {
  struct pollfd p = {.fd = pool.zygote.socket, .events = POLLIN};
  int os;
  if (!say(&(zvm__wire_word){ZVM__WIRE_MORE, (int32_t)pool.count + 1, 0}))
    return EPIPE;
  do {
    int n = poll(&p, 1, ANSWER_MS);
    if (n == 0)
      return EPIPE; /* somebody stopped it, maybe */
    if (n < 0 && errno != EINTR)
      return errno;
    os = fetch(w);
  } while (os == NONE_WAITS);
  return os;
}


static void drop_zygote(void) {
  pool.expected = (likeness){0};
  shut(&pool.spare);
  zvm__fd_close(&pool.zygote.socket, &pool.zygote.identity);
  pool.zygotes++;
}


/* One whose socket the host closed ends by itself. */
static bool has_zygote(void) {
  if (pool.zygote.socket >= 0 &&
      !zvm__fd_is(pool.zygote.socket, &pool.zygote.identity))
    drop_zygote();
  return pool.zygote.socket >= 0;
}


/* Before it is used: a spare one was kept since the last run. */
static bool has_spare(void) {
  if (pool.spare.socket >= 0 &&
      !zvm__fd_is(pool.spare.socket, &pool.spare.identity))
    pool.spare.socket = -1;
  return pool.spare.socket >= 0;
}


static zvm_status need_zygote(zvm_error *err) {
  if (!pool.fork_watched) {
    if (pthread_atfork(before_fork, after_fork_parent, after_fork_child) != 0)
      return zvm__fail(err, ZVM_E_NOMEM, "not enough memory for workers");
    pool.fork_watched = true;
  }
  return has_zygote() ? ZVM_OK : zvm__zygote_start(&pool.zygote, err);
}


/* One that has ended, or was killed, is replaced once. */
static zvm_status take_locked(zvm__worker *w, zvm_error *err) {
  int os = EPIPE;
  if (has_spare()) {
    *w = pool.spare;
    pool.spare.socket = -1;
    os = 0;
  }
  for (int tries = 0; tries < 2 && os == EPIPE; tries++) {
    zvm_status st = need_zygote(err);
    if (st != ZVM_OK)
      return st;
    os = fetch(w);
    if (os == NONE_WAITS)
      os = order(w);
    if (os == EPIPE || os == ECONNRESET) {
      drop_zygote();
      os = EPIPE;
    }
  }
  if (os != 0)
    return zvm__fail_os(err, ZVM_E_SYSTEM, os, "no worker to be had");
  pool.busy[pool.count++] = *w;
  return ZVM_OK;
}


/* -- Turns --------------------------------------------------------------- */

/* First come, first served. */
static void ask(zvm__turn *turn) {
  uint64_t unused = pool.most > pool.count ? pool.most - pool.count : 0;
  zvm__turn **last = &pool.first;
  uint64_t waiting = 0;
  for (; *last != NULL; last = &(*last)->next)
    waiting++;
  turn->state = ZVM__TURN_WAITS;
  if (waiting == 0 && unused > 0)
    turn->state = ZVM__TURN_HAS;
  else if (waiting >= pool.queue + unused)
    turn->state = ZVM__TURN_REFUSED;
  else
    *last = turn;
}


/* Whoever is first now may have its turn. */
static void leave(zvm__turn *turn) {
  zvm__turn **at = &pool.first;
  while (*at != turn)
    at = &(*at)->next;
  *at = turn->next;
  (void)pthread_cond_broadcast(&pool.dropped);
}


static void wait_for_turn(zvm__turn *turn, uint64_t most_ns) {
  struct timespec until;
  (void)clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += (long)(most_ns < SECOND_NS ? most_ns : SECOND_NS - 1);
  if (until.tv_nsec >= SECOND_NS) {
    until.tv_sec++;
    until.tv_nsec -= SECOND_NS;
  }
  int os = 0;
  while ((pool.count >= pool.most || pool.first != turn) && os == 0)
    os = pthread_cond_clockwait(&pool.dropped, &pool.lock, CLOCK_MONOTONIC,
                                &until);
  if (pool.count >= pool.most || pool.first != turn)
    return;
  leave(turn);
  turn->state = ZVM__TURN_HAS;
}


/* -- Public -------------------------------------------------------------- */

zvm_status zvm__pool_take(zvm__worker *w, zvm__turn *turn, uint64_t most_ns,
                          zvm_error *err) {
  zvm_status st = ZVM_OK;
  (void)pthread_mutex_lock(&pool.lock);
  if (turn->state == ZVM__TURN_WAITS)
    wait_for_turn(turn, most_ns);
  else
    ask(turn);
  if (turn->state == ZVM__TURN_HAS)
    st = take_locked(w, err);
  (void)pthread_mutex_unlock(&pool.lock);
  return st;
}


void zvm__pool_leave(zvm__turn *turn) {
  (void)pthread_mutex_lock(&pool.lock);
  if (turn->state == ZVM__TURN_WAITS)
    leave(turn);
  (void)pthread_mutex_unlock(&pool.lock);
}


zvm_status zvm_workers_limit(uint32_t most, uint32_t queue,
                             zvm_error *err) {
  if (most < 1 || most > BUSY_MOST)
    return zvm__fail(err, ZVM_E_OPTION, "workers: 1 to %d expected, got %u",
                     BUSY_MOST, (unsigned)most);
  (void)pthread_mutex_lock(&pool.lock);
  pool.most = most;
  pool.queue = queue;
  (void)pthread_cond_broadcast(&pool.dropped);
  (void)pthread_mutex_unlock(&pool.lock);
  return ZVM_OK;
}


static void drop_locked(zvm__worker *w) {
  for (unsigned i = 0; i < pool.count; i++)
    if (pool.busy[i].socket == w->socket) {
      pool.busy[i] = pool.busy[--pool.count];
      break;
    }
  /* Closing takes as long as sending: the next run does it as it waits. */
  shut(&pool.stale);
  pool.stale = *w;
  w->socket = -1;
}


void zvm__pool_drop(zvm__worker *w) {
  (void)pthread_mutex_lock(&pool.lock);
  drop_locked(w);
  (void)pthread_cond_broadcast(&pool.dropped);
  (void)pthread_mutex_unlock(&pool.lock);
}


zvm_status zvm__pool_swap(zvm__worker *w, zvm_error *err) {
  (void)pthread_mutex_lock(&pool.lock);
  drop_locked(w);
  zvm_status st = take_locked(w, err);
  if (st != ZVM_OK)
    (void)pthread_cond_broadcast(&pool.dropped);
  (void)pthread_mutex_unlock(&pool.lock);
  return st;
}


/* A module that runs twice in a row most likely runs a third time. */
static void expect(const zvm__job *job) {
  likeness this = likeness_of(job);
  if (!is_like(&this, &pool.last))
    pool.last = this;
  else if (!is_like(&this, &pool.expected) && say_expected(job))
    pool.expected = this;
}


void zvm__pool_tidy(const zvm__job *job) {
  (void)pthread_mutex_lock(&pool.lock);
  shut(&pool.stale);
  if (has_zygote()) {
    expect(job);
    if (pool.spare.socket < 0)
      (void)fetch(&pool.spare);
  }
  (void)pthread_mutex_unlock(&pool.lock);
}


/*
** A worker ended and nobody said how: the zygote has ended too. What still
** waits in its queue is dying.
*/
void zvm__pool_check(void) {
  (void)pthread_mutex_lock(&pool.lock);
  struct pollfd p = {.fd = has_zygote() ? pool.zygote.socket : -1};
  if (p.fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) != 0)
    drop_zygote();
  (void)pthread_mutex_unlock(&pool.lock);
}


void zvm__pool_tell(const zvm__worker *w, int sig) {
  (void)pthread_mutex_lock(&pool.lock);
  if (has_zygote() && w->zygote == pool.zygotes) /* another one numbers anew */
    (void)say(&(zvm__wire_word){ZVM__WIRE_TELL, sig, w->number});
  (void)pthread_mutex_unlock(&pool.lock);
}


zvm_status zvm_barriers(uint32_t *out, zvm_error *err) {
  (void)pthread_mutex_lock(&pool.lock);
  zvm_status st = need_zygote(err);
  if (st == ZVM_OK)
    *out = pool.zygote.barriers;
  (void)pthread_mutex_unlock(&pool.lock);
  return st;
}
