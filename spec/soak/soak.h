/*
** soak.h - many runs of all sorts at full load, while workers are killed.
**
** A *trial* is one run with options of its own, chosen by the seed and its
** number, and with a report that is known beforehand. soak.c runs trials in
** several threads; kinds.c lists what they do; moves.c, limits.c and faults.c
** know what must come of it; trial.c is what all have in common; hits.c kills
** workers and knows which trials that concerns; held.c counts what this
** process holds.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef SOAK_H
#define SOAK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "zvm.h"

enum {
  THREADS = 8,
  TRIAL_CHANNELS = 304,
};

typedef struct trial trial;

typedef enum wish {
  WISH_NONE,
  WISH_KILL, /* the run will not end by itself        */
  WISH_STOP, /* it must be stopped, and never go on   */
} wish;

typedef struct kind {
  const char *name;
  unsigned weight;      /* of a thousand                       */
  void (*run)(trial *t);
  wish wish;            /* never inline, if it has one         */
  bool plain;           /* does not wait for anything          */
} kind;

extern const kind kinds[];
extern const unsigned kinds_count;

struct trial {
  uint64_t number;
  uint64_t random;
  const kind *kind;
  unsigned thread;
  bool wants_options;   /* memory, stack and bounds are not left alone */
  zvm_session_options opt;
  zvm_channel_options list[TRIAL_CHANNELS];
  int pipe[2];
  int file;             /* of the thread, empty           */
  char path[64];        /* its name                       */
  uint8_t *input;       /* of the thread, and so are they */
  uint8_t *output;
  zvm_module *module;
  zvm_session *session;
  zvm_report r;
  bool wrong;
};

/* -- trial.c ------------------------------------------------------------- */

/* Below `most`, which is not 0. */
uint64_t pick(trial *t, uint64_t most);
bool once_in(trial *t, uint64_t n);

/* The trial is wrong: printed, counted. `what` is what does not hold. */
void blame(trial *t, const char *what);
#define MUST(t, condition)                                               \
  do {                                                                   \
    if (!(condition))                                                    \
      blame(t, #condition);                                              \
  } while (0)

/* Random bytes into t->input. */
void fill_input(trial *t, size_t size);

/* A channel with all limits open; change it as you like. */
zvm_channel_options *add_channel(trial *t, const char *alias,
                                 zvm_source source);
zvm_channel_options *add_input(trial *t, const void *bytes, size_t size);

/*
** Load, make a session, run. True: the report is there, and nobody has
** interfered; it must be what it must be. Else the report was looked at.
*/
bool go(trial *t, const unsigned char *pages);
/* The same with the program of a file, which is loaded once. */
bool go_file(trial *t, zvm_module *m);
/* Ended with this code, after `traps` traps. */
void must_exit(trial *t, int32_t code);
void must_limit(trial *t, zvm_limited limit, const char *alias);
const zvm_channel_report *channel_of(const trial *t, const char *alias);

void trial_begin(trial *t);
void trial_end(trial *t);

/* Of all trials. */
typedef struct counts {
  uint64_t wrong;
  uint64_t states[8];
  uint64_t refused; /* for want of a worker       */
  uint64_t lost;
  uint64_t inside;  /* inline                     */
  uint64_t no_run;  /* refused before they ran    */
  uint64_t retried; /* had more than one worker   */
  uint64_t given_up; /* as their workers did not stop */
} counts;
extern counts total;
/* Fewer workers than threads: a run may be refused. */
extern bool crowded;

/* -- Kinds --------------------------------------------------------------- */

/* moves.c */
void exit_code_of(trial *t);
void mix_memory(trial *t);
void mix_file(trial *t);
void mix_pipes(trial *t);
void flood(trial *t);
void gather(trial *t);

/* limits.c */
void time_out(trial *t);
void use_up_cpu(trial *t);
void starve(trial *t);
void exceed_puts(trial *t);
void exceed_gets(trial *t);
void exceed_file(trial *t);
void exceed_memory(trial *t);
void be_killed(trial *t);
void be_frozen(trial *t);

/* faults.c */
void fail_somehow(trial *t);
void use_libc(trial *t);
void fail_with_libc(trial *t);
void be_refused(trial *t);

/* What trials share. False: something is not there; it was printed. */
bool moves_prepare(void);
void moves_free(void);
bool faults_prepare(const char *build);
/* Runs inline, so that what is kept of the last module is always the same. */
void faults_settle(void);
void faults_free(void);

/* -- hits.c -------------------------------------------------------------- */

typedef struct hits {
  uint64_t killed;  /* workers of a trial, by SIGKILL */
  uint64_t ended;   /* by other signals               */
  uint64_t blind;   /* any worker, found in /proc     */
  uint64_t stopped; /* and continued                  */
  uint64_t frozen;  /* and not continued              */
  uint64_t zygotes;
  uint64_t zygotes_stopped;
} hits;
extern hits hit;

double seconds(void);
void start_thread(pthread_t *thread, void *(*fn)(void *), void *arg);

/* This thread's trials are those of slot `thread`. */
void hits_enter(unsigned thread);
void hits_begin(wish w);
/* How many workers it had. */
unsigned hits_end(void);
/*
** May the run that just ended be lost? If only a kill without aim can be the
** reason, it is kept, and looked at by hits_unexplained.
*/
bool hits_explain(void);
/* Lost runs that no kill is left for, since the last time. */
unsigned hits_unexplained(void);
/* How many runs had a worker at once at most, since the last time. */
unsigned hits_busiest(void);

/* In a thread of its own, between start and stop. */
void hits_start(uint64_t seed, bool zygotes);
void hits_stop(void);

/* -- held.c -------------------------------------------------------------- */

typedef struct held {
  long fds, memfds, maps, heap, rss, pss; /* of this process; bytes, KiB */
  long workers, zombies;
  long zygote_fds, zygote_maps, zygote_rss, zygote_pss; /* -1: not known */
} held;

/* All is quiet: what is ending has ended. */
held held_now(void);

typedef struct proc {
  int pid;
  int parent;
  char state;
} proc;
enum { PROCS_MOST = 256 };
/* Zygote and workers of this process, zombies too, the zygote's first. */
int procs_find(proc list[PROCS_MOST]);

#endif
