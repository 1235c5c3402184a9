/*
** mutants.c - whole modules that went wrong are loaded, run, and survived.
**
** usage: mutants [--short]
**
** Guests of the specs are mutated (mutate.c) in text, data and headers. What
** zvm_module_load still accepts is run by the public interface: with little
** memory, an input and outputs in memory, and a timer whose SIGTERM ends what
** does not end. Children run a batch each, as a host would:
**
**   * no child dies of a signal, ends by itself, or hangs
**   * each report is one that may be: its state, fault, rsp, counts of bytes
**   * pages of the host, just above the reserved memory as well, stay as they
**     were
**   * between mutants, modules that are as they were give the result that they
**     gave in a process of their own: the same output, code, traps
**   * so does a mutant that is run again, and a third time: the same output,
**     code, traps, fault and registers
**   * after a batch as many descriptors are open, and as many mappings there,
**     as before it
**
** ZVM_BUILD is where the guests are, SEED another number than 1 gives other
** mutants. The mutant that failed is written to build/test/mutant.zvm. One
** file, although long: half of it is what must hold, the other who sees to it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "mutate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../core/tap.h"
#include "lines.h"
#include "random.h"
#include "zvm.h"

enum {
  PROCESSES = 2,
  BATCH = 2000,      /* mutants of one child                               */
  SPECIMENS = 12,
  SHOWN = 10,
  CANARIES = 4,
  CANARY_SIZE = 1 << 16,
  LIMIT = 1 << 16,   /* bytes that a guest may write to a channel          */
  RUN_MS = 4,        /* of the processor, for a mutant                     */
  BATCH_SECONDS = 120
};

/* In memory that all share. */
typedef struct counters {
  unsigned long mutants, accepted, run, again, references, wrong;
  unsigned long states[3], faults[16], refused[16];
  unsigned long made[MUTATIONS], passed[MUTATIONS];
  size_t size; /* of `bytes`                                               */
  uint8_t bytes[SPECIMEN_MAX]; /* the mutant at hand                       */
} counters;

/* What a run gives, as far as it is the same each time. */
typedef struct outcome {
  zvm_state state;
  int32_t code;
  zvm_fault fault;
  uint64_t traps[ZVM_SLOT_COUNT];
  size_t size[3];
  uint8_t data[3][LIMIT];
} outcome;

/* SPECIMENS of each, in shared memory too: children find out about them. */
static specimen *specimens;
static outcome *expected;
static unsigned specimen_count;
static counters *count;
static uint8_t *canaries[CANARIES];
static timer_t timer;


static void complain(const char *why, const char *name, long long value) {
  if (count->wrong++ < SHOWN)
    printf("# %s: %s, %lld\n", name, why, value);
  (void)fflush(stdout);
}

/* -- A run ----------------------------------------------------------------- */

/* Again and again, as the first may come before the run has begun. */
static void set_timer(long ms) {
  struct itimerspec ticks = {{0, ms * 1000000}, {0, ms * 1000000}};
  (void)timer_settime(timer, 0, &ticks, NULL);
}


static void check_fault(const zvm_fault *f, const char *name) {
  if (f->kind < ZVM_FAULT_MEMORY || f->kind > ZVM_FAULT_PROTECTION)
    complain("an unknown fault", name, f->kind);
  if (f->regs[4] > (uint64_t)1 << 32)
    complain("rsp outside", name, (long long)f->regs[4]);
  if (f->address > (uint64_t)6 << 30 && f->address < -((uint64_t)3 << 30))
    complain("an access outside", name, (long long)f->address);
  count->faults[f->kind & 15]++;
}


static void check_report(const zvm_report *r, const char *name) {
  size_t i;
  if (r->state > ZVM_STATE_STOPPED || r->channels_count != 3) {
    complain("an impossible report", name, r->state);
    return;
  }
  if (r->state == ZVM_STATE_FAULT)
    check_fault(&r->fault, name);
  for (i = 0; i < 3; i++)
    if (r->channels[i].size > LIMIT ||
        r->channels[i].used[ZVM_LIMIT_PUT_SIZE] > LIMIT ||
        r->channels[i].used[ZVM_LIMIT_GET_SIZE] > LIMIT)
      complain("a limit was passed", name, (long long)r->channels[i].size);
}


static void keep_outcome(const zvm_report *r, outcome *o) {
  size_t i;
  memset(o, 0, sizeof *o);
  o->state = r->state;
  o->code = r->code;
  o->fault = r->fault;
  memcpy(o->traps, r->traps, sizeof o->traps);
  for (i = 0; i < r->channels_count && i < 3; i++) {
    o->size[i] = r->channels[i].size;
    if (o->size[i] != 0 && o->size[i] <= LIMIT)
      memcpy(o->data[i], r->channels[i].data, o->size[i]);
  }
}


/* False if there is no session for it. `ms` 0: as long as it takes. */
static bool run_module(zvm_module *m, const char *name, long ms,
                       zvm_state *state, outcome *o) {
  static const char input[] = "one two three\nfour\n\nfive 6 7.5 -8\n";
  static const char *const args[] = {"guest", "a", "b c", NULL};
  static const char *const env[] = {"NAME=value", NULL};
#define LIMITS {1000, LIMIT, 1000, LIMIT}
  const zvm_channel_options channels[] = {
      {.alias = "/dev/stdin", .source = ZVM_SOURCE_MEMORY, .data = input,
       .size = sizeof input - 1, .limits = LIMITS},
      {.alias = "/dev/stdout", .source = ZVM_SOURCE_BUFFER,
       .limits = LIMITS, .etag = true},
      {.alias = "/dev/stderr", .source = ZVM_SOURCE_BUFFER, .limits = LIMITS},
  };
  const zvm_session_options opt = {.isolation = ZVM_ISOLATION_INLINE,
                                   .args = args, .env = env,
                                   .memory = 4 << 20, .stack = 256 << 10,
                                   .channels = channels, .channels_count = 3};
  zvm_error err;
  zvm_report r;
  zvm_status status;
  zvm_session *s = zvm_session_new(m, &opt, &err);
  if (s == NULL)
    return false;
  if (ms != 0)
    set_timer(ms);
  status = zvm_session_run(s, &r, &err);
  if (ms != 0)
    set_timer(0);
  if (status != ZVM_OK) {
    complain(err.text, name, (long long)status);
  } else {
    check_report(&r, name);
    *state = r.state;
    if (o != NULL)
      keep_outcome(&r, o);
  }
  zvm_session_free(s);
  return true;
}

/* -- What must stay -------------------------------------------------------- */

/* Just above the guard, and wherever the system puts them. */
static void map_canaries(void) {
  unsigned i;
  for (i = 0; i < CANARIES; i++) {
    void *hint = i == 0 ? (void *)0x200100000 : i == 1 ? (void *)0x280000000
                                                       : NULL;
    canaries[i] = mmap(hint, CANARY_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (canaries[i] == MAP_FAILED)
      exit(1);
    memset(canaries[i], 0x5a, CANARY_SIZE);
  }
}


static void check_canaries(const char *name) {
  unsigned i;
  for (i = 0; i < CANARIES; i++)
    if (canaries[i][0] != 0x5a ||
        memcmp(canaries[i], canaries[i] + 1, CANARY_SIZE - 1) != 0)
      complain("the host's memory was written", name, i);
}


static zvm_module *load(unsigned n) {
  return zvm_module_load(specimens[n].bytes, specimens[n].size, NULL,
                         NULL);
}


/*
** A module as it was does what it did when it was alone: one that is loaded
** anew, or one that stays, of which the core may keep pages.
*/
static void check_reference(unsigned n) {
  static zvm_module *kept[SPECIMENS];
  static outcome now;
  bool anew = count->references++ % 2 == 0;
  zvm_module *m = anew ? load(n) : kept[n];
  zvm_state state;
  if (m == NULL)
    m = kept[n] = load(n);
  if (m == NULL || !run_module(m, specimens[n].name, 0, &state, &now))
    complain("cannot be run any more", specimens[n].name, n);
  else if (memcmp(&now, &expected[n], sizeof now) != 0)
    complain("another outcome than alone", specimens[n].name, now.code);
  if (anew)
    zvm_module_free(m);
}

/* -- Mutants --------------------------------------------------------------- */

static void count_kinds(unsigned long *counts, unsigned kinds) {
  unsigned k;
  for (k = 0; k < MUTATIONS; k++)
    counts[k] += kinds >> k & 1;
}


/* Runs that were not stopped are all the same. */
static void run_mutant(zvm_module *m, const char *name) {
  static outcome first, again;
  unsigned times = count->run % 4 == 0 ? 3 : 1;
  zvm_state state = ZVM_STATE_EXIT;
  bool compared = true;
  unsigned i;
  for (i = 0; i < times; i++) {
    if (!run_module(m, name, RUN_MS, &state, i == 0 ? &first : &again))
      return;
    compared &= state != ZVM_STATE_STOPPED;
    if (i == 0) {
      count->run++;
      count->states[state % 3]++;
      continue;
    }
    count->again += compared;
    if (compared && memcmp(&first, &again, sizeof first) != 0)
      complain("another outcome when run again", name, again.code);
  }
}


static void try_mutant(void) {
  const specimen *s = &specimens[random_below(specimen_count)];
  unsigned kinds;
  zvm_error err = {0};
  zvm_module *m;
  count->size = mutate(s, count->bytes, &kinds);
  count->mutants++;
  count_kinds(count->made, kinds);
  m = zvm_module_load(count->bytes, count->size, NULL, &err);
  if (m == NULL) {
    count->refused[err.status == ZVM_E_REJECTED]++;
    return;
  }
  count->accepted++;
  count_kinds(count->passed, kinds);
  run_mutant(m, s->name);
  if (count->accepted % 16 == 0)
    check_canaries(s->name);
  if (count->accepted % 4 == 0)
    check_reference(random_below(specimen_count));
  zvm_module_free(m);
}


static void note_stop(int sig) {
  (void)sig;
}


/* Timers are not inherited: of each child its own. */
static void begin_child(void) {
  struct sigaction act = {.sa_handler = note_stop};
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                           .sigev_signo = SIGTERM};
  if (sigaction(SIGTERM, &act, NULL) != 0 ||
      timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) != 0)
    exit(1);
  map_canaries();
}


static void run_batch(uint64_t seed, unsigned mutants) {
  int descriptors, mappings;
  unsigned n;
  begin_child();
  for (n = 0; n < 4 * specimen_count; n++)
    check_reference(n / 4);
  descriptors = open_descriptors();
  mappings = mappings_below(UINT64_MAX);
  random_begin(seed);
  while (mutants-- > 0)
    try_mutant();
  check_canaries("the batch");
  check_reference(0);
  if (open_descriptors() != descriptors)
    complain("descriptors", "the batch", open_descriptors() - descriptors);
  if (mappings_below(UINT64_MAX) != mappings)
    complain("mappings", "the batch",
             mappings_below(UINT64_MAX) - mappings);
}

/* -- Specimens ------------------------------------------------------------- */

/* Bundles of which a hlt at the beginning is reached. */
static void find_hot(specimen *s) {
  static uint8_t probe[SPECIMEN_MAX];
  uint32_t b;
  for (b = 0; b < s->text_size / 32; b++) {
    static outcome o;
    zvm_state state;
    zvm_module *m;
    if (!specimen_probe(s, b, probe))
      continue;
    m = zvm_module_load(probe, s->size, NULL, NULL);
    if (m != NULL && run_module(m, s->name, RUN_MS, &state, &o) &&
        o.fault.kind == ZVM_FAULT_HALT &&
        o.fault.pc == s->address + b * 32)
      s->hot[s->hot_count++] = b;
    zvm_module_free(m);
  }
}


/* Runs in a child, so that this process has never run a guest. */
static void prepare(unsigned n) {
  specimen *s = &specimens[n];
  zvm_module *m = load(n);
  zvm_state state;
  begin_child();
  if (m == NULL || !run_module(m, s->name, 0, &state, &expected[n]))
    exit(1);
  zvm_module_free(m);
  find_hot(s);
}

/* -- All ------------------------------------------------------------------- */

static void write_mutant(const counters *c) {
  FILE *f = fopen("build/test/mutant.zvm", "wb");
  if (f == NULL)
    return;
  (void)fwrite(c->bytes, 1, c->size, f);
  (void)fclose(f);
}


/* True when it has ended as it should. */
static bool await(pid_t child) {
  int status = 0;
  int ticks = BATCH_SECONDS * 100;
  while (ticks-- > 0) {
    pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child)
      break;
    (void)usleep(10000);
  }
  if (ticks <= 0) {
    printf("# a child hangs\n");
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
  } else if (status != 0) {
    printf("# a child ended with status 0x%x\n", status);
  }
  return status == 0;
}


/* `work` of batch or specimen `n` in a child of its own. */
static pid_t begin(void (*work)(uint64_t, unsigned), uint64_t a, unsigned b) {
  pid_t child = fork();
  if (child == 0) {
    work(a, b);
    (void)fflush(stdout);
    _exit(0);
  }
  return child;
}


static void prepare_one(uint64_t n, unsigned unused) {
  (void)unused;
  prepare((unsigned)n);
}


static void open_specimens(void) {
  static const char *const names[] = {
      "01-hello/main",  "02-channels/main", "03-limits/main", "avx_check",
      "06-mapreduce/count", "arguments", "channel_ops", "faults",
      "file_check", "math_check"};
  const char *build = getenv("ZVM_BUILD");
  unsigned i;
  for (i = 0; i < sizeof names / sizeof *names; i++) {
    char path[256];
    snprintf(path, sizeof path, "%s/guest/%s.zvm",
             build != NULL ? build : "build", names[i]);
    specimen_count += specimen_open(&specimens[specimen_count], path);
  }
}


static void *share(size_t size) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    exit(1);
  return p;
}


static bool run_batches(counters *all, unsigned batches, unsigned mutants) {
  const char *seed = getenv("SEED");
  uint64_t base = seed != NULL ? strtoull(seed, NULL, 0) : 1;
  pid_t child[PROCESSES];
  bool good = true;
  unsigned b, p;
  for (b = 0; b < batches; b += PROCESSES) {
    for (p = 0; p < PROCESSES; p++) {
      count = &all[p];
      child[p] = begin(run_batch, base * 1000003 + b + p, mutants);
    }
    for (p = 0; p < PROCESSES; p++) {
      if (await(child[p]))
        continue;
      printf("# in batch %u of seed %llu\n", b + p,
             (unsigned long long)base);
      write_mutant(&all[p]);
      good = false;
    }
  }
  return good;
}


static void report(const counters *c) {
  unsigned i;
  printf("# %lu mutants, %lu accepted, %lu run: %lu exit, %lu fault, %lu "
         "stopped; %lu runs again, %lu of modules as they were, %lu wrong\n"
         "# refused: %lu by the validator, %lu as a file; faults:",
         c->mutants, c->accepted, c->run, c->states[0], c->states[1],
         c->states[2], c->again, c->references, c->wrong, c->refused[1],
         c->refused[0]);
  for (i = ZVM_FAULT_MEMORY; i <= ZVM_FAULT_PROTECTION; i++)
    printf(" %s %lu", zvm_fault_name((zvm_fault_kind)i), c->faults[i]);
  printf("\n# accepted of made:");
  for (i = 0; i < MUTATIONS; i++)
    printf(" %s %lu/%lu", mutation_names[i], c->passed[i], c->made[i]);
  printf("\n");
}


static void add(counters *sum, const counters *c) {
  const unsigned long *from = (const unsigned long *)c;
  unsigned long *to = (unsigned long *)sum;
  size_t i;
  for (i = 0; i < offsetof(counters, size) / sizeof *from; i++)
    to[i] += from[i];
}


int main(int argc, char **argv) {
  bool is_short = argc > 1 && strcmp(argv[1], "--short") == 0;
  counters *all = share((PROCESSES + 1) * sizeof *all);
  counters *sum = all + PROCESSES;
  bool good = true;
  unsigned i;
  specimens = share(SPECIMENS * sizeof *specimens);
  expected = share(SPECIMENS * sizeof *expected);
  count = sum;
  lines_begin();
  open_specimens();
  for (i = 0; i < specimen_count; i++)
    good &= await(begin(prepare_one, i, 0));
  memset(sum, 0, sizeof *sum);
  for (i = 0; i < specimen_count; i++)
    printf("# %s: %u bundles, %u of them executed\n", specimens[i].name,
           specimens[i].text_size / 32, specimens[i].hot_count);
  if (!ok(good && specimen_count > 4, "guests run as they are"))
    return tap_done();
  good = run_batches(all, is_short ? PROCESSES : 110, BATCH);
  for (i = 0; i < PROCESSES; i++)
    add(sum, &all[i]);
  report(sum);
  ok(good, "no mutant ends its host, or hangs");
  ok(good && sum->wrong == 0 && sum->run > sum->mutants / 10,
     "mutants leave nothing behind, and what they do is within bounds");
  return tap_done();
}
