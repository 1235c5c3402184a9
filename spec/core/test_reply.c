/*
** test_reply.c - what a worker says is believed only if it can be: forged
** answers, cut answers, answers of a worker that a guest has taken over.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "worker/send.h"

enum { CHANNELS = 3, OUT = 1, GETS = 5, PUTS = 7 };

typedef struct answer {
  zvm__wire_reply reply;
  zvm__wire_moved moved[CHANNELS];
  size_t size;
  const char *bytes; /* that follow */
  size_t count;
  size_t stack; /* and bytes of it after that */
} answer;

/* One that is right: it collected four bytes in channel OUT. */
static answer right(void) {
  answer a;
  memset(&a, 0, sizeof a);
  a.reply.magic = ZVM__WIRE_REPLY;
  a.reply.outcome.code = 3;
  a.moved[OUT].used[ZVM_LIMIT_PUTS] = 1;
  a.moved[OUT].used[ZVM_LIMIT_PUT_SIZE] = 4;
  a.moved[OUT].size = 4;
  a.size = sizeof a.reply + sizeof a.moved;
  a.bytes = "data";
  a.count = 4;
  return a;
}


static zvm__channel list[CHANNELS];
static zvm__outcome outcome;
static char why[ZVM__MESSAGE_MAX];
static zvm_error err;


static int64_t most_put = PUTS;
static bool digests; /* are wanted: of memory, and of what OUT has at its end */

static void reset_channels(void) {
  for (int i = 0; i < CHANNELS; i++)
    zvm__channel_free(&list[i]);
  for (int i = 0; i < CHANNELS; i++)
    list[i] = (zvm__channel){
        .source = i == OUT ? &zvm__source_buffer : &zvm__source_null,
        .fd = -1,
        .limits = {GETS, GETS, PUTS, most_put},
        .file_size = ZVM_UNLIMITED,
        .stops = i == OUT,
        .algorithm = i == OUT && digests ? ZVM_ETAG_MD5 : ZVM_ETAG_NONE,
        .wants_final = i == OUT && digests};
}


/* Two pages of stack and nothing else. */
static const zvm__map map = {.region = {{0xFFFFE000, 0x100000000, 3}},
                             .count = 1,
                             .stack_base = 0xFFFFE000};
static zvm__left left;
static const uint8_t stack[8192] = {1, 2, 3};

static zvm__trace *trace; /* of the job, or NULL */
static zvm_module module;

/* As `h` says, from `socket`. */
static zvm__verity listen_at(int socket, zvm__hearing *h) {
  zvm__channels all = {.list = list, .count = CHANNELS};
  zvm__job job = {.module = &module,
                  .channels = &all,
                  .map = &map,
                  .left = &left,
                  .trace = trace};
  if (digests)
    job.memory_etag.algorithm = ZVM_ETAG_MD5;
  reset_channels();
  outcome = (zvm__outcome){.code = -77};
  free(left.bytes);
  left = (zvm__left){0};
  why[0] = '\0';
  zvm__worker w = {.socket = socket, .number = 1};
  h->worker = &w;
  h->watcher = -1;
  return zvm__reply_read(&job, h, &outcome, why, &err);
}


static int told; /* the signal that the host told the worker */

static zvm__verity judge(const answer *a) {
  zvm__hearing h = {.until_ns = UINT64_MAX, .stopped = told};
  int ends[2];
  (void)!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  if (a->size > 0)
    (void)!send(ends[1], a, a->size, 0);
  if (a->count > 0)
    (void)!send(ends[1], a->bytes, a->count, 0);
  if (a->stack > 0)
    (void)!send(ends[1], stack, a->stack, 0);
  (void)close(ends[1]);
  zvm__verity v = listen_at(ends[0], &h);
  (void)close(ends[0]);
  return v;
}


static bool took_nothing(void) {
  bool nothing = outcome.code == -77 && left.bytes == NULL;
  for (int i = 0; i < CHANNELS; i++)
    nothing = nothing && list[i].used[ZVM_LIMIT_PUTS] == 0 &&
              list[i].bytes == NULL && list[i].size == 0;
  return nothing;
}


/* Not believed, and nothing of it is taken. */
static void refused(answer a, const char *what) {
  zvm__verity v = judge(&a);
  if (!ok(v == ZVM__SILENCE && took_nothing() && why[0] != '\0', what))
    printf("# verity %d, %s\n", (int)v, why);
}

#define WITH(change, what)                                               \
  do {                                                                   \
    answer a = right();                                                  \
    change;                                                              \
    refused(a, what);                                                    \
  } while (0)


static void traces(void) {
  static zvm__trace own;
  WITH(a.reply.outcome.trace_os = 5, "so is an error of no trace");
  trace = &own;
  WITH(a.reply.outcome.trace_os = 4096, "one that is no errno");
  WITH(a.reply.outcome.trace_os = -5, "a negative one");
  answer a = right();
  a.reply.outcome.trace_os = 5;
  ok(judge(&a) == ZVM__ANSWER && outcome.trace_os == 5,
     "one of a trace that there is, is taken");
  trace = NULL;
}


static void outcomes(void) {
  WITH(a.reply.magic++, "an answer of another build is refused");
  WITH(a.reply.outcome.state = 6, "so is an unknown state");
  WITH(a.reply.outcome.state = (zvm_state)-1, "a negative one");
  WITH(a.reply.outcome.state = ZVM_STATE_LOST,
       "a state that only the host can know");
  WITH(a.reply.outcome.state = ZVM_STATE_TIMEOUT,
       "a timeout of a run without one");
  WITH((a.reply.outcome.state = ZVM_STATE_LIMIT,
        a.reply.outcome.limit = ZVM_LIMITED_CPU),
       "a limit that was not set");
  told = SIGTERM;
  WITH((a.reply.outcome.state = ZVM_STATE_STOPPED), "a stop by signal 0");
  WITH((a.reply.outcome.state = ZVM_STATE_STOPPED,
        a.reply.outcome.signal = 65),
       "a stop by signal 65");
  WITH((a.reply.outcome.state = ZVM_STATE_STOPPED,
        a.reply.outcome.signal = SIGINT),
       "a stop by another signal than came");
  told = 0;
  WITH((a.reply.outcome.state = ZVM_STATE_STOPPED,
        a.reply.outcome.signal = SIGTERM),
       "a stop that was not this process's");
  told = SIGTERM;
  answer a = right();
  a.reply.outcome.state = ZVM_STATE_STOPPED;
  a.reply.outcome.signal = SIGTERM;
  ok(judge(&a) == ZVM__ANSWER && outcome.signal == SIGTERM,
     "one that was is taken");
  told = 0;
  WITH(a.reply.status = ZVM_E_REJECTED, "a status that no run gives");
  WITH(a.reply.status = (zvm_status)77, "an unknown status");
}


/* The worker says that channel `c` ran out of this. */
static answer ran_out(zvm_limited limit, uint32_t c) {
  answer a = right();
  a.reply.outcome.state = ZVM_STATE_LIMIT;
  a.reply.outcome.limit = limit;
  a.reply.outcome.channel = c;
  return a;
}


static void limits(void) {
  answer a = ran_out(ZVM_LIMITED_PUTS, OUT);
  a.moved[OUT].used[ZVM_LIMIT_PUTS] = PUTS;
  is(judge(&a), ZVM__ANSWER, "a quota that is used up ends a run");
  ok(outcome.limit == ZVM_LIMITED_PUTS && outcome.channel == OUT,
     "with its channel");
  a.moved[OUT].used[ZVM_LIMIT_PUTS]--;
  refused(a, "not one of which a call is left");
  refused(ran_out(ZVM_LIMITED_PUT_SIZE, OUT), "nor one with bytes left");
  refused(ran_out(ZVM_LIMITED_GETS, OUT), "nor one that was not touched");
  refused(ran_out(ZVM_LIMITED_FILE_SIZE, OUT),
          "nor a size of files that was not limited");
  a = ran_out(ZVM_LIMITED_PUTS, 0);
  a.moved[0].used[ZVM_LIMIT_PUTS] = PUTS;
  refused(a, "nor that of a channel whose limits do not end a run");
  refused(ran_out(ZVM_LIMITED_PUTS, CHANNELS),
          "nor that of a channel that is not there");
  refused(ran_out(ZVM_LIMITED_PUTS, UINT32_MAX), "however far away");
  refused(ran_out(ZVM_LIMITED_NONE, OUT), "nor a limit of nothing");
  refused(ran_out(ZVM_LIMITED_RESIDENT, OUT), "nor of memory not limited");
  refused(ran_out(ZVM_LIMITED_WORKERS, OUT),
          "nor that of workers: only the host can know");
  refused(ran_out((zvm_limited)99, OUT), "nor an unknown one");
}


/* A right fault, 16 bytes below the top of the stack, after a pread. */
static answer fault(void) {
  answer a = right();
  zvm__outcome *o = &a.reply.outcome;
  o->state = ZVM_STATE_FAULT;
  o->traps[ZVM_SLOT_PREAD] = 1;
  o->fault = (zvm_fault){.kind = ZVM_FAULT_MEMORY,
                         .signal = SIGSEGV,
                         .regs[4] = 0xFFFFFFF0,
                         .last = {ZVM_SLOT_PREAD, {1, 2, 3, 4}, -9}};
  a.stack = 128 + 16;
  return a;
}

#define FAULT(change, what)                                              \
  do {                                                                   \
    answer a = fault();                                                  \
    zvm_last_trap *last = &a.reply.outcome.fault.last;                   \
    (void)last;                                                          \
    change;                                                              \
    refused(a, what);                                                    \
  } while (0)


static void faults(void) {
  answer a = fault();
  is(judge(&a), ZVM__ANSWER, "a right fault is taken");
  ok(left.address == 0xFFFFFF70 && left.size == 144 && left.bytes[2] == 3,
     "with the stack that it left, as the host reckons it");
  ok(outcome.fault.last.args[3] == 4 && outcome.fault.last.result == -9,
     "and its last trap");
  a = fault();
  a.reply.outcome.fault.regs[4] = 0xFFFFE000;
  a.stack = sizeof stack;
  is(judge(&a), ZVM__ANSWER, "so is one with a full stack");
  a = fault();
  a.reply.outcome.fault.regs[4] = UINT64_MAX;
  a.stack = 0;
  ok(judge(&a) == ZVM__ANSWER && left.size == 0 && left.bytes == NULL,
     "and one whose rsp is nowhere");
  a = fault();
  a.reply.outcome.fault.last = (zvm_last_trap){.slot = ZVM_SLOT_NONE};
  a.reply.outcome.traps[ZVM_SLOT_PREAD] = 0;
  is(judge(&a), ZVM__ANSWER, "and one before any trap");
  FAULT(a.reply.outcome.fault.kind = 0, "a fault without a kind is refused");
  FAULT(a.reply.outcome.fault.kind = 9, "a fault of an unknown kind");
  FAULT(a.reply.outcome.fault.signal = 9, "by a signal that is none");
  FAULT(a.reply.outcome.fault.access = 'q', "with an unknown access");
  /* What lies behind and before the counters is not zero. */
  FAULT((*last = (zvm_last_trap){.slot = ZVM_SLOT_COUNT},
         a.moved[0].used[ZVM_LIMIT_GETS] = 1),
        "a last trap that is none");
  FAULT((*last = (zvm_last_trap){.slot = -2}, a.reply.outcome.user_ns = 1),
        "a negative one");
  FAULT(last->slot = INT32_MIN, "as small as a number can be");
  FAULT((*last = (zvm_last_trap){.slot = ZVM_SLOT_EXIT},
         a.reply.outcome.traps[ZVM_SLOT_EXIT] = 1),
        "an exit, after which nothing faults");
  FAULT(last->slot = ZVM_SLOT_PWRITE, "one that was not counted");
  FAULT(*last = (zvm_last_trap){.slot = ZVM_SLOT_NONE},
        "none, where some were counted");
  FAULT((a.reply.outcome.traps[ZVM_SLOT_FORK] = 1,
         last->slot = ZVM_SLOT_FORK),
        "arguments of a trap that has none");
  FAULT((a.reply.outcome.traps[ZVM_SLOT_PREAD] = 0,
         *last = (zvm_last_trap){ZVM_SLOT_NONE, {0}, 1}),
        "a result of no trap");
  FAULT(last->result = -4096, "a result that is no errno");
  FAULT(last->result = (int64_t)INT32_MAX + 1, "or no number of bytes");
  FAULT(a.stack = 0, "a fault without its stack");
  FAULT(a.stack--, "with a byte of it less");
  FAULT(a.stack++, "or more");
  FAULT(a.reply.outcome.fault.regs[4] -= 8, "or for another rsp");
}


static void channels(void) {
  WITH(a.moved[0].used[ZVM_LIMIT_GETS] = GETS + 1, "more gets than allowed");
  WITH(a.moved[0].used[ZVM_LIMIT_GET_SIZE] = INT64_MAX, "more bytes");
  WITH(a.moved[2].used[ZVM_LIMIT_PUTS] = -1, "a negative counter");
  WITH(a.moved[OUT].size = PUTS + 1, "more bytes collected than allowed");
  WITH(a.moved[OUT].size = UINT64_MAX, "as many as a number can say");
  WITH(a.moved[0].size = 1, "bytes of a channel that collects none");
  WITH(a.moved[OUT].has_etag = 1, "a digest that nobody asked for");
  WITH(a.moved[0].os = -1, "a negative errno");
  WITH(a.moved[0].os = 4096, "one that is none");
}


static void etags(void) {
  WITH(a.moved[OUT].has_final_etag = 1,
       "a digest of the end that nobody asked for is refused");
  WITH(a.reply.outcome.has_memory_etag = 1, "one of memory likewise");
  digests = true;
  answer a = right();
  a.moved[OUT].has_final_etag = a.reply.outcome.has_memory_etag = 1;
  memset(a.moved[OUT].final_etag, 0x77, sizeof a.moved[OUT].final_etag);
  is(judge(&a), ZVM__ANSWER, "those that were asked for are taken");
  ok(list[OUT].has_final_etag && list[OUT].final_etag[15] == 0x77 &&
         list[OUT].final_etag[16] == 0 && outcome.has_memory_etag == 1,
     "as many bytes of them as they have");
  a = right();
  ok(judge(&a) == ZVM__ANSWER && !list[OUT].has_final_etag &&
         outcome.has_memory_etag == 0,
     "a worker that has none says so");
  WITH(a.moved[OUT].has_final_etag = 2, "but there are not two of a channel");
  WITH(a.moved[0].has_final_etag = 1, "nor one of another channel");
  WITH(a.reply.outcome.has_memory_etag = 255, "nor many of memory");
  told = SIGTERM;
  WITH((a.reply.outcome.state = ZVM_STATE_STOPPED,
        a.reply.outcome.signal = SIGTERM,
        a.reply.outcome.has_memory_etag = 1),
       "nor one of a run that was stopped");
  WITH((a.reply.outcome.state = ZVM_STATE_STOPPED,
        a.reply.outcome.signal = SIGTERM, a.moved[OUT].has_final_etag = 1),
       "nor of its channels");
  told = 0;
  digests = false;
}


static void usage(void) {
  answer a = right();
  a.reply.outcome.peak_memory = sizeof stack;
  a.reply.outcome.page_faults = 9;
  ok(judge(&a) == ZVM__ANSWER && outcome.peak_memory == sizeof stack &&
         outcome.page_faults == 9,
     "as much memory as there is, and page faults, are taken");
  WITH(a.reply.outcome.peak_memory = sizeof stack + 4096,
       "more than there is, is not");
  WITH(a.reply.outcome.peak_memory = UINT64_MAX, "however much");
  WITH(a.reply.outcome.peak_memory = 1, "nor a part of a page");
  WITH(a.reply.outcome.faults_handled = 1,
       "nor a fault that a guest without a block handled");
  module.facts.faults = 0x21000;
  a = right();
  a.reply.outcome.faults_handled = 7;
  ok(judge(&a) == ZVM__ANSWER && outcome.faults_handled == 7,
     "one with a block may have");
  module.facts.faults = 0;
}


static void shapes(void) {
  WITH((a.size = 0, a.count = 0), "no answer at all is no answer");
  WITH(a.size--, "an answer with a byte less is refused");
  WITH(a.size = sizeof a.reply, "one without its channels");
  WITH(a.size = 4, "four bytes of one");
  WITH(a.size++, "an answer with a byte more");
  WITH(a.count = 0, "an answer without what it collected");
  WITH(a.count = 3, "with less of it than it says");
  WITH((a.bytes = "datum", a.count = 5), "with more of it than it says");
}


/* What the zygote says of a worker's end, or a worker that it is not. */
static answer end_by(int status) {
  zvm__wire_ended ended;
  answer a = {.size = sizeof ended};
  memset(&ended, 0, sizeof ended);
  ended.magic = ZVM__WIRE_ENDED;
  ended.status = status;
  memcpy(&a, &ended, sizeof ended);
  return a;
}


static void ends(void) {
  answer a = end_by(SIGSEGV);
  is(judge(&a), ZVM__SILENCE, "the end of a worker is no answer");
  ok(strstr(why, "signal 11") != NULL, "its message names the signal");
  a.bytes = "more";
  a.count = 4;
  is(judge(&a), ZVM__SILENCE, "nor is an end after which there is more");
  ok(strstr(why, "cannot be") != NULL, "and that is no end");
}


/* -- An answer that does not come to its end ------------------------------ */

enum { MS_NS = 1000000 };

static uint64_t now_ns(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 * MS_NS + (uint64_t)t.tv_nsec;
}


/* A worker that stays, and says `a`; it should be `until_ms` that it takes. */
static void halts(const answer *a, uint64_t until_ms, const char *what) {
  zvm__hearing h = {.until_ns = now_ns() + until_ms * MS_NS};
  int ends[2];
  (void)!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  if (a->size > 0)
    (void)!send(ends[1], a, a->size, 0);
  uint64_t start = now_ns();
  zvm__verity v = listen_at(ends[0], &h);
  uint64_t ms = (now_ns() - start) / MS_NS;
  if (!ok(v == ZVM__SILENCE && h.tired && took_nothing() &&
              ms >= until_ms && ms < until_ms + 1000,
          what))
    printf("# verity %d, %d ms\n", (int)v, (int)ms);
  (void)close(ends[0]);
  (void)close(ends[1]);
}


/* A piece each 20 ms, and never the last one. */
static void *drip(void *arg) {
  static const char piece[ZVM__WIRE_PIECE];
  while (send(*(int *)arg, piece, sizeof piece, MSG_NOSIGNAL) > 0)
    usleep(20000);
  return NULL;
}


static void drips(void) {
  enum { PIECES = 4000 }; /* 80 s of them; a 20th of what comes is allowed */
  answer a = right();
  zvm__hearing h = {.until_ns = now_ns() + 100 * MS_NS};
  pthread_t other;
  int ends[2];
  (void)!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  a.moved[OUT].used[ZVM_LIMIT_PUT_SIZE] = PIECES * ZVM__WIRE_PIECE;
  a.moved[OUT].size = PIECES * ZVM__WIRE_PIECE;
  most_put = INT64_MAX;
  (void)!send(ends[1], &a, a.size, 0);
  (void)pthread_create(&other, NULL, drip, &ends[1]);
  uint64_t start = now_ns();
  zvm__verity v = listen_at(ends[0], &h);
  uint64_t ms = (now_ns() - start) / MS_NS;
  ok(v == ZVM__SILENCE && h.tired && took_nothing() && ms >= 100 && ms < 2000,
     "one that drips is waited for a millisecond for each piece that came");
  most_put = PUTS;
  (void)close(ends[0]);
  (void)pthread_join(other, NULL);
  (void)close(ends[1]);
}


/* SIGINT, which the host handles, is there when the worker is silent. */
static void stops(void) {
  answer a = right();
  zvm__hearing h = {.until_ns = UINT64_MAX,
                    .stops = (uint64_t)1 << (SIGINT - 1)};
  int ends[2], sig;
  sigset_t set, old;
  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGINT);
  (void)sigprocmask(SIG_BLOCK, &set, &old);
  (void)!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  (void)!send(ends[1], &a, a.size, 0);
  (void)raise(SIGINT);
  zvm__verity v = listen_at(ends[0], &h);
  ok(v == ZVM__SILENCE && h.tired && h.stopped == SIGINT && took_nothing(),
     "a stop of the host ends the wait of a run without a timeout");
  (void)close(h.watcher);
  (void)sigwait(&set, &sig);
  (void)sigprocmask(SIG_SETMASK, &old, NULL);
  (void)close(ends[0]);
  (void)close(ends[1]);
}


static void silences(void) {
  answer a = right();
  halts(&a, 100, "an answer that stops in the middle is waited for so long");
  a = fault();
  a.moved[OUT].size = 0;
  halts(&a, 100, "so is one that stops before the stack of a fault");
  a.size = 0;
  halts(&a, 100, "and one that does not begin");
  a = end_by(0);
  halts(&a, 100, "and the end of a worker that goes on");
  drips();
  stops();
}


/* It ended before it took its job, and nobody is left to say so. */
static void unread(void) {
  zvm__hearing h = {.until_ns = UINT64_MAX};
  int ends[2];
  (void)!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  (void)!send(ends[0], "job", 3, 0);
  (void)close(ends[1]);
  is(listen_at(ends[0], &h), ZVM__UNTOUCHED,
     "a job that was left unread can be another worker's");
  (void)close(ends[0]);
}


/* Random bytes at random places: anything but a wrong taking. */
static void noise(void) {
  unsigned seed = 1;
  int answers = 0, wrong = 0;
  for (int i = 0; i < 100000; i++) {
    answer a = right();
    for (unsigned k = 0; k <= (unsigned)rand_r(&seed) % 4; k++)
      ((uint8_t *)&a)[(size_t)rand_r(&seed) % a.size] =
          (uint8_t)rand_r(&seed);
    if (judge(&a) != ZVM__ANSWER)
      continue;
    answers++;
    wrong += ((unsigned)outcome.state > ZVM_STATE_STOPPED &&
              outcome.state != ZVM_STATE_LIMIT) ||
             list[OUT].size > PUTS;
    for (int c = 0; c < CHANNELS; c++)
      for (int l = 0; l < ZVM_LIMIT_COUNT; l++)
        wrong += list[c].used[l] < 0 || list[c].used[l] > list[c].limits[l];
  }
  ok(answers > 1000 && answers < 99000, "some noise is harmless, some is not");
  is(wrong, 0, "none of it is taken for what cannot be");
}


int main(void) {
  answer a = right();
  is(judge(&a), ZVM__ANSWER, "a right answer is taken");
  is(outcome.code, 3, "with the guest's code");
  ok(list[OUT].size == 4 && memcmp(list[OUT].bytes, "data", 4) == 0,
     "and what it collected");
  outcomes();
  traces();
  faults();
  channels();
  limits();
  etags();
  usage();
  shapes();
  silences();
  unread();
  ends();
  noise();
  return tap_done();
}
