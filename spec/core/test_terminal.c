/*
** test_terminal.c - a person at a terminal: Ctrl-C, Ctrl-Z and fg while an
** interpreter runs a guest. This program is the terminal and the shell.
**
** usage: test_terminal [<interpreter>...]
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "worker.h"

enum { PATIENCE_MS = 20000, CTRL_C = 3, CTRL_D = 4, CTRL_Z = 26 };

static const char script[] =
    "local zvm, code = require 'zvm', require 'support.code'\n"
    "local elf = require 'support.elf'\n"
    "local isolation, way = ...\n"
    "local text = 'the guest runs\\n'\n"
    "local loops = code.new():pwrite(1, elf.DATA, #text):raw 'eb fe'\n"
    "  :module(text)\n"
    "local function run()\n"
    "  local report = zvm.run { program = loops, isolation = isolation,\n"
    "    channels = { stdout = { fd = 1 } } }\n"
    "  return report\n"
    "end\n"
    "function again()\n"
    "  local report = zvm.run { program = code.exit(42),\n"
    "    isolation = isolation }\n"
    "  print('went on with ' .. report.code)\n"
    "end\n"
    "if way == 'caught' then\n"
    "  print('caught', pcall(run))\n"
    "  again()\n"
    "end\n"
    "run()\n"
    "print 'not stopped'\n";

/* A job of the shell's, and what it has shown on the terminal. */
typedef struct job {
  int terminal;
  int told[2];    /* by the shell: events                       */
  int command[2]; /* to the shell: a byte is `fg`               */
  pid_t shell;
  pid_t pid;
  size_t seen; /* of text; what comes after is not looked at yet */
  size_t size;
  char text[16384];
} job;

typedef struct event {
  enum { STARTED, STOPPED, ENDED } kind;
  int value; /* its pid, a signal, an exit status or minus a signal */
} event;


/* -- The shell ----------------------------------------------------------- */

static void tell(const job *j, event e) {
  (void)!write(j->told[1], &e, sizeof e);
}


static pid_t start_job(char **argv) {
  pid_t pid = fork();
  if (pid == 0) {
    (void)setpgid(0, 0);
    (void)tcsetpgrp(0, getpid());
    (void)signal(SIGTTOU, SIG_DFL);
    execvp(argv[0], argv);
    _exit(127);
  }
  (void)setpgid(pid, pid);
  return pid;
}


_Noreturn static void be_shell(const job *j, char **argv) {
  char byte;
  int status;
  (void)signal(SIGTTOU, SIG_IGN);
  pid_t pid = start_job(argv);
  tell(j, (event){STARTED, pid});
  while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
    (void)tcsetpgrp(0, getpgrp());
    tell(j, (event){STOPPED, WSTOPSIG(status)});
    (void)!read(j->command[0], &byte, 1);
    (void)tcsetpgrp(0, pid);
    (void)kill(-pid, SIGCONT);
  }
  tell(j, (event){ENDED, WIFEXITED(status) ? WEXITSTATUS(status)
                                           : -WTERMSIG(status)});
  (void)!read(j->command[0], &byte, 1);
  _exit(0);
}


/* -- The terminal -------------------------------------------------------- */

static int now_ms(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (int)(t.tv_sec % 100000 * 1000 + t.tv_nsec / 1000000);
}


/* Until `what` is on the screen after all that was waited for before. */
static bool shows(job *j, const char *what) {
  int end = now_ms() + PATIENCE_MS;
  for (;;) {
    const char *at = strstr(j->text + j->seen, what);
    if (at != NULL) {
      j->seen = (size_t)(at - j->text) + strlen(what);
      return true;
    }
    struct pollfd p = {.fd = j->terminal, .events = POLLIN};
    int left = end - now_ms();
    if (left <= 0 || poll(&p, 1, left) <= 0)
      return false;
    ssize_t n = read(j->terminal, j->text + j->size,
                     sizeof j->text - 1 - j->size);
    if (n <= 0)
      return false;
    j->size += (size_t)n;
  }
}


static void type(const job *j, const char *text) {
  (void)!write(j->terminal, text, strlen(text));
}


/* What is typed while a program starts up could be flushed. */
static void press(const job *j, char key) {
  usleep(100000);
  (void)!write(j->terminal, &key, 1);
}


static event hear(const job *j) {
  event e = {ENDED, 1000};
  struct pollfd p = {.fd = j->told[0], .events = POLLIN};
  if (poll(&p, 1, PATIENCE_MS) > 0)
    (void)!read(j->told[0], &e, sizeof e);
  return e;
}


static void open_terminal(job *j, char **argv) {
  *j = (job){.terminal = -1};
  (void)!pipe(j->told);
  (void)!pipe(j->command);
  (void)fflush(stdout);
  j->shell = forkpty(&j->terminal, NULL, NULL, NULL);
  if (j->shell == 0)
    be_shell(j, argv);
  j->pid = hear(j).value;
}


static void print_screen(const job *j) {
  for (const char *c = j->text; *c != '\0'; c++)
    printf("%s%c", c == j->text || c[-1] == '\n' ? "# " : "", *c);
  printf("\n");
}


/* False, and the screen, if it went wrong or a process is still there. */
static bool close_terminal(job *j, bool passed) {
  (void)!write(j->command[1], "x", 1);
  (void)kill(-j->pid, SIGKILL);
  (void)waitpid(j->shell, NULL, 0);
  bool clean = none_left(j->pid);
  (void)close(j->terminal);
  for (int i = 0; i < 2; i++) {
    (void)close(j->told[i]);
    (void)close(j->command[i]);
  }
  if (!passed || !clean)
    print_screen(j);
  return passed && clean;
}


/* -- A person ------------------------------------------------------------ */

static bool ends(const job *j, int value) {
  event e = hear(j);
  if (e.kind != ENDED || e.value != value)
    printf("# event %d, %d\n", (int)e.kind, e.value);
  return e.kind == ENDED && e.value == value;
}


static bool interrupts(char *lua, char *path, char *isolation) {
  job j;
  open_terminal(&j, (char *[]){lua, path, isolation, NULL});
  bool passed = shows(&j, "the guest runs");
  press(&j, CTRL_C);
  passed = passed && shows(&j, "interrupted!") && ends(&j, 1);
  return close_terminal(&j, passed);
}


/* The interpreters' handler is there once: a second Ctrl-C kills. */
static bool catches(char *lua, char *path, char *isolation) {
  static char way[] = "caught";
  job j;
  open_terminal(&j, (char *[]){lua, path, isolation, way, NULL});
  bool passed = shows(&j, "the guest runs");
  press(&j, CTRL_C);
  passed = passed && shows(&j, "caught") && shows(&j, "false") &&
           shows(&j, "interrupted!") && shows(&j, "went on with 42") &&
           shows(&j, "the guest runs");
  press(&j, CTRL_C);
  passed = passed && ends(&j, -SIGINT);
  return close_terminal(&j, passed);
}


/* Stop and go on, twice; then interrupt; then the next line is read. */
static bool talks(char *lua, const char *path, const char *isolation) {
  static char flag[] = "-i";
  char line[256];
  job j;
  open_terminal(&j, (char *[]){lua, flag, NULL});
  bool passed = shows(&j, "> ");
  (void)snprintf(line, sizeof line, "assert(loadfile '%s')('%s')\n", path,
                 isolation);
  type(&j, line);
  passed = passed && shows(&j, "the guest runs");
  for (int i = 0; i < 2 && passed; i++) {
    press(&j, CTRL_Z);
    event e = hear(&j);
    passed = e.kind == STOPPED && e.value == SIGTSTP;
    (void)!write(j.command[1], "x", 1);
  }
  press(&j, CTRL_C);
  passed = passed && shows(&j, "interrupted!") && shows(&j, "> ");
  type(&j, "again()\n");
  passed = passed && shows(&j, "went on with 42") && shows(&j, "> ");
  press(&j, CTRL_D);
  passed = passed && ends(&j, 0);
  return close_terminal(&j, passed);
}


static void person_at(char *lua, char *path) {
  static char process[] = "process", inlined[] = "inline";
  char *const isolations[] = {process, inlined};
  char sentence[160];
  for (int i = 0; i < 2; i++) {
    char *way = isolations[i];
    (void)snprintf(sentence, sizeof sentence,
                   "Ctrl-C ends a script with an error (%s, %s)", lua, way);
    ok(interrupts(lua, path, way), sentence);
    (void)snprintf(sentence, sizeof sentence,
                   "a script that catches it goes on (%s, %s)", lua, way);
    ok(catches(lua, path, way), sentence);
    (void)snprintf(sentence, sizeof sentence,
                   "Ctrl-Z, fg and Ctrl-C at the prompt (%s, %s)", lua, way);
    ok(talks(lua, path, way), sentence);
  }
}


int main(int argc, char **argv) {
  static char lua51[] = "lua5.1", luajit[] = "luajit",
              noffi[] = "build/luajit-noffi/bin/luajit";
  char *usual[] = {lua51, luajit, access(noffi, X_OK) == 0 ? noffi : NULL,
                   NULL};
  char **list = argc > 1 ? argv + 1 : usual;
  char path[] = "/tmp/zvm-test-XXXXXX";
  int fd = mkstemp(path);
  (void)!write(fd, script, sizeof script - 1);
  (void)close(fd);
  (void)setenv("LUA_PATH", "lua/?.lua;spec/?.lua;;", 0);
  (void)setenv("LUA_CPATH", "build/?.so;;", 0);
  for (; *list != NULL; list++)
    person_at(*list, path);
  (void)unlink(path);
  return tap_done();
}
