/*
** test_conversation.c - the executable `zvm` at a terminal: lines edited,
** completed and kept, interrupted, and the commands that begin with a dot.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

enum { PATIENCE_MS = 20000, SCREEN = 1 << 16 };

#define PROGRAM "build/guest/01-hello/main.zvm"
#define FAULTS "build/guest/faults.zvm"

typedef struct talk {
  pid_t pid;
  int terminal;
  size_t size;
  size_t seen; /* what has been looked for and found ends here */
  char text[SCREEN];
} talk;

static char home[] = "/tmp/zvm-talk-XXXXXX";


/* After `chunk`, if there is one. */
static void begin(talk *t, const char *chunk) {
  *t = (talk){.terminal = -1};
  (void)fflush(stdout);
  t->pid = forkpty(&t->terminal, NULL, NULL, NULL);
  if (t->pid == 0) {
    (void)setenv("TERM", "xterm", 1);
    (void)setenv("HOME", home, 1);
    (void)unsetenv("XDG_STATE_HOME");
    if (chunk != NULL)
      (void)execl("build/bin/zvm", "zvm", "-i", "-e", chunk, (char *)NULL);
    (void)execl("build/bin/zvm", "zvm", (char *)NULL);
    _exit(127);
  }
}


/* Whether `what` appears behind what was seen before. */
static bool shows(talk *t, const char *what) {
  for (;;) {
    char *found = strstr(t->text + t->seen, what);
    if (found != NULL) {
      t->seen = (size_t)(found - t->text) + strlen(what);
      return true;
    }
    struct pollfd p = {.fd = t->terminal, .events = POLLIN};
    if (t->size + 1 >= SCREEN || poll(&p, 1, PATIENCE_MS) <= 0)
      break;
    ssize_t n = read(t->terminal, t->text + t->size, SCREEN - 1 - t->size);
    if (n <= 0)
      break;
    t->size += (size_t)n;
    t->text[t->size] = '\0';
  }
  printf("# no \"%s\" in \"%s\"\n", what, t->text + t->seen);
  return false;
}


static void type(talk *t, const char *text) {
  (void)!write(t->terminal, text, strlen(text));
}


/* A whole exchange: at the prompt, this is typed, and that appears. */
static bool says(talk *t, const char *typed, const char *answer) {
  type(t, typed);
  return shows(t, answer);
}


static int end(talk *t) {
  int status = -1;
  (void)waitpid(t->pid, &status, 0);
  (void)close(t->terminal);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}


static void lines(talk *t) {
  ok(shows(t, ".help says what there is\r\n> "), "it begins with a prompt");
  ok(says(t, "1 + 1\r", "\r\n2\r\n> "), "a value is printed");
  ok(says(t, "1 +\r", ">> ") && says(t, "2\r", "\r\n3\r\n> "),
     "a line that is not complete goes on with the next");
  ok(says(t, "for i = 1, 2 do\r", ">> ") &&
         says(t, "print(i)\r", ">> ") && says(t, "end\r", "1\r\n2\r\n> "),
     "so does a statement");
  ok(says(t, "\033[A\033[A\033[A\033[A\r", "\r\n2\r\n> ") ||
         says(t, "\r", "> "),
     "the arrow brings earlier lines back");
  ok(says(t, "#\"\u00e4\u20ac\"\r", "\r\n5\r\n> ") &&
         says(t, "{\"\u00e4\u20ac\", zvm.surv\t", "ey") &&
         says(t, "\025", ""),
     "letters that are more than a byte can be typed, and completed behind");
  ok(says(t, "if x then\r", ">> ") && says(t, "\003", "\r\n> ") &&
         says(t, "error {}\r", "\r\nerror: {}\r\n> "),
     "an error is told as one, whatever it is");
}


static void completions(talk *t) {
  ok(says(t, "zvm.surv\t", "ey") && says(t, "\r", "function"),
     "a field of a table is completed");
  ok(says(t, "zvm.ru\t\t", "zvm.rules") && shows(t, "zvm.run") &&
         says(t, "\025", ""),
     "where there are several, they are listed");
  ok(says(t, "zvm.pipeli\t", "ne") && says(t, "\025", "") &&
         says(t, "zvm.san\t", "dbox") && says(t, "\025", ""),
     "so are those that are there from their first use on");
  ok(says(t, "zvm.run { mem\t\t", "memory_etag = ") && says(t, "\025", ""),
     "an option of zvm.run is completed");
  ok(says(t, "zvm.run { channels = { stdin = { lim\t", "its = ") &&
         says(t, "\025", ""),
     "so is one of a channel");
  ok(says(t, "zvm.pipeline { { input = { spl\t", "it = ") &&
         says(t, "\025", "") && says(t, "p:run { wor\t", "kers = ") &&
         says(t, "\025", ""),
     "so are those of a pipeline");
  ok(says(t, ".hel\t", "p ") && says(t, "\r", ".explain") && shows(t, "> "),
     "so is a command");
  ok(says(t, ".map build/gu\t", "est/") && says(t, "01-hel\t", "lo/") &&
         says(t, "main.z\t", "vm") && says(t, "\r", "text: validated") &&
         shows(t, "> "),
     "so is a program's path");
  ok(says(t, "#'build/guest/01-h\t", "ello/") && says(t, "'\r", "21") &&
         shows(t, "> "),
     "and a path in a string");
  ok(says(t, ".step lua/bin/zvm-c\t\t", "zvm-c++") && shows(t, "zvm-cc") &&
         says(t, "\025", ""),
     "where there are several, their whole names are listed");
}


static void interrupts(talk *t) {
  ok(says(t, "while true do end\r", "end\r\n") &&
         (usleep(200000), says(t, "\003", "interrupted!")) && shows(t, "> "),
     "Ctrl-C ends a loop");
  ok(says(t, "not to be run", "run") && says(t, "\003", "> ") &&
         says(t, "6 * 7\r", "\r\n42\r\n"),
     "Ctrl-C gives up a line that is being typed");
  ok(says(t, "zvm.run { program = \"build/guest/channel_ops.zvm\", args = "
             "{ \"get\", \"0\", \"9\", \"0\" }, channels = { stdin = "
             "{ pipe = zvm.pipe() } } }\r", "} } }\r\n") &&
         (usleep(300000), says(t, "\003", "interrupted!")) && shows(t, "> "),
     "Ctrl-C ends a run");
}


static void values(talk *t) {
  ok(says(t, "zvm.run { program = \"" PROGRAM "\" }\r", "exit 0") &&
         shows(t, "stdout") && shows(t, "> "),
     "a report is shown as one");
  ok(says(t, "_.channels.stdout.data\r", "\"hello, world\\n\""),
     "and is the last value");
  ok(says(t, "{ zvm.run { program = \"" PROGRAM "\" } }\r", "  exit 0"),
     "within another value too");
  ok(says(t, "zvm\r", "functions  barriers") && shows(t, "pipeline"),
     "the module is shown by its names");
  ok(says(t, "setmetatable({}, { __index = { text = function() ran = 1 end } "
             "})\r", "table: ") &&
         says(t, "setmetatable({}, { __index = function() ran = 1 end })\r",
              "table: ") &&
         says(t, "ran\r", "\r\nnil\r\n> "),
     "a value's own code is not run to show it");
  ok(says(t, "zvm.pipeline { { name = \"one\", program = \"" PROGRAM
             "\" } }:run()\r", "\r\nexit\r\n  one "),
     "the report of a pipeline is shown as one");
  ok(says(t, "select(4, zvm.load \"build/guest/08-explain/bad.zvm\")\r",
          "R_MEM_ADDR32") &&
         shows(t, "to do:"),
     "findings are shown with their remedies");
}


static void commands(talk *t) {
  ok(says(t, ".explain build/guest/08-explain/bad.zvm\r", "R_MEM_ADDR32") &&
         shows(t, "Why:"),
     ".explain says why a program is refused");
  ok(says(t, ".map " PROGRAM "\r", "stack") && shows(t, "heap") &&
         shows(t, "text: validated") && shows(t, "gate"),
     ".map draws the memory of an instance");
  ok(says(t, ".trace on\r", "tracing is on") &&
         says(t, "_ = zvm.run { program = \"" PROGRAM "\" }\r",
              "pwrite handle=1"),
     ".trace shows traps");
  ok(says(t, "select('#', zvm.run { program = \"" PROGRAM "\" })\r",
          "exit code=0") &&
         shows(t, "\r\n1\r\n> "),
     "and changes no results");
  ok(says(t, "zvm.start { program = \"" PROGRAM "\" }:wait().state\r",
          "pwrite handle=1") &&
         says(t, ".trace off\r", "tracing is off"),
     "also of runs that zvm.start began");
  ok(says(t, ".step " PROGRAM "\r", "in _start; step 0") &&
         shows(t, "R_RSP_WRITE") && shows(t, "rsp ffffffe8") &&
         shows(t, "step> "),
     ".step stands at the first bundle");
  ok(says(t, "ma\t", "p") && says(t, "\025zvm.ru\t\025\r", "step 1"),
     "Tab knows what can be typed there, and nothing else");
  ok(says(t, "\r", "step 2") && shows(t, "*rsp"),
     "a return is a bundle further, and shows what has changed");
  ok(says(t, "n 3\r", "step 5"), "a number is as many");
  ok(says(t, "m 0x20000 16\r", "0x00020000  "), "memory can be looked at");
  ok(says(t, "m 0x5000\r", "no memory"), "as far as there is any");
  ok(says(t, "c\r", "hello, world") && shows(t, "the run is over") &&
         shows(t, "> "),
     "the rest runs, and prints");
  ok(says(t, ".step \"" FAULTS "\" 'null-write'\r", "step> ") &&
         says(t, "n 100000\r", "fault: SIGSEGV") &&
         shows(t, "access to 0x0") && shows(t, "step> "),
     ".step stops at a fault");
  ok(says(t, "\r", "the run is over: fault memory") && shows(t, "> "),
     "and then tells how the run ended");
  ok(says(t, ".step build/guest/handler_check.zvm\r", "step> ") &&
         says(t, "n 100000\r", "fault: SIGSEGV") && shows(t, "step> ") &&
         says(t, "\r", "handles its fault here") &&
         shows(t, "in __zvm_fault_entry") && shows(t, "step> "),
     "or goes on where the guest handles it");
  ok(says(t, "n 1000000000\r", "fault: SIGSEGV") && shows(t, "step> ") &&
         says(t, "q\r", "stopped after"),
     "and from there on");
  ok(says(t, ".step " FAULTS " overflow\r", "step> ") &&
         says(t, "n 1000000000\r", "before") &&
         says(t, "\003", "interrupted") && shows(t, "step> ") &&
         says(t, "q\r", "stopped after"),
     "Ctrl-C stops it at a bundle, and no more");
  ok(says(t, ".help lua\r", "zvm.sandbox"), "topics have help");
  ok(says(t, ".setp\r", "no command .setp (did you mean .step?); .help") &&
         says(t, ".bogus\r", "no command .bogus; .help"),
     "what is no command is told, and what was meant");
  ok(says(t, "exit\r", "\r\nnil; .quit is with a dot\r\n> ") &&
         says(t, "exit = 4\r", "\r\n> ") && says(t, "exit\r", "\r\n4\r\n> "),
     "so is a command without its dot, where the name is nothing else");
  ok(says(t, ".map zvm\r", "zvm is a table; a program's path is wanted"),
     "so is a value that is no program's path");
}


int main(void) {
  static talk t;
  if (mkdtemp(home) == NULL)
    return 1;
  begin(&t, NULL);
  lines(&t);
  completions(&t);
  interrupts(&t);
  values(&t);
  commands(&t);
  type(&t, ".quit\r");
  is(end(&t), 0, ".quit ends it");
  begin(&t, NULL);
  ok(shows(&t, "> ") && says(&t, "\033[A", ".quit"),
     "the lines of before are there the next time");
  type(&t, "\025\004");
  is(end(&t), 0, "the end of file ends it");
  begin(&t, "function spin(n) for i = 1, n do end end spin(1e6) "
            "jit, package.loaded.jit = nil");
  ok(shows(&t, "> ") && says(&t, "spin(1e12)\r", "\r\n") &&
         (usleep(200000), says(&t, "\003", "interrupted!")) && shows(&t, "> "),
     "Ctrl-C ends a loop that was compiled before");
  type(&t, "\004");
  is(end(&t), 0, "whatever the script has made of jit");
  char history[64];
  (void)snprintf(history, sizeof history, "%s/.zvm_history", home);
  ok(unlink(history) == 0 && rmdir(home) == 0, "nothing else is left");
  return tap_done();
}
