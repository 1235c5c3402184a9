/*
** libc_check.c - the C library at large: formats, numbers, sorting, jumps,
** signals, time, wide characters, regular expressions, the environment.
**
** Run with arguments "one" "two words" and the environment ZVM_CHECK=here.
** Without them those checks are left out. Expected: "N checks, 0 failed",
** exit 0.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <iconv.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "check.h"

/* -- Formats ------------------------------------------------------------- */

static int prints(const char *want, const char *format, ...) {
  char got[600];
  va_list ap;
  va_start(ap, format);
  int n = vsnprintf(got, sizeof(got), format, ap);
  va_end(ap);
  if (n == (int)strlen(want) && !strcmp(got, want)) return 1;
  printf("  wanted <%s>, got <%s>\n", want, got);
  return 0;
}

static void check_formats(void) {
  CHECK(prints("-5 5 +5 00005", "%d %u %+d %05d", -5, 5, 5, 5));
  CHECK(prints("ff 0XFF 377 0377", "%x %#X %o %#o", 255, 255, 255, 255));
  CHECK(prints("-9223372036854775808", "%lld", LLONG_MIN));
  CHECK(prints("18446744073709551615", "%ju", UINTMAX_MAX));
  CHECK(prints("-2147483648 4294967295", "%ld %zu", LONG_MIN, (size_t)-1));
  CHECK(prints("-1 255", "%hhd %hhu", 255, 255));
  CHECK(prints("[   ab] [ab   ] [a]", "[%5s] [%-5s] [%.1s]", "ab", "ab", "ab"));
  CHECK(prints("c%", "%c%%", 'c'));
  CHECK(prints("0x10000", "%p", (void *)0x10000));
  CHECK(prints("1.500000 1.5 1.500000e+00", "%f %g %e", 1.5, 1.5, 1.5));
  CHECK(prints("0.1000000000000000055511151231257827", "%.34f", 0.1));
  CHECK(prints("179769313486231570814527423731704356798070567525844996598917"
               "476803157260780028538760589558632766878171540458953514382464"
               "234321326889464182768467546703537516986049910576551282076245"
               "490090389328944075868508455133942304583236903222948165808559"
               "332123348274797826204144723168738177180919299881250404026184"
               "124858368",
               "%.0f", DBL_MAX));
  CHECK(prints("4.9406564584124654e-324", "%.17g", 4.9406564584124654e-324));
  CHECK(prints("0x1.8p+0 -0x1p-1074", "%a %a", 1.5, -0x1p-1074) ||
        prints("0x1.8p+0 -0x0.0000000000001p-1022", "%a %a", 1.5, -0x1p-1074));
  CHECK(prints("3.25 1e+300", "%Lg %Lg", 3.25L, 1e300L));
  CHECK(prints("inf -inf nan", "%f %f %f", INFINITY, -INFINITY, NAN));
  CHECK(prints("  3.14|3.14  |003.14", "%6.2f|%-6.2f|%06.2f", 3.14159,
               3.14159, 3.14159));
  CHECK(prints("2 4 0 2", "%.0f %.0f %.0f %.0f", 2.5, 3.5, 0.5, 1.5));
  CHECK(prints("b a", "%2$s %1$s", "a", "b"));
  CHECK(prints("   7|7   ", "%*d|%-*d", 4, 7, 4, 7));
  int n = -1;
  char small[4];
  CHECK(prints("ab", "ab%n", &n) && n == 2);
  CHECK(snprintf(small, sizeof(small), "%s", "abcdef") == 6);
  CHECK(!strcmp(small, "abc"));
  setlocale(LC_ALL, "C.UTF-8");
  CHECK(prints("wide \303\251", "wide %ls", L"\351"));
  char *text;
  CHECK(asprintf(&text, "%d-%s", 12, "x") == 4 && !strcmp(text, "12-x"));
  free(text);
}

static void check_scanning(void) {
  int a, b, n;
  unsigned x;
  double d;
  float f;
  long double ld;
  char word[16], set[16];
  CHECK(sscanf("12 -7 0x1f", "%d %d %x", &a, &b, &x) == 3);
  CHECK(a == 12 && b == -7 && x == 31);
  CHECK(sscanf("1.5e3 0x1.8p1 2.25", "%lf %f %Lf", &d, &f, &ld) == 3);
  CHECK(d == 1500 && f == 3 && ld == 2.25L);
  CHECK(sscanf("hello, world", "%15[a-z], %4s%n", set, word, &n) == 2);
  CHECK(!strcmp(set, "hello") && !strcmp(word, "worl") && n == 11);
  CHECK(sscanf("x", "%d", &a) == 0 && sscanf("", "%d", &a) == EOF);
  CHECK(sscanf("017 0b", "%i%n", &a, &n) == 1 && a == 15);
}

static void check_numbers(void) {
  char *end;
  CHECK(strtol("  -0x7fz", &end, 0) == -127 && *end == 'z');
  CHECK(strtoll("9223372036854775807", NULL, 10) == LLONG_MAX);
  errno = 0;
  CHECK(strtol("99999999999", NULL, 10) == LONG_MAX && errno == ERANGE);
  CHECK(strtoul("zz", NULL, 36) == 35 * 36 + 35);
  CHECK(strtod("1e-400", &end) == 0 && !*end);
  CHECK(strtod("0.1", NULL) == 0.1 && strtod("1e23", NULL) == 1e23);
  CHECK(strtod("2.2250738585072011e-308", NULL) == 0x1.fffffffffffffp-1023 ||
        strtod("2.2250738585072011e-308", NULL) == 0x0.fffffffffffffp-1022);
  CHECK(strtod("9007199254740993", NULL) == 9007199254740992.0);
  CHECK(strtod("9007199254740993.00000000001", NULL) == 9007199254740994.0);
  CHECK(strtof("16777217", NULL) == 16777216.0f);
  CHECK(strtold("0x1.fp4", NULL) == 31.0L);
  CHECK(isinf(strtod("inf", NULL)) && isnan(strtod("nan", NULL)));
  CHECK(atoi("42abc") == 42 && atof("2.5") == 2.5);
  CHECK(abs(-3) == 3 && llabs(-3ll) == 3);
  div_t q = div(-7, 2);
  CHECK(q.quot == -3 && q.rem == -1);
  CHECK(sizeof(long double) == 8 && LDBL_MANT_DIG == DBL_MANT_DIG);
  CHECK(sizeof(long) == 4 && sizeof(void *) == 4 && sizeof(time_t) == 8);
  volatile __int128 big = (__int128)1 << 100, seven = 7;
  CHECK((int)(big % seven) == 2 && big / seven * seven + big % seven == big);
  CHECK((double)big == 0x1p100 && (__int128)0x1p100 == big);
}

/* -- Sorting ------------------------------------------------------------- */

struct item {
  int key, order;
  char pad[5];
};

static unsigned compared;

static int by_int(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  compared++;
  return (x > y) - (x < y);
}

static int by_key(const void *a, const void *b, void *ctx) {
  ++*(int *)ctx;
  return by_int(a, b);
}

static void check_sorting(void) {
  static int v[5000];
  static struct item it[3000];
  unsigned seed = 9;
  for (int n = 0; n < 5000; n = n * 2 + 1) {
    for (int i = 0; i < n; i++) v[i] = (seed = seed * 69069 + 1) >> 20;
    qsort(v, n, sizeof(*v), by_int);
    for (int i = 1; i < n; i++) CHECK(v[i - 1] <= v[i]);
  }
  int calls = 0;
  for (int i = 0; i < 3000; i++)
    it[i] = (struct item){ (seed = seed * 69069 + 1) >> 26, i, "abcd" };
  qsort_r(it, 3000, sizeof(*it), by_key, &calls);
  for (int i = 1; i < 3000; i++) {
    CHECK(it[i - 1].key <= it[i].key && !strcmp(it[i].pad, "abcd"));
    if (it[i - 1].key == it[i].key) CHECK(it[i - 1].order < it[i].order);
  }
  CHECK(calls > 3000);
  int want = v[2500];
  int *found = bsearch(&want, v, 4095, sizeof(*v), by_int);
  CHECK(found && *found == want);
}

/* -- Jumps and signals --------------------------------------------------- */

static jmp_buf jump;
static sigjmp_buf sigjump;
static volatile int caught, cleaned;

static void dive(int depth) {
  char room[100];
  memset(room, depth, sizeof(room));
  if (depth) dive(depth - 1);
  longjmp(jump, room[50] == depth ? 77 : 1);
}

static void on_signal(int sig) { caught = sig; }
static void on_jump(int sig) { siglongjmp(sigjump, sig); }

static void on_info(int sig, siginfo_t *info, void *context) {
  (void)context;
  caught = info->si_signo == sig ? sig : -1;
}

static void check_jumps(void) {
  volatile int kept = 5;
  int r = setjmp(jump);
  if (!r) {
    kept = 6;
    dive(10);
  }
  CHECK(r == 77 && kept == 6);
  if ((r = setjmp(jump)) == 0) longjmp(jump, 0);
  CHECK(r == 1);
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  if (!sigsetjmp(sigjump, 1)) {
    sigprocmask(SIG_BLOCK, &set, NULL);
    siglongjmp(sigjump, 1);
  }
  sigprocmask(SIG_BLOCK, NULL, &old);
  CHECK(!sigismember(&old, SIGUSR2));
}

static void check_signals(void) {
  sigset_t set;
  CHECK(signal(SIGUSR1, on_signal) == SIG_DFL);
  CHECK(raise(SIGUSR1) == 0 && caught == SIGUSR1);
  caught = 0;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  kill(getpid(), SIGUSR1);
  CHECK(caught == 0);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  CHECK(caught == SIGUSR1);
  struct sigaction act = { .sa_sigaction = on_info, .sa_flags = SA_SIGINFO };
  CHECK(sigaction(SIGTERM, &act, NULL) == 0);
  raise(SIGTERM);
  CHECK(caught == SIGTERM);
  signal(SIGABRT, on_jump);
  if (!sigsetjmp(sigjump, 1)) abort();
  signal(SIGABRT, SIG_DFL);
  CHECK(raise(SIGCHLD) == 0);
}

/* -- Time ---------------------------------------------------------------- */

static void check_time(void) {
  struct timespec t, u, nap = { 2, 500000000 };
  struct timeval tv;
  char text[64];
  CHECK(time(NULL) == 946684800);
  clock_gettime(CLOCK_REALTIME, &t);
  clock_gettime(CLOCK_REALTIME, &u);
  CHECK(u.tv_nsec - t.tv_nsec == 1000 && u.tv_sec == 946684800);
  nanosleep(&nap, NULL);
  clock_gettime(CLOCK_REALTIME, &u);
  CHECK(u.tv_sec == 946684802 && u.tv_nsec == t.tv_nsec + 500002000);
  sleep(1);
  gettimeofday(&tv, NULL);
  CHECK(tv.tv_sec == 946684803);
  CHECK(clock() != (clock_t)-1 && clock() < clock());
  time_t when = 1709210096; /* 2024-02-29T12:34:56Z */
  struct tm *tm = gmtime(&when);
  CHECK(tm->tm_year == 124 && tm->tm_mon == 1 && tm->tm_mday == 29);
  CHECK(strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S %a %j", tm));
  CHECK(!strcmp(text, "2024-02-29T12:34:56 Thu 060"));
  CHECK(mktime(tm) == when && timegm(tm) == when);
  CHECK(!strcmp(asctime(tm), "Thu Feb 29 12:34:56 2024\n"));
  struct tm in = { 0 };
  CHECK(strptime("2001-02-03 04:05:06", "%Y-%m-%d %H:%M:%S", &in));
  CHECK(in.tm_year == 101 && in.tm_sec == 6);
}

/* -- Characters ---------------------------------------------------------- */

static void check_characters(void) {
  wchar_t w[16];
  char text[16];
  CHECK(setlocale(LC_ALL, "C.UTF-8") != NULL);
  CHECK(mbstowcs(w, "a\303\251\342\202\254", 16) == 3);
  CHECK(w[1] == 0xe9 && w[2] == 0x20ac);
  CHECK(wcstombs(text, w, 16) == 6 && !strcmp(text, "a\303\251\342\202\254"));
  CHECK(wcslen(w) == 3 && wcschr(w, 0x20ac) == w + 2);
  CHECK(swprintf(w, 16, L"%d %ls", 5, L"x") == 3 && !wcscmp(w, L"5 x"));
  CHECK(wcstol(L"123", NULL, 10) == 123);
  CHECK(isalpha('x') && !isalpha('1') && toupper('x') == 'X');
  iconv_t cd = iconv_open("UTF-16LE", "UTF-8");
  CHECK(cd != (iconv_t)-1);
  char *in = "\303\251", *out = text;
  size_t in_left = 2, out_left = sizeof(text);
  CHECK(iconv(cd, &in, &in_left, &out, &out_left) == 0 && out_left == 14);
  CHECK((unsigned char)text[0] == 0xe9 && text[1] == 0);
  iconv_close(cd);
}

static int finds(const char *expression, int flags, const char *text) {
  regex_t re;
  int err = regcomp(&re, expression, flags);
  if (err) return err;
  err = regexec(&re, text, 0, NULL, 0);
  regfree(&re);
  return err;
}

/* In extended expressions too, where POSIX leaves them open. */
static void check_back_references(void) {
  const int extended = REG_EXTENDED;
  CHECK(finds("^(.).*\\1$", extended, "abca") == 0);
  CHECK(finds("^(.).*\\1$", extended, "abc1") == REG_NOMATCH);
  CHECK(finds("^(a|b)\\1(c)\\2+$", extended, "bbccc") == 0);
  CHECK(finds("^(a|b)\\1$", extended, "ab") == REG_NOMATCH);
  CHECK(finds("^((.)(.))\\3\\2\\1$", extended, "abbaab") == 0);
  CHECK(finds("^\\((a)\\)\\1$", extended, "(a)a") == 0);
  CHECK(finds("^\\(a\\)1$", extended, "(a)1") == 0);
  CHECK(finds("(a)\\9", extended, "a9") == REG_ESUBREG);
  CHECK(finds("\\1", extended, "1") == REG_ESUBREG);
  CHECK(finds("^(a)\\0$", extended, "a0") == 0);
  CHECK(finds("^\\(a\\)\\1$", 0, "aa") == 0);
}

/* What POSIX says of basic expressions: a group that has ended. */
static void check_open_references(void) {
  const int extended = REG_EXTENDED;
  CHECK(finds("\\1\\(a\\)", 0, "a") == REG_ESUBREG);
  CHECK(finds("\\(a\\1\\)", 0, "a") == REG_ESUBREG);
  CHECK(finds("\\(\\(a\\)\\1\\)", 0, "aa") == REG_ESUBREG);
  CHECK(finds("\\1(a)", extended, "a") == REG_ESUBREG);
  CHECK(finds("(a\\1)", extended, "a") == REG_ESUBREG);
  CHECK(finds("^(((((((((a)))))))))((b))\\9\\1$", extended, "abaa") == 0);
  CHECK(finds("((((((((((a\\9))))))))))", extended, "a") == REG_ESUBREG);
}

/* To a group in one that is still open. */
static void check_inner_references(void) {
  const int extended = REG_EXTENDED;
  CHECK(finds("^((a)\\2)\\1$", extended, "aaaa") == 0);
  CHECK(finds("^((a)\\2)b$", extended, "aab") == 0);
  CHECK(finds("^((a)\\2)b$", extended, "ab") == REG_NOMATCH);
  CHECK(finds("^(((ab)\\3)\\2)c\\1$", extended, "ababababcabababab") == 0);
  CHECK(finds("^((x(a|b)\\3)y)+$", extended, "xaayxbby") == 0);
  CHECK(finds("^((x(a|b)\\3)y)+$", extended, "xaayxaby") == REG_NOMATCH);
  CHECK(finds("^((..)\\2)+$", extended, "ababcdcd") == 0);
  CHECK(finds("^((..)\\2)+$", extended, "ababcdab") == REG_NOMATCH);
  CHECK(finds("^\\(\\(a\\)\\2\\)\\1$", 0, "aaaa") == 0);
}

static void check_regex(void) {
  regex_t re;
  regmatch_t m[3];
  CHECK(regcomp(&re, "([a-z]+)@([a-z]+)\\.org", REG_EXTENDED) == 0);
  CHECK(regexec(&re, "mail to me@example.org now", 3, m, 0) == 0);
  CHECK(m[0].rm_so == 8 && m[0].rm_eo == 22 && m[2].rm_so == 11);
  CHECK(regexec(&re, "nothing", 3, m, 0) == REG_NOMATCH);
  check_back_references();
  check_open_references();
  check_inner_references();
  regfree(&re);
  CHECK(regcomp(&re, "(", REG_EXTENDED) != 0);
}

/* -- Surroundings -------------------------------------------------------- */

static int exits;
static void at_exit(void) { exits++; }
static int constructed;
static __attribute__((constructor)) void construct(void) { constructed = 1; }
static __attribute__((destructor)) void destruct(void) {
  if (exits != 1) printf("destructor ran before atexit\n");
}
static __thread int thread_local = 41;
static void *never(void *x) { return x; }

static void check_surroundings(int argc, char **argv) {
  struct utsname u;
  struct rlimit lim;
  char path[100];
  unsigned char r[20] = { 0 };
  pthread_t thread;
  CHECK(constructed && ++thread_local == 42);
  if (argc > 2) {
    CHECK(argc == 3 && !strcmp(argv[1], "one") &&
          !strcmp(argv[2], "two words"));
    CHECK(!argv[3]);
    if (getenv("ZVM_CHECK")) CHECK(!strcmp(getenv("ZVM_CHECK"), "here"));
    argv[1][0] = 'O'; /* writable, as C has it */
  }
  CHECK(!getenv("NO_SUCH_NAME"));
  CHECK(setenv("NEW", "value", 1) == 0 && !strcmp(getenv("NEW"), "value"));
  CHECK(putenv("PUT=1") == 0 && getenv("PUT") && unsetenv("NEW") == 0);
  CHECK(!getenv("NEW"));
  CHECK(getpid() == 1 && isatty(1) == 0 && errno == ENOTTY);
  CHECK(uname(&u) == 0 && !strcmp(u.sysname, "zvm"));
  CHECK(getcwd(path, sizeof(path)) && !strcmp(path, "/"));
  CHECK(getrandom(r, 20, 0) == 20 && r[0] != r[1]);
  CHECK(getrlimit(RLIMIT_STACK, &lim) == 0 && lim.rlim_cur >= 65536);
  CHECK(pthread_create(&thread, NULL, never, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(fork() == -1 && errno == EAGAIN);
  CHECK(sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_NPROCESSORS_ONLN) == 1);
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  CHECK(!pthread_mutex_lock(&mutex) && pthread_mutex_trylock(&mutex) == EBUSY);
  CHECK(!pthread_mutex_unlock(&mutex));
  CHECK(atexit(at_exit) == 0);
}

int main(int argc, char **argv) {
  check_time(); /* first: it knows what the clock says at the start */
  check_formats();
  check_scanning();
  check_numbers();
  check_sorting();
  check_jumps();
  check_signals();
  check_characters();
  check_regex();
  check_surroundings(argc, argv);
  return check_end();
}
