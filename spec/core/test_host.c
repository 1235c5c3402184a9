/*
** test_host.c - C programs that embed Lua: states in several threads, closed
** in any order; hosts that fork, exit and become daemons meanwhile. It is
** linked once with Lua and once with LuaJIT, and finds zvm as scripts do.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "worker.h"

enum { ISOLATIONS = 2 };

static const char *const isolations[ISOLATIONS] = {"process", "inline"};

/* What a state knows. What it makes stays alive until it is closed. */
static const char prelude[] =
    "local zvm, code = require 'zvm', require 'support.code'\n"
    "local kept = {}\n"
    "local function keep(value)\n"
    "  kept[#kept + 1] = value\n"
    "  return value\n"
    "end\n"
    "local function run(guest, isolation, channels)\n"
    "  local module = keep(assert(zvm.load(guest)))\n"
    "  return keep(assert(zvm.run { program = module,\n"
    "    isolation = isolation, channels = channels }))\n"
    "end\n"
    "function exits(isolation, number)\n"
    "  return run(code.exit(number), isolation).code\n"
    "end\n"
    "function faults(isolation)\n"
    "  return run(code.instruction 'f4', isolation).state == 'fault'\n"
    "    and 1 or 0\n"
    "end\n"
    "function loops(isolation)\n"
    "  run(code.new():raw 'eb fe':module(), isolation)\n"
    "end\n"
    "function reads(isolation, fd)\n"
    "  local guest = code.new():pread(0, 0x21000, 1):exit(7):module()\n"
    "  return run(guest, isolation, { stdin = { fd = fd } }).code\n"
    "end\n"
    "function mismatches(letters, count)\n"
    "  local re, bad = require 'zvm.re', 0\n"
    "  pattern = pattern or assert(re.compile '(b)(c)')\n"
    "  for i = 1, count do\n"
    "    local before = letters:rep(i)\n"
    "    local text = before .. 'bc'\n"
    "    local good = pattern:find(text) == #before + 1\n"
    "      and pattern:gsub(text, '') == before\n"
    "      and re.compile('(' .. text .. ')'):match(text) == text\n"
    "    bad = bad + (good and 0 or 1)\n"
    "  end\n"
    "  return bad\n"
    "end\n";


static lua_State *new_state(void) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  if (luaL_dostring(L, prelude) != 0) {
    printf("Bail out! %s\n", lua_tostring(L, -1));
    exit(1);
  }
  return L;
}


/* Call a function of the prelude: its number, or -1. */
static int call(lua_State *L, const char *name, const char *isolation,
                int number) {
  lua_getglobal(L, name);
  lua_pushstring(L, isolation);
  lua_pushinteger(L, number);
  int result = -1;
  if (lua_pcall(L, 2, 1, 0) == 0)
    result = (int)lua_tointeger(L, -1);
  else
    printf("# %s: %s\n", name, lua_tostring(L, -1));
  lua_pop(L, 1);
  return result;
}


/* In both isolations; the number of runs that gave something else. */
static int wrong_runs(lua_State *L) {
  int bad = 0;
  for (int i = 0; i < ISOLATIONS; i++)
    bad += (call(L, "exits", isolations[i], 40 + i) != 40 + i) +
           (call(L, "faults", isolations[i], 0) != 1);
  return bad;
}


/* -- A run that goes on in another thread -------------------------------- */

typedef struct reader {
  pthread_t thread;
  const char *isolation;
  int pipe[2];
  int code;
} reader;


static void *read_one(void *arg) {
  reader *r = arg;
  lua_State *L = new_state();
  r->code = call(L, "reads", r->isolation, r->pipe[0]);
  lua_close(L);
  return NULL;
}


static void start_reader(reader *r, const char *isolation) {
  *r = (reader){.isolation = isolation};
  (void)!pipe(r->pipe);
  (void)pthread_create(&r->thread, NULL, read_one, r);
  usleep(100000);
}


/* What its guest exited with. */
static int end_reader(reader *r) {
  (void)!write(r->pipe[1], "x", 1);
  (void)pthread_join(r->thread, NULL);
  (void)close(r->pipe[0]);
  (void)close(r->pipe[1]);
  return r->code;
}


/* -- Threads ------------------------------------------------------------- */

static void *run_many(void *arg) {
  int *bad = arg;
  lua_State *L = new_state();
  for (int i = 0; i < 20; i++)
    *bad += wrong_runs(L);
  lua_close(L);
  return NULL;
}


static void threads(void) {
  enum { THREADS = 4 };
  pthread_t t[THREADS];
  int bad[THREADS] = {0}, sum = 0;
  for (int i = 0; i < THREADS; i++)
    (void)pthread_create(&t[i], NULL, run_many, &bad[i]);
  for (int i = 0; i < THREADS; i++) {
    (void)pthread_join(t[i], NULL);
    sum += bad[i];
  }
  is(sum, 0, "four threads run guests in both isolations, each in its state");
}


static void any_order(const char *isolation, const char *sentence) {
  enum { STATES = 6 };
  static const int order[STATES] = {0, 2, 4, 5, 3, 1};
  lua_State *L[STATES];
  reader r;
  int bad = 0;
  for (int i = 0; i < STATES; i++) {
    L[i] = new_state();
    bad += wrong_runs(L[i]);
  }
  start_reader(&r, isolation);
  for (int i = 0; i < STATES; i++) {
    bad += call(L[order[i]], "exits", "process", i) != i;
    lua_close(L[order[i]]);
  }
  bad += end_reader(&r) != 7;
  L[0] = new_state();
  bad += wrong_runs(L[0]);
  lua_close(L[0]);
  is(bad, 0, sentence);
}


static void *close_state(void *arg) {
  lua_close(arg);
  return NULL;
}


static void *make_state(void *arg) {
  lua_State *L = new_state();
  *(int *)arg += wrong_runs(L);
  return L;
}


static void moves(void) {
  pthread_t t;
  void *made;
  int bad = 0;
  lua_State *L = new_state();
  bad += wrong_runs(L);
  (void)pthread_create(&t, NULL, close_state, L);
  (void)pthread_join(t, NULL);
  (void)pthread_create(&t, NULL, make_state, &bad);
  (void)pthread_join(t, &made);
  bad += wrong_runs(made);
  lua_close(made);
  is(bad, 0, "a state may be made, used and closed in different threads");
}


/* -- Fork ---------------------------------------------------------------- */

/* Its exit status, or -1 if it did not end within ten seconds. */
static int status_of(pid_t pid) {
  int status = -1;
  for (int i = 0; i < 1000; i++) {
    if (waitpid(pid, &status, WNOHANG) == pid)
      return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    usleep(10000);
  }
  (void)kill(pid, SIGKILL);
  (void)waitpid(pid, &status, 0);
  return -1;
}


static void fork_once(lua_State *L, bool at_once, const char *sentence) {
  (void)fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    int bad = wrong_runs(L);
    if (at_once)
      _exit(bad);
    lua_close(L);
    exit(bad);
  }
  int bad = wrong_runs(L);
  bad += status_of(pid) != 0;
  bad += wrong_runs(L);
  ok(bad == 0 && none_left(pid), sentence);
}


static void forks(void) {
  lua_State *L = new_state();
  is(wrong_runs(L), 0, "a host runs guests before it forks");
  fork_once(L, true, "and after, as does its child, which ends by _exit");
  fork_once(L, false, "or by exit");
  lua_close(L);
}


/* An engine of zvm.re is the parent's: its child begins one of its own. */
static void fork_matching(void) {
  lua_State *L = new_state();
  int bad = call(L, "mismatches", "a", 1);
  (void)fflush(stdout);
  pid_t pid = fork();
  if (pid == 0)
    _exit(call(L, "mismatches", "xy", 100) != 0);
  bad += call(L, "mismatches", "a", 100);
  bad += status_of(pid) != 0;
  is(bad, 0, "a host and its child match patterns, each by itself");
  lua_close(L);
}


/* The turn inline is another thread's: the parent does not wait for it. */
static int fork_beside(lua_State *L) {
  (void)fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    int bad = wrong_runs(L);
    lua_close(L);
    exit(bad);
  }
  int bad = call(L, "exits", "process", 3) != 3;
  bad += status_of(pid) != 0;
  return bad + !none_left(pid);
}


static void forks_beside(const char *isolation, const char *sentence) {
  lua_State *L = new_state();
  int bad = wrong_runs(L);
  reader r;
  start_reader(&r, isolation);
  bad += fork_beside(L);
  bad += end_reader(&r) != 7;
  bad += wrong_runs(L);
  is(bad, 0, sentence);
  lua_close(L);
}


/* -- Ends ---------------------------------------------------------------- */

static void *loop(void *arg) {
  lua_State *L = new_state();
  (void)call(L, "loops", arg, 0);
  return NULL;
}


static void exits_beside(const char *isolation, const char *sentence) {
  int pids[WORKERS_MAX];
  (void)fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    pthread_t t;
    lua_State *L = new_state();
    int bad = wrong_runs(L);
    (void)pthread_create(&t, NULL, loop, (void *)(uintptr_t)isolation);
    usleep(200000);
    exit(bad == 0 && find_workers(getpid(), pids) > 1 ? 5 : 6);
  }
  int status = status_of(pid);
  ok(status == 5 && none_left(pid), sentence);
}


static void kills_beside(const char *isolation, const char *sentence) {
  int fds[2], pids[WORKERS_MAX];
  char byte;
  (void)!pipe(fds);
  (void)fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    lua_State *L = new_state();
    (void)wrong_runs(L);
    (void)!write(fds[1], "x", 1);
    (void)call(L, "loops", isolation, 0);
    _exit(1);
  }
  (void)!read(fds[0], &byte, 1);
  usleep(100000);
  bool had = find_workers(pid, pids) > 1;
  (void)kill(pid, SIGKILL);
  int status = status_of(pid);
  ok(had && status == -SIGKILL && none_left(pid), sentence);
  (void)close(fds[0]);
  (void)close(fds[1]);
}


/* -- Daemons ------------------------------------------------------------- */

/* What daemon(3) and its kin do, in a program that ran guests before. */
_Noreturn static void become_daemon(lua_State *L, int out) {
  (void)setsid();
  if (fork() != 0)
    _exit(0);
  (void)chdir("/");
  int null = open("/dev/null", O_RDWR);
  (void)dup2(null, 0);
  (void)dup2(out, 1);
  (void)dup2(null, 2);
  (void)close_range(3, ~0U, 0);
  char bad = (char)wrong_runs(L);
  (void)!write(1, &bad, 1);
  lua_close(L);
  exit(0);
}


static void daemons(void) {
  int fds[2];
  char bad = 99;
  (void)!pipe(fds);
  lua_State *L = new_state();
  int before = wrong_runs(L);
  (void)fflush(stdout);
  pid_t pid = fork();
  if (pid == 0)
    become_daemon(L, fds[1]);
  (void)close(fds[1]);
  (void)status_of(pid);
  (void)!read(fds[0], &bad, 1);
  is(before + bad, 0, "a host that becomes a daemon runs on");
  is(wrong_runs(L), 0, "so does who started it");
  (void)close(fds[0]);
  lua_close(L);
}


/* -- Children of the host ------------------------------------------------ */

/* Runs with a zygote of its own, which is started with SIGCHLD like that. */
static int run_with(struct sigaction action) {
  (void)sigaction(SIGCHLD, &action, NULL);
  lua_State *L = new_state();
  int bad = wrong_runs(L);
  lua_close(L);
  struct sigaction now;
  (void)sigaction(SIGCHLD, NULL, &now);
  bad += now.sa_handler != action.sa_handler;
  errno = 0;
  bad += waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD;
  return bad;
}


static volatile sig_atomic_t signalled;


static void on_child(int sig) {
  (void)sig;
  signalled++;
}


/* Its own child, and no other, is there to be waited for. */
static int run_with_child(void) {
  struct sigaction action = {.sa_handler = on_child};
  (void)sigaction(SIGCHLD, &action, NULL);
  int fds[2], bad = 0;
  (void)!pipe(fds);
  pid_t pid = fork();
  if (pid == 0) {
    (void)!read(fds[0], fds, 1);
    _exit(9);
  }
  lua_State *L = new_state();
  bad += wrong_runs(L) + (signalled != 0);
  (void)!write(fds[1], "x", 1);
  int status = 0;
  while (waitpid(-1, &status, 0) != pid)
    bad++;
  bad += WEXITSTATUS(status) != 9;
  bad += wrong_runs(L) + (signalled != 1);
  bad += waitpid(-1, &status, 0) != -1;
  lua_close(L);
  return bad;
}


static void children(int which, const char *sentence) {
  (void)fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    struct sigaction unwaited = {.sa_handler = on_child,
                                 .sa_flags = SA_NOCLDWAIT};
    _exit(which == 0   ? run_with(ignored)
          : which == 1 ? run_with(unwaited)
                       : run_with_child());
  }
  is(status_of(pid), 0, sentence);
}


int main(void) {
  (void)setenv("LUA_PATH", "lua/?.lua;spec/?.lua;;", 0);
  (void)setenv("LUA_CPATH", "build/?.so;;", 0);
  forks();
  fork_matching();
  threads();
  any_order("process", "states are closed in any order while a worker runs");
  any_order("inline", "and while a guest runs in this process");
  moves();
  forks_beside("process", "a host forks while another thread has a worker");
  forks_beside("inline", "and while another thread runs a guest inline");
  exits_beside("process", "exit ends a host that has a worker, and the worker");
  exits_beside("inline", "it ends one whose thread runs a guest inline");
  kills_beside("process", "SIGKILL of a host with a run leaves no process");
  kills_beside("inline", "nor does it inline");
  daemons();
  children(0, "a host may ignore SIGCHLD");
  children(1, "or have its children waited for by nobody");
  children(2, "a host waits for its own children, and hears of no others");
  return tap_done();
}
