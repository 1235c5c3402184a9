/*
** test_reply.c - what a worker says is believed only if it can be: forged
** answers, cut answers, answers of a worker that a guest has taken over.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/send.h"

enum { CHANNELS = 3, OUT = 1, GETS = 5, PUTS = 7 };

typedef struct answer {
  zvm__wire_reply reply;
  zvm__wire_moved moved[CHANNELS];
  size_t size;
  const char *bytes; /* that follow */
  size_t count;
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


static void reset_channels(void) {
  for (int i = 0; i < CHANNELS; i++)
    zvm__channel_free(&list[i]);
  for (int i = 0; i < CHANNELS; i++)
    list[i] = (zvm__channel){
        .source = i == OUT ? &zvm__source_buffer : &zvm__source_null,
        .fd = -1,
        .limits = {GETS, GETS, PUTS, PUTS},
        .file_size = ZVM_UNLIMITED,
        .stops = i == OUT};
}


static zvm__verity judge(const answer *a) {
  zvm__channels all = {list, CHANNELS};
  zvm__job job = {.channels = &all};
  int ends[2];
  reset_channels();
  outcome = (zvm__outcome){.code = -77};
  why[0] = '\0';
  (void)!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  if (a->size > 0)
    (void)!send(ends[1], a, a->size, 0);
  if (a->count > 0)
    (void)!send(ends[1], a->bytes, a->count, 0);
  (void)close(ends[1]);
  zvm__worker w = {ends[0], 1};
  zvm__verity v = zvm__reply_read(&job, &w, &outcome, why, &err);
  (void)close(ends[0]);
  return v;
}


/* Not believed, and nothing of it is taken. */
static void refused(answer a, const char *what) {
  zvm__verity v = judge(&a);
  bool untouched = outcome.code == -77;
  for (int i = 0; i < CHANNELS; i++)
    untouched = untouched && list[i].used[ZVM_LIMIT_PUTS] == 0 &&
                list[i].bytes == NULL && list[i].size == 0;
  if (!ok(v == ZVM__SILENCE && untouched && why[0] != '\0', what))
    printf("# verity %d, %s\n", (int)v, why);
}

#define WITH(change, what)                                               \
  do {                                                                   \
    answer a = right();                                                  \
    change;                                                              \
    refused(a, what);                                                    \
  } while (0)


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
  WITH(a.reply.outcome.state = ZVM_STATE_FAULT, "a fault without a kind");
  WITH((a.reply.outcome.state = ZVM_STATE_FAULT,
        a.reply.outcome.fault.kind = 9, a.reply.outcome.fault.signal = 11),
       "a fault of an unknown kind");
  WITH((a.reply.outcome.state = ZVM_STATE_FAULT,
        a.reply.outcome.fault.kind = 1, a.reply.outcome.fault.signal = 9),
       "a fault by a signal that is none");
  WITH((a.reply.outcome.state = ZVM_STATE_FAULT,
        a.reply.outcome.fault.kind = 1, a.reply.outcome.fault.signal = 11,
        a.reply.outcome.fault.access = 'q'),
       "an unknown access");
  WITH((a.reply.outcome.state = ZVM_STATE_STOPPED), "a stop by signal 0");
  WITH((a.reply.outcome.state = ZVM_STATE_STOPPED,
        a.reply.outcome.signal = 65),
       "a stop by signal 65");
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
  channels();
  limits();
  shapes();
  zvm__wire_ended killed;
  memset(&killed, 0, sizeof killed);
  killed.magic = ZVM__WIRE_ENDED;
  killed.status = SIGSEGV;
  answer e = {.size = sizeof killed};
  memcpy(&e, &killed, sizeof killed);
  is(judge(&e), ZVM__SILENCE, "the end of a worker is no answer");
  ok(strstr(why, "signal 11") != NULL, "its message names the signal");
  noise();
  return tap_done();
}
