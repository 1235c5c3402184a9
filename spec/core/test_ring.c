/*
** test_ring.c - rings: whole streams whatever the timing, growing meanwhile,
** and another side that lies, ends or dies.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel/pipe.h"
#include "memory/layout.h"

enum { PAGE = ZVM_PAGE_SIZE };

/* Both sides of one pipe, each mapped by itself. */
typedef struct both {
  zvm_pipe *pipe;
  int bell[2];
  zvm__ring *ring[2];
} both;

static uint64_t seed;


static uint64_t random_below(uint64_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (seed >> 33) % n;
}


static zvm__ring *open_side(both *b, bool writes) {
  zvm__ring_shape shape = zvm__pipe_shape(b->pipe, writes);
  if (zvm__ring_open(&b->ring[writes], zvm__pipe_file(b->pipe), &shape,
                     b->bell[writes]) != 0)
    abort();
  return b->ring[writes];
}


static both make(uint64_t size) {
  both b = {.pipe = zvm_pipe_new(size, NULL)};
  if (b.pipe == NULL)
    abort();
  for (int i = 0; i < 2; i++) {
    b.bell[i] = zvm__pipe_take(
        b.pipe, "/x", i == 0 ? ZVM_MODE_READ : ZVM_MODE_WRITE, NULL);
    zvm__pipe_keep(b.pipe, i == 1);
    (void)open_side(&b, i == 1);
  }
  return b;
}


/* As when a process ends: nothing is said, but the bell is gone. */
static void lose(both *b, bool writes) {
  zvm__ring_close(b->ring[writes], false);
  b->ring[writes] = NULL;
  (void)close(b->bell[writes]);
  b->bell[writes] = -1;
}


static void done(both *b) {
  for (int i = 0; i < 2; i++) {
    zvm__ring_close(b->ring[i], true);
    if (b->bell[i] >= 0)
      (void)close(b->bell[i]);
    zvm__pipe_leave(b->pipe);
  }
  zvm_pipe_free(b->pipe);
}


static uint8_t byte_at(uint64_t position) {
  return (uint8_t)(position * 31 + (position >> 8) * 7 + (position >> 16));
}


/* -- Whole streams ------------------------------------------------------- */

enum { TOTAL = 60000, MOST = 9000 };

typedef struct writing {
  zvm__ring *ring;
  uint64_t total;
  unsigned seed;
  bool whole;
} writing;


static void *write_all(void *arg) {
  writing *w = arg;
  uint8_t bytes[MOST];
  uint64_t at = 0;
  w->whole = true;
  while (at < w->total && w->whole) {
    size_t n = 1 + (size_t)(rand_r(&w->seed) % MOST) %
                       (rand_r(&w->seed) % 4 == 0 ? MOST : 100);
    size_t moved = 0;
    n = n < w->total - at ? n : (size_t)(w->total - at);
    for (size_t i = 0; i < n; i++)
      bytes[i] = byte_at(at + i);
    w->whole = zvm__ring_put(w->ring, bytes, n, &moved) == 0 && moved == n;
    at += moved;
  }
  zvm__ring_end(w->ring);
  return NULL;
}


/* Up to the end; false if a byte is not what was written. */
static bool read_all(zvm__ring *r, uint64_t *at) {
  uint8_t bytes[MOST];
  for (*at = 0;;) {
    size_t n = 1 + (size_t)random_below(random_below(4) == 0 ? MOST : 100);
    size_t moved = 0;
    if (zvm__ring_get(r, bytes, n, &moved) != 0)
      return false;
    for (size_t i = 0; i < moved; i++)
      if (bytes[i] != byte_at(*at + i))
        return false;
    *at += moved;
    if (moved < n)
      return true;
  }
}


static _Atomic bool grows;

static void *grow_now_and_then(void *arg) {
  for (int i = 0; i < 8 && grows; i++) {
    (void)zvm_pipe_grow(arg, NULL);
    (void)usleep(100);
  }
  return NULL;
}


/* One of many: sizes and timing are chance. */
static bool is_whole(uint64_t size, bool grow) {
  both b = make(size);
  writing w = {b.ring[1], TOTAL, (unsigned)random_below(1 << 30), false};
  pthread_t writer, grower;
  uint64_t got = 0;
  grows = grow;
  (void)pthread_create(&writer, NULL, write_all, &w);
  if (grow)
    (void)pthread_create(&grower, NULL, grow_now_and_then, b.pipe);
  bool right = read_all(b.ring[0], &got);
  grows = false;
  (void)pthread_join(writer, NULL);
  if (grow)
    (void)pthread_join(grower, NULL);
  if (!right || !w.whole || got != TOTAL)
    printf("# got %llu, right %d, whole %d\n", (unsigned long long)got,
           right, w.whole);
  done(&b);
  return right && w.whole && got == TOTAL;
}


static void streams(void) {
  bool plain = true, growing = true;
  for (int i = 0; i < 250 && plain; i++)
    plain = is_whole(i % 2 == 0 ? 1 : 3 * PAGE, false);
  ok(plain, "a stream arrives whole through a ring of one page and of four");
  for (int i = 0; i < 250 && growing; i++)
    growing = is_whole(1, true);
  ok(growing, "nothing is lost or doubled while a ring grows");
}


static void growth(void) {
  static uint8_t bytes[64 * PAGE];
  both b = make(PAGE);
  zvm_error err;
  size_t moved = 0, got = 0;
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = byte_at(i);
  bool grew = true;
  for (int i = 0; i < 5; i++)
    grew = grew && zvm_pipe_grow(b.pipe, &err) == ZVM_OK;
  ok(grew && zvm__ring_put(b.ring[1], bytes, 63 * PAGE, &moved) == 0 &&
         moved == 63 * PAGE,
     "who writes uses each segment up before the next one");
  memset(bytes, 0, sizeof bytes);
  bool same = zvm__ring_get(b.ring[0], bytes, 63 * PAGE, &got) == 0;
  for (size_t i = 0; i < got; i++)
    same = same && bytes[i] == byte_at(i);
  ok(same && got == 63 * PAGE, "and who reads follows");
  done(&b);

  b = make((uint64_t)1 << 30);
  ok(zvm_pipe_grow(b.pipe, &err) == ZVM_E_STATE &&
         strstr(err.text, "1G") != NULL,
     "a ring of 1 GiB does not grow, and says so");
  done(&b);

  struct rlimit most, before;
  (void)getrlimit(RLIMIT_FSIZE, &before);
  most = (struct rlimit){3 * PAGE, before.rlim_max};
  b = make(1);
  (void)setrlimit(RLIMIT_FSIZE, &most);
  zvm_status st = zvm_pipe_grow(b.pipe, &err);
  (void)setrlimit(RLIMIT_FSIZE, &before);
  zvm_pipe_level level = {0};
  moved = 0;
  (void)zvm__ring_put(b.ring[1], bytes, PAGE, &moved);
  (void)zvm_pipe_look(b.pipe, &level, NULL);
  ok(st == ZVM_E_SYSTEM && level.size == PAGE && level.used == PAGE,
     "where files may not be so long it stays as it was");
  ok(zvm_pipe_grow(b.pipe, &err) == ZVM_OK, "and grows when they may");
  done(&b);
  ok(zvm_pipe_new(((uint64_t)1 << 30) + 1, &err) == NULL &&
         err.status == ZVM_E_OPTION,
     "none is larger from the start");
}


/* -- Ends ---------------------------------------------------------------- */

static void ends(void) {
  static uint8_t bytes[3 * PAGE];
  size_t moved = 0;
  both b = make(1);
  (void)zvm__ring_put(b.ring[1], "left", 4, &moved);
  lose(&b, true);
  moved = 0;
  ok(zvm__ring_get(b.ring[0], bytes, 100, &moved) == 0 && moved == 4 &&
         memcmp(bytes, "left", 4) == 0,
     "what a writer left is read when its process is gone");
  moved = 0;
  ok(zvm__ring_get(b.ring[0], bytes, 100, &moved) == 0 && moved == 0,
     "and then the end");
  done(&b);

  b = make(1);
  lose(&b, false);
  moved = 0;
  ok(zvm__ring_put(b.ring[1], bytes, sizeof bytes, &moved) == 0 &&
         moved == sizeof bytes,
     "what nobody will read is written to nowhere");
  done(&b);

  b = make(1);
  zvm__ring_end(b.ring[0]);
  moved = 0;
  ok(zvm__ring_put(b.ring[1], bytes, sizeof bytes, &moved) == 0 &&
         moved == sizeof bytes,
     "so is what a reader that has ended will not");
  ok((uintptr_t)b.ring[0]->head >= ZVM__RESERVED_END &&
         (uintptr_t)b.ring[1]->head >= ZVM__RESERVED_END,
     "a ring is where no guest reaches");
  done(&b);
}


/* A writer in a process of its own is killed at some moment. */
static bool survives_kill(bool kills_writer) {
  both b = make(1);
  uint64_t got = 0;
  size_t moved = 0;
  bool right;
  pid_t pid = fork();
  if (pid == 0) {
    writing w = {b.ring[1], UINT64_MAX, (unsigned)random_below(1 << 30),
                 false};
    (void)close(b.bell[!kills_writer]);
    if (kills_writer)
      (void)write_all(&w);
    else
      (void)read_all(b.ring[0], &got);
    _exit(0);
  }
  lose(&b, kills_writer);
  uint64_t wait = random_below(3000);
  pid_t killer = fork();
  if (killer == 0) {
    (void)usleep((useconds_t)wait);
    (void)kill(pid, SIGKILL);
    _exit(0);
  }
  if (kills_writer) {
    right = read_all(b.ring[0], &got);
  } else {
    static const uint8_t zeros[PAGE];
    right = true;
    for (int i = 0; i < 3000 && right; i++, moved = 0)
      right = zvm__ring_put(b.ring[1], zeros, PAGE, &moved) == 0 &&
              moved == PAGE;
  }
  (void)waitpid(killer, NULL, 0);
  (void)waitpid(pid, NULL, 0);
  done(&b);
  return right;
}


static void kills(void) {
  bool reads = true, writes = true;
  for (int i = 0; i < 60 && reads; i++)
    reads = survives_kill(true);
  ok(reads, "a writer that is killed at any moment leaves a whole beginning");
  for (int i = 0; i < 60 && writes; i++)
    writes = survives_kill(false);
  ok(writes, "a reader that is killed at any moment leaves its writer going");
}


/* -- Stops --------------------------------------------------------------- */

static volatile int stop;

static void nothing(int sig) {
  (void)sig;
}


typedef struct sleeper {
  zvm__ring *ring;
  int os;
  _Atomic bool over;
} sleeper;


static void *sleep_in_it(void *arg) {
  static uint8_t bytes[2 * PAGE];
  sleeper *s = arg;
  size_t moved = 0;
  s->ring->stop = &stop;
  s->os = s->ring->shape.writes
              ? zvm__ring_put(s->ring, bytes, sizeof bytes, &moved)
              : zvm__ring_get(s->ring, bytes, sizeof bytes, &moved);
  s->over = true;
  return NULL;
}


static void stops(void) {
  struct sigaction sa = {.sa_handler = nothing};
  (void)sigaction(SIGUSR1, &sa, NULL);
  for (int writes = 0; writes < 2; writes++) {
    both b = make(1);
    sleeper s = {.ring = b.ring[writes]};
    pthread_t thread;
    stop = 0;
    (void)pthread_create(&thread, NULL, sleep_in_it, &s);
    (void)usleep(20000);
    bool slept = !s.over;
    stop = 1;
    while (!s.over) {
      (void)pthread_kill(thread, SIGUSR1);
      (void)usleep(1000);
    }
    (void)pthread_join(thread, NULL);
    ok(slept && s.os == EINTR,
       writes ? "and so is who waits for room" : "who waits is stopped");
    done(&b);
  }
}


/* -- Bells that are lost -------------------------------------------------- */

static bool wakes(bool writes, void (*tell)(zvm__ring_side *)) {
  both b = make(1);
  sleeper s = {.ring = b.ring[writes]};
  pthread_t thread;
  stop = 0;
  (void)pthread_create(&thread, NULL, sleep_in_it, &s);
  (void)usleep(50000);
  bool slept = !s.over;
  tell(&b.ring[!writes]->head->side[!writes]);
  for (int i = 0; i < 1000 && !s.over; i++)
    (void)usleep(10000);
  bool woken = s.over;
  stop = 1;
  while (!s.over) {
    (void)pthread_kill(thread, SIGUSR1);
    (void)usleep(1000);
  }
  (void)pthread_join(thread, NULL);
  done(&b);
  return slept && woken && s.os == 0;
}


static void moves_some(zvm__ring_side *side) {
  side->position = PAGE;
}


static void has_ended(zvm__ring_side *side) {
  side->ended = 1;
}


static void lost_bells(void) {
  ok(wakes(false, has_ended) && wakes(true, has_ended),
     "who sleeps sees an end that no bell was rung for");
  ok(wakes(true, moves_some), "and a writer sees room");
}


/* -- The host's own end --------------------------------------------------- */

typedef struct dripping {
  zvm_pipe *pipe;
  _Atomic bool over;
} dripping;


/* A byte every few milliseconds, for some seconds at most. */
static void *drip(void *arg) {
  dripping *d = arg;
  for (int i = 0; i < 600 && !d->over; i++) {
    size_t moved;
    (void)zvm_pipe_write(d->pipe, "x", 1, 0, &moved, NULL);
    (void)usleep(10000);
  }
  return NULL;
}


static void one_time(void) {
  dripping d = {.pipe = zvm_pipe_new(1, NULL)};
  zvm_error err;
  pthread_t thread;
  zvm_status st = ZVM_OK;
  uint32_t timeout_ms = 500;
  char byte;
  int i;
  (void)pthread_create(&thread, NULL, drip, &d);
  for (i = 0; i < 500 && st == ZVM_OK; i++) {
    size_t moved;
    st = zvm_pipe_read(d.pipe, &byte, 1, timeout_ms, &moved, &err);
    timeout_ms = ZVM_PIPE_GOES_ON;
  }
  d.over = true;
  (void)pthread_join(thread, NULL);
  if (!ok(st == ZVM_E_TIMEOUT && i > 1,
          "parts of one call have its time together"))
    printf("# status %d after %d\n", (int)st, i);
  zvm_pipe_free(d.pipe);
}


/* What did not fit is written when there is room again. */
static void tells_how_much(void) {
  static char bytes[3 * PAGE], there[3 * PAGE];
  zvm_pipe *p = zvm_pipe_new(1, NULL);
  size_t first = 0, second = 0, n = 0;
  zvm_error err;
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (char)(i / 7);
  struct iovec parts[] = {{bytes, 100}, {bytes + 100, sizeof bytes - 100}};
  zvm_status st = zvm_pipe_writev(p, parts, 2, 10, &first, &err);
  ok(st == ZVM_E_TIMEOUT && first == PAGE,
     "a write that times out says how much was moved");
  (void)zvm_pipe_read(p, there, PAGE, 1000, &n, &err);
  st = zvm_pipe_write(p, bytes + first, PAGE, 1000, &second, &err);
  (void)zvm_pipe_read(p, there + n, PAGE, 1000, &n, &err);
  ok(st == ZVM_OK && second == PAGE && memcmp(bytes, there, 2 * PAGE) == 0,
     "and the next one goes on behind that");
  zvm_pipe_free(p);
}


/* The reader's process, say, is a guest's, and keeps its end. */
static void host_end(void) {
  for (int writes = 0; writes < 2; writes++) {
    static char bytes[4 * PAGE];
    zvm_pipe *p = zvm_pipe_new(1, NULL);
    zvm_mode mode = writes ? ZVM_MODE_READ : ZVM_MODE_WRITE;
    size_t moved = 0;
    zvm_error err;
    (void)zvm__pipe_take(p, "/x", mode, &err);
    zvm__pipe_over(p, !writes);
    zvm_status st =
        writes ? zvm_pipe_write(p, bytes, sizeof bytes, 2000, &moved, &err)
               : zvm_pipe_read(p, bytes, 1, 2000, &moved, &err);
    ok(st == ZVM_OK && moved == (writes ? sizeof bytes : 0),
       writes ? "and the host's writes to it go nowhere"
              : "where a run was is nobody any more when it is over");
    zvm__pipe_return(p, !writes);
    zvm_pipe_free(p);
  }
}


/* What both would move is one's. An end that nobody had may be a child's. */
static void forked_end(void) {
  zvm_pipe *used = zvm_pipe_new(1, NULL), *fresh = zvm_pipe_new(1, NULL);
  int status = 0;
  size_t moved;
  zvm_error err;
  (void)zvm_pipe_write(used, "a", 1, 0, &moved, &err);
  pid_t pid = fork();
  if (pid == 0)
    _exit(zvm_pipe_write(used, "b", 1, 0, &moved, &err) != ZVM_E_STATE ||
          zvm_pipe_write(fresh, "b", 1, 0, &moved, &err) != ZVM_OK);
  (void)waitpid(pid, &status, 0);
  is(status, 0, "a forked child has no end of a pipe that its parent used");
  zvm_pipe_level level;
  (void)zvm_pipe_look(used, &level, &err);
  is(level.used, 1, "and what it would have written is nowhere");
  zvm_pipe_free(used);
  zvm_pipe_free(fresh);
}


/* -- Lies ---------------------------------------------------------------- */

/* What the other side may write before this one moves `size` bytes. */
static int after(bool writes, void (*lie)(zvm__ring_head *), size_t size) {
  static uint8_t bytes[4 * PAGE];
  size_t moved = 0;
  both b = make(1);
  uint8_t *around = malloc(size + 2 * PAGE);
  memset(around, 0xA5, size + 2 * PAGE);
  (void)zvm__ring_put(b.ring[1], bytes, 100, &moved);
  if (!writes) {
    moved = 0;
    (void)zvm__ring_get(b.ring[0], bytes, 10, &moved);
  }
  lie(b.ring[!writes]->head);
  atomic_store(&b.ring[writes]->head->side[!writes].ended, 0);
  moved = 0;
  int os = writes ? zvm__ring_put(b.ring[1], bytes, size, &moved)
                  : zvm__ring_get(b.ring[0], around + PAGE, size, &moved);
  for (size_t i = 0; i < PAGE; i++)
    if (around[i] != 0xA5 || around[PAGE + size + i] != 0xA5)
      os = -1;
  if (moved > size)
    os = -1;
  free(around);
  done(&b);
  return os;
}


static void far_written(zvm__ring_head *h) {
  h->side[1].position = (uint64_t)1 << 63;
}


static void less_written(zvm__ring_head *h) {
  h->side[1].position = 3;
}


static void all_written(zvm__ring_head *h) {
  h->side[1].position = UINT64_MAX;
}


static void border_behind(zvm__ring_head *h) {
  h->begins[1] = 2;
  h->side[1].position = 300;
}


/* Nothing was granted, and the file has no such segment. */
static void border_nowhere(zvm__ring_head *h) {
  h->begins[1] = 101;
  h->side[1].position = 300;
}


static void far_read(zvm__ring_head *h) {
  h->side[0].position = 5000;
}


static void granted_nowhere(zvm__ring_head *h) {
  h->granted = 1;
}


static void granted_far(zvm__ring_head *h) {
  h->granted = UINT32_MAX;
}


static void lies(void) {
  is(after(false, far_written, 4000), EIO,
     "more bytes than there is room for break a stream");
  is(after(false, less_written, 4000), EIO, "so do bytes that are taken back");
  is(after(false, all_written, 4000), EIO, "so do all that can be counted");
  is(after(false, border_behind, 4000), EIO,
     "so does a segment that begins before what was read");
  is(after(false, border_nowhere, 4000), EIO,
     "so does a segment that was never granted");
  is(after(true, far_read, 3 * PAGE), EIO,
     "so does a reader that is ahead of its writer");
  is(after(true, granted_nowhere, 3 * PAGE), EIO,
     "so does room that was never granted");
  is(after(true, granted_far, 3 * PAGE), EIO, "however much it is");
}


/* The head is noise while both move. */
typedef struct noise {
  zvm__ring_head *head;
  unsigned seed;
  _Atomic bool over;
} noise;


static void *make_noise(void *arg) {
  noise *n = arg;
  while (!n->over) {
    size_t words = sizeof(zvm__ring_head) / sizeof(uint64_t);
    size_t at = (size_t)rand_r(&n->seed) % words;
    uint64_t value = (uint64_t)rand_r(&n->seed);
    if (rand_r(&n->seed) % 3 == 0)
      value <<= rand_r(&n->seed) % 40;
    if (rand_r(&n->seed) % 3 == 0)
      value %= 3 * PAGE;
    ((volatile uint64_t *)n->head)[at] = value;
    if (rand_r(&n->seed) % 64 == 0)
      (void)usleep(10);
  }
  return NULL;
}


static bool survives_noise(void) {
  both b = make(1);
  noise n = {.head = b.ring[0]->head, .seed = (unsigned)random_below(1 << 30)};
  sleeper s[2] = {{.ring = b.ring[0]}, {.ring = b.ring[1]}};
  pthread_t noisy, thread[2];
  stop = 0;
  (void)pthread_create(&noisy, NULL, make_noise, &n);
  for (int i = 0; i < 2; i++)
    (void)pthread_create(&thread[i], NULL, sleep_in_it, &s[i]);
  (void)usleep(500);
  stop = 1;
  while (!s[0].over || !s[1].over) {
    for (int i = 0; i < 2; i++)
      if (!s[i].over)
        (void)pthread_kill(thread[i], SIGUSR1);
    (void)usleep(100);
  }
  n.over = true;
  (void)pthread_join(noisy, NULL);
  for (int i = 0; i < 2; i++)
    (void)pthread_join(thread[i], NULL);
  done(&b);
  for (int i = 0; i < 2; i++)
    if (s[i].os != 0 && s[i].os != EIO && s[i].os != EINTR)
      return false;
  return true;
}


static void noises(void) {
  bool right = true;
  for (int i = 0; i < 300 && right; i++)
    right = survives_noise();
  ok(right, "noise in the head ends a stream, and nothing else");
}


/* -- Nothing is left ----------------------------------------------------- */

static int mappings(void) {
  return mappings_below(UINT64_MAX);
}


int main(void) {
  seed = 20;
  both first = make(1);
  done(&first);
  int fds = open_descriptors();
  ends();
  growth();
  lies();
  stops();
  kills();
  lost_bells();
  one_time();
  tells_how_much();
  host_end();
  forked_end();
  int maps = mappings();
  for (int i = 0; i < 50; i++) {
    both b = make(1);
    done(&b);
  }
  is(mappings(), maps, "rings leave no mapping behind");
  noises();
  streams();
  is(open_descriptors(), fds, "and no descriptor");
  return tap_done();
}
