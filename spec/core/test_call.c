/*
** test_call.c - channels that are functions, and runs that are under way: what
** Lua does not reach. Requests that cannot be, sockets that were handed in,
** signals while a run waits for a connection, threads, forks and uris.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel/channel.h"
#include "guest.h"

/* 256 bytes from handle 3 to the bss; exits with the result. */
GUEST(reads,
      "mov $3, %edi\n mov $0x22000, %esi\n mov $256, %edx\n"
      "gate 1\n mov %eax, %edi\n finish",
      "");
/* 300 times 4096 bytes to handle 3; exits with the last result. */
GUEST(writes,
      "mov $300, %ebx\n"
      ".p2align 5\n 1: mov $3, %edi\n mov $0x22000, %esi\n"
      "mov $4096, %edx\n gate 2\n dec %ebx\n jne 1b\n"
      "mov %eax, %edi\n finish",
      "");
GUEST(exits, "mov $7, %edi\n finish", "");
GUEST(spins, "1: jmp 1b", "");
GUEST(reads_and_spins,
      "mov $3, %edi\n mov $0x22000, %esi\n mov $256, %edx\n"
      "gate 1\n 1: jmp 1b",
      "");

/*
** Rounds up, with every exception unmasked, then puts 300 times 4096 bytes to
** handle 3. Exits with MXCSR, or 1 if a put failed.
*/
GUEST(rounds_up,
      "mov $0x21000, %eax\n ldmxcsr (%eax)\n mov $300, %ebx\n"
      ".p2align 5\n 1: mov $3, %edi\n mov $0x22000, %esi\n"
      "mov $4096, %edx\n gate 2\n cmp $4096, %eax\n jne 2f\n"
      ".p2align 5\n dec %ebx\n jne 1b\n"
      "mov $0x21000, %eax\n stmxcsr 4(%eax)\n mov 4(%eax), %edi\n"
      "jmp 3f\n .p2align 5\n 2: mov $1, %edi\n 3: finish",
      ".long 0x4000, 0");

static zvm_error err;


static zvm_session *make(const unsigned char *pages,
                         const zvm_channel_options *ch,
                         const zvm_session_options *with) {
  zvm_session_options opt = {0};
  if (with != NULL)
    opt = *with;
  if (opt.isolation == ZVM_ISOLATION_DEFAULT)
    opt.isolation = ZVM_ISOLATION_PROCESS;
  opt.channels = ch;
  opt.channels_count = ch != NULL;
  zvm_module *m = guest(pages);
  err = (zvm_error){.status = ZVM_OK};
  zvm_session *s = zvm_session_new(m, &opt, &err);
  zvm_module_free(m);
  return s;
}


static zvm_channel_options channel(zvm_source source, zvm_mode mode) {
  int64_t get = mode == ZVM_MODE_WRITE ? 0 : ZVM_UNLIMITED;
  int64_t put = mode == ZVM_MODE_READ ? 0 : ZVM_UNLIMITED;
  return (zvm_channel_options){.alias = "/dev/x",
                               .source = source,
                               .mode = mode,
                               .limits = {get, get, put, put}};
}


/* -- Requests ------------------------------------------------------------ */

enum { LEFT = 100 };

static int gives, takes, gives_next;

static int give(void *ctx, void *to, size_t size, size_t *got) {
  (void)ctx;
  memset(to, 'g', size);
  *got = gives_next > (int)size ? size : (size_t)gives_next;
  gives++;
  return 0;
}


static int take(void *ctx, const void *from, size_t size) {
  (void)ctx, (void)from, (void)size;
  takes++;
  return ctx != NULL ? *(int *)ctx : 0;
}


static zvm__call_message m;

/* What is made of a message of `size` bytes. */
static zvm__served judge(zvm__channel *ch, int to, size_t size) {
  (void)!send(to, &m, size, 0);
  return zvm__call_serve(ch);
}


static zvm__channel new_call(int ends[2]) {
  (void)!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  zvm__channel ch = {.source = &zvm__source_call,
                     .fd = -1,
                     .peer = ends[0],
                     .call_get = give,
                     .call_put = take,
                     .limits = {9, LEFT, 9, LEFT}};
  (void)zvm__call_prepare(&ch);
  gives = takes = 0;
  gives_next = 1 << 20;
  return ch;
}


static void refused(uint32_t what, int32_t os, uint64_t size, size_t sent,
                    const char *sentence) {
  int ends[2];
  zvm__channel ch = new_call(ends);
  m.what = what;
  m.os = os;
  m.size = size;
  ok(judge(&ch, ends[1], sent) == ZVM__NONSENSE && gives + takes == 0,
     sentence);
  (void)ch.source->close(&ch);
  (void)close(ends[1]);
}


static void requests(void) {
  enum { H = ZVM__CALL_HEAD };
  refused(0, 0, 4, H, "a request for nothing is no request");
  refused(ZVM__CALL_TOLD, 0, 4, H, "nor is an answer");
  refused(ZVM__CALL_GET, 0, 4, H - 1, "nor a part of one");
  refused(ZVM__CALL_GET, 0, 4, H + 4, "nor a get with bytes");
  refused(ZVM__CALL_GET, 1, 4, H, "nor one with an errno");
  refused(ZVM__CALL_GET, 0, 0, H, "nor one of no byte");
  refused(ZVM__CALL_GET, 0, LEFT + 1, H, "nor one of more than the limit");
  refused(ZVM__CALL_GET, 0, UINT64_MAX, H, "however much more");
  refused(ZVM__CALL_PUT, 0, 4, H + 3, "nor a put with a byte less");
  refused(ZVM__CALL_PUT, 0, 4, H + 5, "or more");
  refused(ZVM__CALL_PUT, 0, 0, H, "or none");
  refused(ZVM__CALL_PUT, 0, LEFT + 1, H + LEFT + 1, "or above the limit");
  refused(ZVM__CALL_PUT, 0, ZVM__CALL_PIECE + 1, sizeof m,
          "or larger than a piece");
}


static void counts(void) {
  int ends[2];
  zvm__channel ch = new_call(ends);
  m = (zvm__call_message){.what = ZVM__CALL_GET, .size = 60};
  ok(judge(&ch, ends[1], ZVM__CALL_HEAD) == ZVM__SERVED && ch.served[0] == 60,
     "a right request is served, and counted");
  ok(recv(ends[1], &m, sizeof m, 0) == ZVM__CALL_HEAD + 60 && m.size == 60 &&
         m.what == ZVM__CALL_TOLD && m.bytes[59] == 'g',
     "and answered");
  m = (zvm__call_message){.what = ZVM__CALL_GET, .size = 41};
  is(judge(&ch, ends[1], ZVM__CALL_HEAD), ZVM__NONSENSE,
     "what was served before counts against the limit");
  gives_next = 0;
  m = (zvm__call_message){.what = ZVM__CALL_GET, .size = 40};
  is(judge(&ch, ends[1], ZVM__CALL_HEAD), ZVM__SERVED, "an end is served");
  is(judge(&ch, ends[1], ZVM__CALL_HEAD), ZVM__NONSENSE,
     "and nobody asks behind it");
  is(gives, 2, "so the function is not called again");
  (void)close(ends[1]);
  is(zvm__call_serve(&ch), ZVM__SERVE_END, "that the worker is gone is seen");
  is(ch.peer, -1, "once");
  (void)ch.source->close(&ch);
}


/* A right without a call, and bytes that the socket has no room for. */
static void bounds(void) {
  int ends[2], small = 1;
  zvm__channel ch = new_call(ends);
  ch.limits[ZVM_LIMIT_GETS] = ch.limits[ZVM_LIMIT_PUTS] = 0;
  m = (zvm__call_message){.what = ZVM__CALL_GET, .size = 4};
  is(judge(&ch, ends[1], ZVM__CALL_HEAD), ZVM__NONSENSE,
     "who may get bytes, but not once, does not ask");
  m = (zvm__call_message){.what = ZVM__CALL_PUT, .size = 4};
  ok(judge(&ch, ends[1], ZVM__CALL_HEAD + 4) == ZVM__NONSENSE &&
         gives + takes == 0,
     "nor put them");
  ch.limits[ZVM_LIMIT_GETS] = 1;
  ch.limits[ZVM_LIMIT_GET_SIZE] = ZVM_UNLIMITED;
  (void)setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  m = (zvm__call_message){.what = ZVM__CALL_GET, .size = ZVM__CALL_PIECE};
  is(judge(&ch, ends[1], ZVM__CALL_HEAD), ZVM__SERVED,
     "an answer that the kernel does not take");
  ok(recv(ends[1], &m, sizeof m, MSG_DONTWAIT) == ZVM__CALL_HEAD &&
         m.what == ZVM__CALL_TOLD && m.os == EMSGSIZE && m.size == 0,
     "is an error: who asked does not wait for ever");
  (void)ch.source->close(&ch);
  (void)close(ends[1]);
}


static void deaf(void) {
  int ends[2], served = 0;
  zvm__channel ch = new_call(ends);
  ch.limits[ZVM_LIMIT_PUT_SIZE] = ZVM_UNLIMITED;
  m = (zvm__call_message){.what = ZVM__CALL_PUT, .size = 1};
  zvm__served how;
  while ((how = judge(&ch, ends[1], ZVM__CALL_HEAD + 1)) == ZVM__SERVED &&
         served < 100000)
    served++;
  ok(how == ZVM__NONSENSE && served < 10000,
     "a worker that reads no answer is not served for ever");
  (void)ch.source->close(&ch);
  (void)close(ends[1]);
}


/* An allocator may calculate, as those do that take samples. */
extern void *__libc_realloc(void *p, size_t size);
static volatile double ratio = 3;

void *realloc(void *p, size_t size) {
  ratio = 1 / ratio;
  return __libc_realloc(p, size);
}


/* The host's own rounding: else this would be a fault, or the wrong number. */
static int calculates(void *ctx, const void *from, size_t size) {
  volatile double one = 1, three = 3;
  (void)from, (void)size;
  takes++;
  *(double *)ctx = one / three;
  return 0;
}


static void rounds(zvm_isolation isolation, zvm_channel_options ch,
                   const char *sentence) {
  zvm_session_options opt = {.isolation = isolation};
  zvm_session *s = make(rounds_up, &ch, &opt);
  zvm_report r = {0};
  if (!ok(zvm_session_run(s, &r, &err) == ZVM_OK &&
              r.state == ZVM_STATE_EXIT && r.code == 0x4000,
          sentence))
    printf("# state %d, code %#x, %s\n", (int)r.state, (unsigned)r.code,
           err.text);
  zvm_session_free(s);
}


/* MXCSR is not changed between guest and host. */
static void rounding(zvm_isolation isolation) {
  double third = 0;
  zvm_channel_options ch = channel(ZVM_SOURCE_CALL, ZVM_MODE_WRITE);
  ch.put = calculates;
  ch.ctx = &third;
  takes = 0;
  rounds(isolation, ch, "a function does not change how the guest rounds");
  ok(takes == 300 && third == 1 / 3.0, "nor the guest how the function does");
  ch = channel(ZVM_SOURCE_BUFFER, ZVM_MODE_WRITE);
  for (int etag = ZVM_ETAG_NONE; etag <= ZVM_ETAG_MD5; etag++) {
    ch.etag = (zvm_etag)etag;
    rounds(isolation, ch, "what answers traps does not calculate");
  }
}


static void ends_run(zvm_isolation isolation, const char *sentence) {
  int os = ECANCELED;
  zvm_channel_options ch = channel(ZVM_SOURCE_CALL, ZVM_MODE_WRITE);
  ch.put = take;
  ch.ctx = &os;
  zvm_session_options opt = {.isolation = isolation};
  zvm_session *s = make(writes, &ch, &opt);
  zvm_report r = {0};
  takes = 0;
  zvm_status st = zvm_session_run(s, &r, &err);
  if (!ok(st == ZVM_OK && r.state == ZVM_STATE_STOPPED && r.signal == 0 &&
              takes == 1 && r.channels[3].used[ZVM_LIMIT_PUTS] == 1 &&
              r.channels[3].os == 0,
          sentence))
    printf("# status %d, state %d, signal %d, %d calls, %s\n", (int)st,
           (int)r.state, r.signal, takes,
           r.message != NULL ? r.message : "");
  zvm_session_free(s);
  os = 5000;
  s = make(writes, &ch, &opt);
  ok(zvm_session_run(s, &r, &err) == ZVM_OK && r.code == -EIO &&
         r.channels[3].os == EIO,
     "a number that is no errno is EIO");
  zvm_session_free(s);
  os = ENOSPC;
  s = make(writes, &ch, &opt);
  ok(zvm_session_run(s, &r, &err) == ZVM_OK && r.code == -EIO &&
         r.channels[3].os == ENOSPC,
     "another errno is an error of the host");
  zvm_session_free(s);
}


/* -- Sockets ------------------------------------------------------------- */

static int listen_anywhere(struct sockaddr_in *a) {
  socklen_t size = sizeof *a;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  *a = (struct sockaddr_in){.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  (void)!bind(fd, (struct sockaddr *)a, sizeof *a);
  (void)!listen(fd, 8);
  (void)!getsockname(fd, (struct sockaddr *)a, &size);
  return fd;
}


static int connect_to(const struct sockaddr_in *a) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  (void)!connect(fd, (const struct sockaddr *)a, sizeof *a);
  return fd;
}


static void borrowed(zvm_isolation isolation) {
  struct sockaddr_in a;
  int before = open_descriptors();
  int fd = listen_anywhere(&a);
  zvm_channel_options ch = channel(ZVM_SOURCE_FD, ZVM_MODE_READ);
  zvm_session_options opt = {.isolation = isolation};
  zvm_report r = {0};
  ch.fd = fd;
  zvm_session *s = make(reads, &ch, &opt);
  int peer = connect_to(&a);
  (void)!write(peer, "hello", 5);
  (void)close(peer);
  ok(s != NULL && zvm_session_run(s, &r, &err) == ZVM_OK && r.code == 5,
     "a descriptor that listens gives one connection");
  zvm_session_free(s);
  peer = connect_to(&a);
  int other = accept(fd, NULL, NULL);
  ok(other >= 0, "and stays the caller's, and open");
  (void)close(peer);
  (void)close(other);
  (void)close(fd);

  int pair[2], n = 0;
  char bytes[65536];
  (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  ch = channel(ZVM_SOURCE_FD, ZVM_MODE_WRITE);
  ch.fd = pair[0];
  s = make(writes, &ch, &opt);
  ok(s != NULL && zvm_session_start(s, &err) ==
                      (isolation == ZVM_ISOLATION_INLINE ? ZVM_E_STATE
                                                         : ZVM_OK),
     "a session starts only in a worker");
  if (isolation == ZVM_ISOLATION_PROCESS) {
    ssize_t got;
    while (n < 300 * 4096 && (got = read(pair[1], bytes, sizeof bytes)) > 0)
      n += (int)got;
    ok(zvm_session_wait(s, &r, &err) == ZVM_OK && r.code == 4096 &&
           n == 300 * 4096,
       "a connected socket takes all that is put");
    ok(read(pair[1], bytes, 1) == 0 && write(pair[1], "x", 1) == 1,
       "then its peer sees the end, though the caller has it still");
    is(zvm_session_wait(s, &r, &err), ZVM_E_STATE, "waiting twice is refused");
  }
  zvm_session_free(s);
  (void)close(pair[0]);
  (void)close(pair[1]);

  (void)!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  ch.fd = pair[0];
  ok(make(writes, &ch, &opt) == NULL && err.status == ZVM_E_CHANNEL &&
         strstr(err.text, "is not a stream socket") != NULL,
     "a socket of messages is refused");
  (void)close(pair[0]);
  (void)close(pair[1]);
  ch.fd = socket(AF_INET, SOCK_STREAM, 0);
  ok(make(writes, &ch, &opt) == NULL && err.os == ENOTCONN,
     "so is one that is not connected");
  (void)close(ch.fd);
  ok(open_descriptors() <= before + 1, "no descriptor is left");
}


/* The peer resets: it closes with bytes unread. */
static void reset(zvm_isolation isolation) {
  struct sockaddr_in a;
  int fd = listen_anywhere(&a);
  int ours = connect_to(&a);
  int peer = accept(fd, NULL, NULL);
  zvm_channel_options ch = channel(ZVM_SOURCE_FD, ZVM_MODE_READ_WRITE);
  ch.fd = ours;
  zvm_session *s =
      make(reads, &ch, &(zvm_session_options){.isolation = isolation});
  struct linger now = {1, 0};
  (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  (void)close(peer);
  zvm_report r = {0};
  ok(s != NULL && zvm_session_run(s, &r, &err) == ZVM_OK && r.code == -EIO &&
         r.channels[3].os == ECONNRESET,
     "a connection that is reset is an error of the host");
  zvm_session_free(s);
  (void)close(ours);
  (void)close(fd);
}


/* -- Signals ------------------------------------------------------------- */

static volatile sig_atomic_t handled;

static void count(int sig) {
  (void)sig;
  handled++;
}


static void *send_soon(void *arg) {
  (void)usleep(100000);
  (void)pthread_kill(*(pthread_t *)arg, SIGINT);
  return NULL;
}


static void stops(const zvm_channel_options *ch, const unsigned char *pages,
                  zvm_isolation isolation, const char *sentence) {
  struct sigaction sa = {.sa_handler = count}, old;
  pthread_t self = pthread_self(), other;
  zvm_report r = {0};
  (void)sigaction(SIGINT, &sa, &old);
  zvm_session *s =
      make(pages, ch, &(zvm_session_options){.isolation = isolation});
  handled = 0;
  (void)pthread_create(&other, NULL, send_soon, &self);
  zvm_status st = zvm_session_run(s, &r, &err);
  ok(st == ZVM_OK && r.state == ZVM_STATE_STOPPED && r.signal == SIGINT &&
         handled == 1,
     sentence);
  (void)pthread_join(other, NULL);
  zvm_session_free(s);
  (void)sigaction(SIGINT, &old, NULL);
}


/* A run within a call: its thread waits with signals blocked already. */
static int nest(void *ctx, void *to, size_t size, size_t *got) {
  (void)to, (void)size;
  zvm_report r = {0};
  zvm_session *s = make(spins, NULL, NULL);
  *got = 0;
  *(zvm_status *)ctx = zvm_session_run(s, &r, &err);
  ok(r.state == ZVM_STATE_STOPPED, "a stop ends a run within a call");
  zvm_session_free(s);
  return 0;
}


/* A stop, where no descriptor is left to see it by. */
static void stops_blindly(bool starts, const char *sentence) {
  struct sigaction sa = {.sa_handler = count}, old;
  struct rlimit before, few;
  pthread_t self = pthread_self(), other;
  zvm_report r = {0};
  zvm_session *s = make(spins, NULL, NULL);
  zvm_status st = starts ? zvm_session_start(s, &err) : ZVM_OK;
  (void)sigaction(SIGINT, &sa, &old);
  (void)getrlimit(RLIMIT_NOFILE, &before);
  few = before;
  few.rlim_cur = 3;
  (void)pthread_create(&other, NULL, send_soon, &self);
  (void)setrlimit(RLIMIT_NOFILE, &few);
  if (st == ZVM_OK)
    st = starts ? zvm_session_wait(s, &r, &err)
                : zvm_session_run(s, &r, &err);
  (void)setrlimit(RLIMIT_NOFILE, &before);
  (void)pthread_join(other, NULL);
  if (!ok(st == ZVM_OK && r.state == ZVM_STATE_STOPPED, sentence))
    printf("# status %d, state %d, %s\n", (int)st, (int)r.state, err.text);
  zvm_session_free(s);
  (void)sigaction(SIGINT, &old, NULL);
}


static void signals(void) {
  struct sockaddr_in a;
  zvm_status st = ZVM_E_STATE;
  zvm_channel_options ch = channel(ZVM_SOURCE_FD, ZVM_MODE_READ);
  ch.fd = listen_anywhere(&a);
  stops(&ch, reads, ZVM_ISOLATION_PROCESS,
        "a stop ends the wait for a connection");
  stops(&ch, reads, ZVM_ISOLATION_INLINE, "inline too");
  (void)close(ch.fd);
  ch = channel(ZVM_SOURCE_CALL, ZVM_MODE_READ);
  ch.get = nest;
  ch.ctx = &st;
  stops(&ch, reads_and_spins, ZVM_ISOLATION_PROCESS,
        "and the run around it");
  stops(&ch, reads_and_spins, ZVM_ISOLATION_INLINE, "and one inline");
  stops_blindly(false, "without a descriptor a stop is seen as well");
  stops_blindly(true, "of a run that was started too");
}


/* -- Threads and forks --------------------------------------------------- */

static void *wait_elsewhere(void *arg) {
  zvm_report r;
  return (void *)(intptr_t)zvm_session_wait(arg, &r, &err);
}


static void *free_elsewhere(void *arg) {
  zvm_session_free(arg);
  return NULL;
}


static void *start_here(void *arg) {
  return (void *)(intptr_t)zvm_session_start(arg, &err);
}


/* What a thread leaves behind when it ends. */
static void abandoned(void) {
  pthread_t t;
  void *st = NULL;
  zvm_session *s = make(exits, NULL, NULL);
  (void)pthread_create(&t, NULL, start_here, s);
  (void)pthread_join(t, &st);
  is((intptr_t)st, ZVM_OK, "a thread starts a session, and ends");
  (void)alarm(10);
  (void)pthread_create(&t, NULL, wait_elsewhere, s);
  (void)pthread_join(t, &st);
  (void)alarm(0);
  is((intptr_t)st, ZVM_E_STATE, "one in its place cannot wait for it either");
  zvm_session_free(s);
}


static void threads(void) {
  pthread_t t;
  void *st = NULL;
  zvm_report r = {0};
  zvm_session *s = make(exits, NULL, NULL);
  is(zvm_session_wait(s, &r, &err), ZVM_E_STATE,
     "who has not started cannot wait");
  is(zvm_session_start(s, &err), ZVM_OK, "a session starts");
  is(zvm_session_start(s, &err), ZVM_E_STATE, "once");
  is(zvm_session_run(s, &r, &err), ZVM_E_STATE, "and does not run then");
  (void)pthread_create(&t, NULL, wait_elsewhere, s);
  (void)pthread_join(t, &st);
  is((intptr_t)st, ZVM_E_STATE, "another thread cannot wait for it");
  ok(zvm_session_wait(s, &r, &err) == ZVM_OK && r.code == 7,
     "its own can still");
  zvm_session_free(s);
  s = make(spins, NULL, NULL);
  (void)zvm_session_start(s, &err);
  (void)pthread_create(&t, NULL, free_elsewhere, s);
  (void)pthread_join(t, NULL);
  s = make(exits, NULL, NULL);
  ok(zvm_session_run(s, &r, &err) == ZVM_OK && r.code == 7,
     "another thread may free it");
  zvm_session_free(s);
}


static void forks(void) {
  zvm_report r = {0};
  zvm_session *s = make(exits, NULL, NULL);
  (void)zvm_session_start(s, &err);
  pid_t pid = fork();
  if (pid == 0) {
    bool lost = zvm_session_wait(s, &r, &err) == ZVM_OK &&
                r.state == ZVM_STATE_LOST &&
                strstr(r.message, "forked") != NULL;
    zvm_session_free(s);
    _exit(lost ? 0 : 1);
  }
  int status = -1;
  (void)waitpid(pid, &status, 0);
  is(status, 0, "a forked child has no part in its parent's runs");
  ok(zvm_session_wait(s, &r, &err) == ZVM_OK && r.code == 7,
     "and does them no harm");
  zvm_session_free(s);
}


/* A call forks, and both return. */
static int fork_within(void *ctx, void *to, size_t size, size_t *got) {
  pid_t *child = ctx;
  (void)size;
  *got = 1;
  *(char *)to = 'f';
  if (*child != 0)
    return 0;
  *child = fork();
  if (*child == 0) {
    *child = -1;
    *(char *)to = 'c';
  } else {
    (void)usleep(100000); /* if it answers, it is first */
  }
  return 0;
}


static void forks_within(void) {
  zvm_report r = {0};
  pid_t child = 0;
  int status = -1;
  zvm_channel_options ch = channel(ZVM_SOURCE_CALL, ZVM_MODE_READ);
  ch.get = fork_within;
  ch.ctx = &child;
  ch.etag = ZVM_ETAG_MD5;
  zvm_session *s = make(reads, &ch, NULL);
  (void)zvm_workers_limit(1, 9, &err);
  zvm_session *next = make(exits, NULL, NULL);
  (void)zvm_session_start(s, &err);
  (void)zvm_session_start(next, &err); /* waits for the first one's worker */
  zvm_status st = zvm_session_wait(s, &r, &err);
  if (child == -1)
    _exit(st == ZVM_OK && r.state == ZVM_STATE_LOST ? 0 : 1);
  uint8_t etag[ZVM_ETAG_MAX];
  memcpy(etag, r.channels[3].etag, sizeof etag);
  zvm_session_free(s);
  s = make(reads, &ch, NULL); /* it does not fork again */
  (void)zvm_session_run(s, &r, &err);
  ok(st == ZVM_OK && r.code == 256 &&
         memcmp(etag, r.channels[3].etag, sizeof etag) == 0,
     "a call that forked is answered once");
  if (waitpid(child, &status, 0) == child)
    is(status, 0, "and its child has no part in the run");
  ok(zvm_session_wait(next, &r, &err) == ZVM_OK && r.code == 7,
     "nor in those that wait");
  zvm_session_free(s);
  zvm_session_free(next);
  (void)zvm_workers_limit(1024, ZVM_QUEUE_UNLIMITED, &err);
}


/* -- Signals within calls ------------------------------------------------ */

static int raise_twice(void *ctx, void *to, size_t size, size_t *got) {
  (void)size;
  ++*(int *)ctx;
  *(char *)to = 's';
  *got = 1;
  (void)raise(SIGINT);
  return 0;
}


/* One byte is given for each call: the guest would make 256. */
static void stops_calls(zvm_isolation isolation) {
  struct sigaction sa = {.sa_handler = count}, old;
  int calls = 0;
  zvm_report r = {0};
  zvm_channel_options ch = channel(ZVM_SOURCE_CALL, ZVM_MODE_READ);
  ch.get = raise_twice;
  ch.ctx = &calls;
  zvm_session *s =
      make(reads, &ch, &(zvm_session_options){.isolation = isolation});
  (void)sigaction(SIGINT, &sa, &old);
  zvm_status st = zvm_session_run(s, &r, &err);
  if (!ok(st == ZVM_OK && r.state == ZVM_STATE_STOPPED && calls == 1,
          "no function is called after a stop"))
    printf("# status %d, state %d, %d calls\n", (int)st, (int)r.state, calls);
  (void)sigaction(SIGINT, &old, NULL);
  zvm_session_free(s);
}


/* -- Pipes --------------------------------------------------------------- */

static void pipes(void) {
  int before = open_descriptors();
  zvm_report r = {0};
  zvm_pipe *p = zvm_pipe_new(0, &err);
  zvm_channel_options ch = channel(ZVM_SOURCE_PIPE, ZVM_MODE_WRITE);
  ch.pipe = p;
  zvm_session *w = make(writes, &ch, NULL);
  ok(make(writes, &ch, NULL) == NULL && err.status == ZVM_E_CHANNEL,
     "an end that is taken is not there");
  ch = channel(ZVM_SOURCE_PIPE, ZVM_MODE_READ);
  ch.pipe = p;
  zvm_session *s = make(reads, &ch, NULL);
  zvm_pipe_free(p);
  (void)zvm_session_start(w, &err);
  ok(zvm_session_run(s, &r, &err) == ZVM_OK && r.code == 256,
     "ends that are taken outlive their pipe");
  zvm_session_free(s);
  ok(zvm_session_wait(w, &r, &err) == ZVM_OK && r.code > 0,
     "who writes does not hear that the reader is gone");
  zvm_session_free(w);
  ok(open_descriptors() <= before + 1, "no descriptor is left");
}


static zvm_channel_options resolved(const char *uri) {
  zvm_channel_options ch = {.source = ZVM_SOURCE_URI, .uri = uri, .fd = -1};
  err.status = zvm_uri_resolve(&ch, &err);
  return ch;
}


static void uris(void) {
  zvm_channel_options ch = resolved("file:a b");
  ok(ch.source == ZVM_SOURCE_FILE && strcmp(ch.path, "a b") == 0,
     "file: is a path");
  ch = resolved("fd:7");
  ok(ch.source == ZVM_SOURCE_FD && ch.fd == 7, "fd: is a descriptor");
  ok(resolved("null:").source == ZVM_SOURCE_NULL, "null: is nothing");
  ok(resolved("tcp:[::1]:80").source == ZVM_SOURCE_URI &&
         err.status == ZVM_OK,
     "a socket stays one");
  ch = resolved("fd:07");
  ok(err.status == ZVM_E_OPTION && ch.source == ZVM_SOURCE_URI && ch.fd == -1,
     "what is none is refused, and nothing changes");
  (void)resolved(NULL);
  ok(err.status == ZVM_E_OPTION, "NULL is none");
}


int main(void) {
  (void)exit_code(exits, NULL);
  zvm_session *s = make(exits, NULL, NULL);
  zvm_report r;
  (void)zvm_session_run(s, &r, &err);
  zvm_session_free(s);
  requests();
  counts();
  bounds();
  deaf();
  rounding(ZVM_ISOLATION_PROCESS);
  rounding(ZVM_ISOLATION_INLINE);
  ends_run(ZVM_ISOLATION_PROCESS, "a function may end the run");
  ends_run(ZVM_ISOLATION_INLINE, "inline too");
  borrowed(ZVM_ISOLATION_PROCESS);
  borrowed(ZVM_ISOLATION_INLINE);
  reset(ZVM_ISOLATION_PROCESS);
  reset(ZVM_ISOLATION_INLINE);
  signals();
  threads();
  abandoned();
  forks();
  forks_within();
  stops_calls(ZVM_ISOLATION_PROCESS);
  stops_calls(ZVM_ISOLATION_INLINE);
  pipes();
  uris();
  return tap_done();
}
