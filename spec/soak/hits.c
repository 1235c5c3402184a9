/*
** hits.c - kills workers, and knows which trials that concerns.
**
** The program is linked with --wrap: what takes and drops a worker passes
** here, so it is known which worker a trial has. A kill that was aimed marks
** the trial before the signal is sent. A kill without aim goes to a process
** found in /proc, as another user's would; it explains one lost run at most,
** of those that went on at that time. So does the end of a zygote, all runs
** that went on between the signal and its death.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"
#include "worker/pool.h"

enum { BLIND_MOST = 65536, LOST_MOST = 4096, TICK_US = 4000 };

typedef struct span {
  double from, to;
} span;

typedef struct slot {
  zvm__worker worker;
  bool busy;      /* it has one                       */
  bool marked;    /* one that it had was sent a signal */
  bool served;    /* its wish                         */
  wish wish;
  unsigned takes; /* of workers                       */
  double start, took; /* the run, and its last worker */
} slot;

static struct {
  pthread_mutex_t lock;
  slot slots[THREADS];
  unsigned busy, busiest;
  span zygote; /* the last one that was killed */
  span blind[BLIND_MOST];
  unsigned blinds;
  span lost[LOST_MOST]; /* without a mark */
  unsigned losts;
  atomic_bool stop;
  bool zygotes;
  uint64_t random;
  pthread_t thread;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

hits hit;
static _Thread_local slot *mine;


double seconds(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}


/* Small ones, so that the C library keeps the stacks of all for the next. */
void start_thread(pthread_t *thread, void *(*fn)(void *), void *arg) {
  pthread_attr_t attr;
  (void)pthread_attr_init(&attr);
  (void)pthread_attr_setstacksize(&attr, 512 << 10);
  if (pthread_create(thread, &attr, fn, arg) != 0)
    abort();
  (void)pthread_attr_destroy(&attr);
}


/* -- Which worker is whose ----------------------------------------------- */

zvm_status __real_zvm__pool_take(zvm__worker *w, zvm__turn *turn,
                                 uint64_t most_ns, zvm_error *err);
zvm_status __real_zvm__pool_swap(zvm__worker *w, zvm_error *err);
void __real_zvm__pool_drop(zvm__worker *w);
zvm_status __wrap_zvm__pool_swap(zvm__worker *w, zvm_error *err);
zvm_status __wrap_zvm__pool_take(zvm__worker *w, zvm__turn *turn,
                                 uint64_t most_ns, zvm_error *err);
void __wrap_zvm__pool_drop(zvm__worker *w);


/* It is counted after it was taken and until before it is dropped. */
static void note_taken(const zvm__worker *w) {
  (void)pthread_mutex_lock(&all.lock);
  mine->worker = *w;
  mine->busy = true;
  mine->takes++;
  mine->took = seconds();
  if (++all.busy > all.busiest)
    all.busiest = all.busy;
  (void)pthread_mutex_unlock(&all.lock);
}


static void note_dropped(void) {
  (void)pthread_mutex_lock(&all.lock);
  mine->busy = false;
  all.busy--;
  (void)pthread_mutex_unlock(&all.lock);
}


zvm_status __wrap_zvm__pool_take(zvm__worker *w, zvm__turn *turn,
                                 uint64_t most_ns, zvm_error *err) {
  zvm_status st = __real_zvm__pool_take(w, turn, most_ns, err);
  if (mine != NULL && st == ZVM_OK && turn->state == ZVM__TURN_HAS)
    note_taken(w);
  return st;
}


zvm_status __wrap_zvm__pool_swap(zvm__worker *w, zvm_error *err) {
  if (mine != NULL)
    note_dropped();
  zvm_status st = __real_zvm__pool_swap(w, err);
  if (mine != NULL && st == ZVM_OK)
    note_taken(w);
  return st;
}


void __wrap_zvm__pool_drop(zvm__worker *w) {
  if (mine != NULL)
    note_dropped();
  __real_zvm__pool_drop(w);
}


/* -- Trials -------------------------------------------------------------- */

void hits_enter(unsigned thread) {
  mine = &all.slots[thread];
}


void hits_begin(wish w) {
  (void)pthread_mutex_lock(&all.lock);
  *mine = (slot){.wish = w, .start = seconds()};
  (void)pthread_mutex_unlock(&all.lock);
}


unsigned hits_end(void) {
  (void)pthread_mutex_lock(&all.lock);
  unsigned takes = mine->takes;
  mine->wish = WISH_NONE;
  (void)pthread_mutex_unlock(&all.lock);
  return takes;
}


bool hits_explain(void) {
  double now = seconds();
  (void)pthread_mutex_lock(&all.lock);
  bool marked = mine->marked ||
                (all.zygote.from <= now && all.zygote.to >= mine->start);
  bool known = marked || all.losts < LOST_MOST;
  if (!marked && known)
    all.lost[all.losts++] = (span){mine->start, now};
  (void)pthread_mutex_unlock(&all.lock);
  return known;
}


static int by_end(const void *a, const void *b) {
  double x = ((const span *)a)->to, y = ((const span *)b)->to;
  return x < y ? -1 : x > y;
}


/*
** Each lost run needs a kill of its own within its time. Those that end first
** take the first one that fits: that leaves the most for the others.
*/
unsigned hits_unexplained(void) {
  unsigned left = 0;
  (void)pthread_mutex_lock(&all.lock);
  qsort(all.lost, all.losts, sizeof all.lost[0], by_end);
  for (unsigned i = 0; i < all.losts; i++) {
    const span *run = &all.lost[i];
    span *found = NULL;
    for (unsigned k = 0; k < all.blinds && found == NULL; k++)
      if (all.blind[k].to >= run->from && all.blind[k].from <= run->to)
        found = &all.blind[k];
    if (found != NULL)
      *found = (span){0, -1};
    left += found == NULL;
  }
  all.losts = all.blinds = 0;
  (void)pthread_mutex_unlock(&all.lock);
  return left;
}


unsigned hits_busiest(void) {
  (void)pthread_mutex_lock(&all.lock);
  unsigned most = all.busiest;
  all.busiest = all.busy;
  (void)pthread_mutex_unlock(&all.lock);
  return most;
}


/* -- The killer ---------------------------------------------------------- */

static uint64_t dice(uint64_t most) {
  all.random = all.random * 6364136223846793005u + 1442695040888963407u;
  return (all.random >> 33) % most;
}


/* One that has had its worker for some time is the likelier to be running. */
static slot *aim(void) {
  slot *s = &all.slots[dice(THREADS)];
  return s->busy && s->wish != WISH_STOP ? s : NULL;
}


static void strike(slot *s, int sig) {
  s->marked = true;
  zvm__pool_tell(&s->worker, sig);
  hit.killed += sig == SIGKILL;
  hit.ended += sig != SIGKILL;
}


/* What was asked for, when the guest has had the time to begin. */
static void serve_wishes(void) {
  (void)pthread_mutex_lock(&all.lock);
  for (slot *s = all.slots; s < all.slots + THREADS; s++) {
    if (!s->busy || s->served || seconds() - s->took < 0.004)
      continue;
    if (s->wish == WISH_KILL)
      strike(s, SIGKILL);
    if (s->wish == WISH_STOP) {
      s->marked = true;
      zvm__pool_tell(&s->worker, SIGSTOP);
      hit.frozen++;
    }
    /* One whose zygote was just killed may have another worker soon. */
    s->served = s->wish == WISH_STOP;
  }
  (void)pthread_mutex_unlock(&all.lock);
}


static void kill_aimed(void) {
  static const int others[] = {SIGTERM, SIGSEGV, SIGABRT};
  (void)pthread_mutex_lock(&all.lock);
  slot *s = aim();
  if (s != NULL)
    strike(s, dice(4) != 0 ? SIGKILL : others[dice(3)]);
  (void)pthread_mutex_unlock(&all.lock);
}


/* Some worker's id, or 0: of one that is there, and not stopped for good. */
static int find_one(void) {
  proc list[PROCS_MOST];
  int n = procs_find(list), some[PROCS_MOST], count = 0;
  for (int i = 1; i < n; i++)
    if (list[i].state != 'Z' && list[i].state != 'T')
      some[count++] = list[i].pid;
  return count == 0 ? 0 : some[dice((uint64_t)count)];
}


static void kill_blind(void) {
  int pid = find_one();
  (void)pthread_mutex_lock(&all.lock);
  if (pid != 0 && all.blinds < BLIND_MOST) {
    double from = seconds();
    if (kill(pid, SIGKILL) == 0) {
      all.blind[all.blinds++] = (span){from, seconds()};
      hit.blind++;
    }
  }
  (void)pthread_mutex_unlock(&all.lock);
}


static void pause_one(void) {
  int pid = find_one();
  if (pid == 0 || kill(pid, SIGSTOP) != 0)
    return;
  (void)usleep((unsigned)dice(20000));
  (void)kill(pid, SIGCONT);
  hit.stopped++;
}


static bool is_alive(int pid) {
  proc list[PROCS_MOST];
  for (int i = procs_find(list) - 1; i >= 0; i--)
    if (list[i].pid == pid)
      return list[i].state != 'Z';
  return false;
}


/* Its death is seen before the next thing is done. */
static void hit_zygote(bool kills) {
  proc list[PROCS_MOST];
  if (procs_find(list) == 0)
    return;
  int pid = list[0].pid;
  if (!kills) {
    (void)kill(pid, SIGSTOP);
    (void)usleep((unsigned)dice(50000));
    (void)kill(pid, SIGCONT);
    hit.zygotes_stopped++;
    return;
  }
  (void)pthread_mutex_lock(&all.lock);
  all.zygote = (span){seconds(), 1e300};
  (void)pthread_mutex_unlock(&all.lock);
  (void)kill(pid, SIGKILL);
  while (is_alive(pid))
    (void)usleep(200);
  (void)pthread_mutex_lock(&all.lock);
  all.zygote.to = seconds();
  (void)pthread_mutex_unlock(&all.lock);
  hit.zygotes++;
}


static void *kill_some(void *arg) {
  (void)arg;
  for (unsigned tick = 1; !all.stop; tick++) {
    (void)usleep((unsigned)dice(2 * TICK_US));
    serve_wishes();
    uint64_t what = dice(64);
    if (what < 20)
      kill_aimed();
    else if (what < 30)
      kill_blind();
    else if (what < 34)
      pause_one();
    else if (what == 34)
      hit_zygote(false);
    if (all.zygotes && tick % 128 == 16)
      hit_zygote(true);
  }
  return NULL;
}


void hits_start(uint64_t seed, bool zygotes) {
  all.stop = false;
  all.random = seed;
  all.zygotes = zygotes;
  start_thread(&all.thread, kill_some, NULL);
}


void hits_stop(void) {
  all.stop = true;
  (void)pthread_join(all.thread, NULL);
}
