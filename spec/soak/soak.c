/*
** soak.c - the threads, the chunks, and what is left at the end.
**
** usage: soak [--short] [<runs> [<seed>]]
**
** One process: eight threads, seven of which run apart, in workers, and one
** half apart and half inline. After a warm-up come chunks; between two of
** them all is quiet and what is held is counted. A last part of each chunk is
** crowded: fewer workers than threads, and a short queue. In each second one
** the zygote is killed now and then, in the others it lives from end to end.
** Prints TAP, and what it saw as comments. ZVM_BUILD is where guests are.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "../core/tap.h"
#include "soak.h"

enum {
  CHUNKS = 10,
  SHORT_RUNS = 1500,
  LONG_RUNS = 100000,
  RUNS_LEAST = 1000,
  FASHION = 60,      /* runs that are all of one kind, now and then */
  FROZEN_EVERY = 700, /* runs, of which one is stopped for good     */
  FROZEN_AGAIN = 100, /* runs, as long as none was given up         */
  FROZEN_AT = 40,     /* in short soaks too while no zygote is killed */
  CROWD = 3,         /* workers for all threads, when it is crowded */
  QUEUE = 2,
  AFTER = 2 * THREADS, /* runs when nobody kills any longer */
  INPUT = 128 << 10,
};

static uint64_t seed;
static _Atomic uint64_t next_number;
static uint64_t end_number;
static uint64_t thaw; /* from here on none is stopped for good */
static uint64_t ran[32];
static bool quiet; /* nobody kills: what waits for that would wait for ever */
static trial trials[THREADS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;


/* -- Threads ------------------------------------------------------------- */

static const kind *by_weight(uint64_t at) {
  uint64_t all = 0;
  for (unsigned i = 0; i < kinds_count; i++)
    all += kinds[i].weight;
  at %= all;
  unsigned k = 0;
  while (at >= kinds[k].weight)
    at -= kinds[k++].weight;
  return &kinds[k];
}


/*
** Whether a run's worker is to be stopped for good. On a busy machine its time
** may be over before that, or a blind kill comes first: then another one is.
*/
static bool is_frozen(uint64_t number) {
  bool none = __atomic_load_n(&total.given_up, __ATOMIC_RELAXED) == 0;
  return number % (none ? FROZEN_AGAIN : FROZEN_EVERY) == FROZEN_AT &&
         number < thaw;
}


/* Of one kind, all alike, for a while: workers come to expect the module. */
static const kind *choose(trial *t, uint64_t number) {
  t->random = seed ^ number / FASHION * 0x2545f4914f6cdd1d;
  const kind *k = by_weight(pick(t, 1 << 30));
  bool fashion = k->plain && once_in(t, 4);
  t->random = seed * 0x9e3779b97f4a7c15 ^ number;
  if (is_frozen(number))
    return &kinds[kinds_count - 1];
  const kind *own = by_weight(pick(t, 1 << 30));
  own = own->wish != WISH_NONE && quiet ? &kinds[0] : own;
  t->wants_options = !fashion && once_in(t, 2);
  return fashion ? k : own;
}


static void *run_trials(void *arg) {
  trial *t = arg;
  uint64_t number;
  hits_enter(t->thread);
  while ((number = next_number++) < end_number) {
    t->number = number;
    t->kind = choose(t, number);
    trial_begin(t);
    t->kind->run(t);
    trial_end(t);
    (void)pthread_mutex_lock(&lock);
    ran[t->kind - kinds]++;
    (void)pthread_mutex_unlock(&lock);
  }
  return NULL;
}


static void run_all(uint64_t count) {
  pthread_t thread[THREADS];
  end_number = next_number + count;
  thaw = crowded || quiet ? 0 : next_number + count * 2 / 3;
  for (unsigned i = 0; i < THREADS; i++)
    start_thread(&thread[i], run_trials, &trials[i]);
  for (unsigned i = 0; i < THREADS; i++)
    (void)pthread_join(thread[i], NULL);
  next_number = end_number; /* each thread took one too many */
}


static bool make_trials(void) {
  for (unsigned i = 0; i < THREADS; i++) {
    trial *t = &trials[i];
    t->thread = i;
    t->input = malloc(INPUT);
    t->output = malloc(INPUT);
    (void)snprintf(t->path, sizeof t->path, "/tmp/zvm-soak-XXXXXX");
    t->file = mkostemp(t->path, 02000000 /* O_CLOEXEC */);
    if (t->input == NULL || t->output == NULL || t->file < 0)
      return false;
  }
  return true;
}


static void free_trials(void) {
  for (unsigned i = 0; i < THREADS; i++) {
    (void)unlink(trials[i].path);
    (void)close(trials[i].file);
    free(trials[i].input);
    free(trials[i].output);
  }
}


/* -- Chunks -------------------------------------------------------------- */

static unsigned unexplained, busiest;
static bool too_busy;

static void run_chunk(unsigned i, uint64_t count) {
  uint64_t crowd = count / 25;
  count -= AFTER;
  hits_start(seed + i, i % 2 == 1);
  run_all(count - crowd);
  unsigned most = hits_busiest();
  busiest = most > busiest ? most : busiest;
  crowded = true;
  (void)zvm_workers_limit(CROWD, QUEUE, NULL);
  run_all(crowd);
  too_busy = hits_busiest() > CROWD || too_busy;
  (void)zvm_workers_limit(1024, ZVM_QUEUE_UNLIMITED, NULL);
  crowded = false;
  hits_stop();
  unexplained += hits_unexplained();
  quiet = true;
  run_all(AFTER);
  quiet = false;
  faults_settle();
}


static void show(const char *what, const held *h) {
  printf("# %-8s %7llu runs %5llu lost %3llu wrong | fds %ld, memfds %ld, "
         "maps %ld, heap %ld, rss %ld, pss %ld | zygote fds %ld, maps %ld, "
         "rss %ld, pss %ld | workers %ld, zombies %ld\n",
         what, (unsigned long long)next_number,
         (unsigned long long)total.lost, (unsigned long long)total.wrong,
         h->fds, h->memfds, h->maps, h->heap, h->rss, h->pss, h->zygote_fds,
         h->zygote_maps, h->zygote_rss, h->zygote_pss, h->workers,
         h->zombies);
  (void)fflush(stdout);
}


/* -- What is left over --------------------------------------------------- */

/*
** What is noise. The zygote's mappings are exact, and so is the allocator, but
** for what stdio has of its own; one mapping may be two. A pool at rest has up
** to two descriptors: a worker at hand, and a socket it has yet to close.
** Pages are resident once they were touched, which takes some runs; zygotes
** differ a little, so one is compared to itself before all.
*/
enum {
  FDS_NOISE = 2,
  HEAP_NOISE = 512,
  MAPS_NOISE = 1,
  RSS_NOISE = 512, /* KiB */
  RSS_NOISE_SHORT = 4096,
  ZYGOTE_NOISE = 64,
  ZYGOTES_NOISE = 256,
  ZYGOTE_OWN_FDS = 4,
  WORKERS_NOISE = 24, /* beside as many as threads */
};

static void flat(const char *what, long first, long last, long noise) {
  char sentence[160];
  (void)snprintf(sentence, sizeof sentence,
                 "%s: from %ld to %ld; %ld is noise",
                 what, first, last, noise);
  ok(last <= first + noise, sentence);
}


/* How much it grew at most in a chunk in which it was not killed. */
static long zygote_growth(const held *at, unsigned n) {
  long most = 0;
  for (unsigned i = 2; i < n; i += 2)
    if (at[i].zygote_rss - at[i - 1].zygote_rss > most)
      most = at[i].zygote_rss - at[i - 1].zygote_rss;
  return most;
}


static void compare_zygotes(const held *at, unsigned n) {
  bool fds = true, zombies = false;
  long workers = 0;
  for (unsigned i = 0; i < n; i++) {
    fds = fds && (at[i].zygote_fds < 0 ||
                  at[i].zygote_fds == ZYGOTE_OWN_FDS + at[i].workers);
    zombies = zombies || at[i].zombies > 0;
    workers = at[i].workers > workers ? at[i].workers : workers;
  }
  flat("KiB resident of zygotes", at[0].zygote_rss, at[n - 1].zygote_rss,
       ZYGOTES_NOISE);
  flat("growth of a zygote in a chunk", 0, zygote_growth(at, n),
       ZYGOTE_NOISE);
  flat("mappings of the zygote", at[0].zygote_maps, at[n - 1].zygote_maps,
       0);
  ok(fds, at[0].zygote_fds < 0
              ? "descriptors of the zygote # skip not permitted to look"
              : "the zygote has a descriptor for each worker, and four");
  ok(!zombies, "each worker that ended was reaped");
  flat("workers", THREADS, workers, WORKERS_NOISE);
}


static void compare(const held *at, unsigned n, long rss_noise) {
  const held *first = &at[0], *last = &at[n - 1];
  flat("descriptors", first->fds, last->fds, FDS_NOISE);
  flat("memory files", first->memfds, last->memfds, 0);
  flat("mappings", first->maps, last->maps, MAPS_NOISE);
  flat("bytes allocated", first->heap, last->heap, HEAP_NOISE);
  flat("KiB resident", first->rss, last->rss, rss_noise);
  compare_zygotes(at, n);
}


/* Of all processors, whoever kept them from it. */
static double idle_seconds(void) {
  FILE *f = fopen("/proc/stat", "re");
  double idle = 0, waits = 0;
  if (f != NULL && fscanf(f, "cpu %*f %*f %*f %lf %lf", &idle, &waits) != 2)
    idle = waits = 0;
  if (f != NULL)
    (void)fclose(f);
  return (idle + waits) / (double)sysconf(_SC_CLK_TCK);
}


static void summary(double took, double idle) {
  double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
  printf("#\n#");
  for (unsigned i = 0; i < kinds_count; i++)
    printf(" %s %llu%s", kinds[i].name, (unsigned long long)ran[i],
           i + 1 < kinds_count ? "," : "\n#");
  for (int s = 0; s <= ZVM_STATE_LIMIT; s++)
    printf(" %s %llu,", zvm_state_name(s),
           (unsigned long long)total.states[s]);
  printf(" of these for want of a worker %llu, inline %llu; not begun %llu\n",
         (unsigned long long)total.refused, (unsigned long long)total.inside,
         (unsigned long long)total.no_run);
  printf("# killed %llu workers by aim and %llu blindly, %llu by other "
         "signals, %llu zygotes; stopped %llu workers for a while, %llu for "
         "good, %llu zygotes\n",
         (unsigned long long)hit.killed, (unsigned long long)hit.blind,
         (unsigned long long)hit.ended, (unsigned long long)hit.zygotes,
         (unsigned long long)hit.stopped, (unsigned long long)hit.frozen,
         (unsigned long long)hit.zygotes_stopped);
  printf("# %llu runs lost, %llu of them given up; %llu had more than one "
         "worker, %u at once at most\n"
         "# %.1f s, %.0f runs a second, processors %.0f %% busy\n",
         (unsigned long long)total.lost, (unsigned long long)total.given_up,
         (unsigned long long)total.retried, busiest, took,
         (double)next_number / took, 100 - 100 * idle / took / cpus);
}


/* -- Main ---------------------------------------------------------------- */

static void soak(uint64_t runs, unsigned chunks) {
  held at[CHUNKS + 1];
  double start = seconds(), idle = idle_seconds();
  run_chunk(0, runs / 10);
  at[0] = held_now();
  show("warm-up", &at[0]);
  for (unsigned i = 1; i <= chunks; i++) {
    char name[16];
    run_chunk(i, (runs - next_number) / (chunks + 1 - i));
    at[i] = held_now();
    (void)snprintf(name, sizeof name, "chunk %u", i);
    show(name, &at[i]);
  }
  summary(seconds() - start, idle_seconds() - idle);
  is((long long)total.wrong, 0, "every report is what it must be");
  is(unexplained, 0, "no run is lost whose worker nobody killed");
  ok(total.lost > 0 && hit.killed > 0, "runs whose workers were killed are");
  ok(total.given_up > 0, "so are runs whose workers were stopped for good");
  ok(!too_busy, "no more run at once than may");
  compare(at, chunks + 1, runs < LONG_RUNS ? RSS_NOISE_SHORT : RSS_NOISE);
}


int main(int argc, char **argv) {
  bool quick = argc > 1 && strcmp(argv[1], "--short") == 0;
  char **arg = argv + 1 + quick;
  uint64_t runs = quick ? SHORT_RUNS : LONG_RUNS;
  const char *build = getenv("ZVM_BUILD");
  if (*arg != NULL && **arg != '\0')
    runs = strtoull(*arg, NULL, 0);
  runs = runs < RUNS_LEAST ? RUNS_LEAST : runs;
  arg += *arg != NULL;
  seed = *arg != NULL && **arg != '\0'
             ? strtoull(*arg, NULL, 0)
             : (uint64_t)time(NULL) * 1000 + (uint64_t)getpid() % 1000;
  (void)mallopt(M_ARENA_MAX, 1);
  (void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
  printf("# soak: %llu runs, SEED=%llu\n", (unsigned long long)runs,
         (unsigned long long)seed);
  if (!moves_prepare() || !make_trials() ||
      !faults_prepare(build != NULL ? build : "build")) {
    printf("Bail out! nothing to run\n");
    return 1;
  }
  soak(runs, quick ? 3 : CHUNKS);
  free_trials();
  moves_free();
  faults_free();
  return tap_done();
}
