/*
** test_trap.c - what a guest gets for what it asks: arguments, channels,
** limits, etags.
**
** One guest, `asks`, runs a script: its data page holds rows of
** {slot, a, b, c, d}, five 64-bit words each, until a slot of 5 (exit). The
** results go to its bss, one 64-bit word each, and from there to stderr.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

#define ROWS_MAX 32

GUEST(asks,
      "mov $0x21000, %ebx\n mov $0x22000, %ebp\n"
      ".p2align 5\n"
      "1: mov (%ebx), %eax\n mov 8(%ebx), %rdi\n mov 16(%ebx), %rsi\n"
      "mov 24(%ebx), %rdx\n mov 32(%ebx), %rcx\n"
      ".p2align 5\n cmp $5, %eax\n je 2f\n"
      "shl $5, %eax\n add $0x10000, %eax\n"
      ".p2align 5\n .nops 27\n and $-32, %eax\n call *%rax\n"
      "mov %rax, (%ebp)\n add $8, %ebp\n add $40, %ebx\n jmp 1b\n"
      ".p2align 5\n"
      "2: mov $2, %edi\n mov $0x22000, %esi\n mov %ebp, %edx\n"
      "sub %esi, %edx\n"
      "gate 2\n"
      "xor %edi, %edi\n finish",
      "");

typedef struct row {
  uint64_t slot, a, b, c, d;
} row;

typedef struct answers {
  zvm_report report;
  int64_t result[ROWS_MAX];
  zvm_channel_report channels[8];
  uint8_t bytes[8192]; /* of the channel `watch` */
  size_t size;
} answers;

enum { DATA = GUEST_DATA + 0xE00 }; /* room past the rows */


/* Run the rows; channels are `given` and a stderr that takes the results. */
static answers ask(const row *rows, size_t count,
                   const zvm_channel_options *given, size_t given_count,
                   const char *watch) {
  static uint8_t pages[8192];
  memcpy(pages, asks, sizeof pages);
  memcpy(pages + 4096, rows, count * sizeof *rows);
  uint64_t end = ZVM_SLOT_EXIT;
  memcpy(pages + 4096 + count * sizeof *rows, &end, sizeof end);
  memcpy(pages + 4096 + 0xE00, "hello, world", 12);

  zvm_channel_options list[8];
  list[0] = (zvm_channel_options){
      .alias = "/dev/stderr",
      .source = ZVM_SOURCE_BUFFER,
      .limits = {0, 0, ZVM_UNLIMITED, ZVM_UNLIMITED}};
  if (given_count > 0)
    memcpy(list + 1, given, given_count * sizeof *given);
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_INLINE,
                             .channels = list,
                             .channels_count = given_count + 1};
  zvm_error err;
  answers out = {0};
  zvm_module *m = guest(pages);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  if (s == NULL || zvm_session_run(s, &out.report, &err) != ZVM_OK) {
    printf("Bail out! %s\n", err.text);
    exit(1);
  }
  for (size_t i = 0; i < out.report.channels_count; i++) {
    const zvm_channel_report *c = &out.report.channels[i];
    out.channels[i] = *c;
    if (c->size == 0)
      continue;
    if (strcmp(c->alias, "/dev/stderr") == 0 && c->size <= sizeof out.result)
      memcpy(out.result, c->data, c->size);
    if (watch != NULL && strcmp(c->alias, watch) == 0) {
      out.size = c->size;
      memcpy(out.bytes, c->data,
             c->size < sizeof out.bytes ? c->size : sizeof out.bytes);
    }
  }
  if (out.report.state != ZVM_STATE_EXIT)
    printf("# state %s, fault %s at 0x%llx\n",
           zvm_state_name(out.report.state),
           zvm_fault_name(out.report.fault.kind),
           (unsigned long long)out.report.fault.pc);
  zvm_session_free(s);
  zvm_module_free(m);
  return out;
}


#define ASK(rows, list, watch)                                           \
  ask(rows, sizeof(rows) / sizeof((rows)[0]), list,                      \
      sizeof(list) / sizeof((list)[0]), watch)
#define ALL {ZVM_UNLIMITED, ZVM_UNLIMITED, ZVM_UNLIMITED, ZVM_UNLIMITED}

enum { GET = ZVM_SLOT_PREAD, PUT = ZVM_SLOT_PWRITE };


static void test_arguments(void) {
  zvm_channel_options in = {.alias = "/dev/stdin",
                            .source = ZVM_SOURCE_MEMORY,
                            .data = "0123456789",
                            .size = 10,
                            .limits = ALL};
  row rows[] = {
      {GET, 99, DATA, 1, 0},          {GET, (uint32_t)-1, DATA, 1, 0},
      {GET, 0, 0, 1, 0},              {GET, 0, GUEST_TEXT, 1, 0},
      {GET, 0, DATA, (uint32_t)-1, 0},
      {GET, 0, 0xFFFFFFFF, 2, 0},     {GET, 0, GUEST_BSS + 4096 - 1, 2, 0},
      {GET, 0, 0, 0, 0},              {GET, 0, DATA, 0, 0},
      {PUT, 1, GUEST_TEXT, 1, 0},     {PUT, 1, ZVM_GATE_BASE, 1, 0},
      {PUT, 1, ZVM_MANIFEST_PTR, 4, 0},
      {GET, 0, ZVM_MANIFEST_PTR, 4, 0},
      {GET, 0, 0x1200000000 + DATA, 4, 0},
      {GET, 0, DATA, 0x7FFFFFFF, 0},
  };
  answers a = ASK(rows, ((zvm_channel_options[]){in}), NULL);
  int64_t *r = a.result;
  ok(r[0] == -EBADF && r[1] == -EBADF, "an unknown handle is -EBADF");
  is(r[2], -EINVAL, "a null buffer is -EINVAL");
  is(r[3], -EINVAL, "reading into text is -EINVAL");
  is(r[4], -EINVAL, "a negative size is -EINVAL");
  is(r[5], -EINVAL, "a buffer past 4 GiB is -EINVAL");
  is(r[6], 2, "a buffer may span bss and heap");
  is(r[7], -EINVAL, "a bad buffer is -EINVAL even with size 0");
  is(r[8], 0, "size 0 with a good buffer is 0");
  is(r[9], 1, "text may be written out");
  is(r[10], -EINVAL, "the gate may not");
  is(r[11], 4, "the manifest may be written out");
  is(r[12], -EINVAL, "and not be read into");
  is(r[13], 4, "the upper half of a pointer's register is ignored");
  is(r[14], -EINVAL, "a buffer longer than its region is -EINVAL");
  is((long long)a.report.traps[GET], 12, "traps are counted by slot");
}


static void test_pages(void) {
  enum { JAIL = ZVM_SLOT_JAIL, UNJAIL = ZVM_SLOT_UNJAIL };
  row rows[] = {
      {JAIL, GUEST_HEAP, 4096, 0, 0},  {JAIL, GUEST_HEAP + 1, 4096, 0, 0},
      {JAIL, GUEST_HEAP, 4095, 0, 0},  {JAIL, GUEST_HEAP, 0, 0, 0},
      {JAIL, GUEST_BSS, 4096, 0, 0},   {JAIL, GUEST_HEAP, 0xFFFFF000, 0, 0},
      {UNJAIL, GUEST_HEAP, 8192, 0, 0}, {UNJAIL, GUEST_BSS, 8192, 0, 0},
      {UNJAIL, GUEST_HEAP, 1u << 30, 0, 0}, {ZVM_SLOT_FORK, 0, 0, 0, 0},
  };
  answers a = ask(rows, 10, NULL, 0, NULL);
  int64_t *r = a.result;
  ok(r[0] == -ENOSYS && r[6] == -ENOSYS,
     "jail and unjail of heap pages are not there yet");
  ok(r[1] == -EINVAL && r[2] == -EINVAL && r[3] == -EINVAL,
     "jail of parts of pages, or of none, is -EINVAL");
  ok(r[4] == -EINVAL && r[7] == -EINVAL,
     "jail and unjail outside the heap are -EINVAL");
  ok(r[5] == -EINVAL && r[8] == -EINVAL,
     "jail and unjail past the heap's end are -EINVAL");
  is(r[9], -ENOSYS, "fork is not there yet");
}


/* Classic blocks lie in the second half of the data page, as rows do. */
static void test_classic(void) {
  enum { TRAP = ZVM_SLOT_TRAP, AT = GUEST_DATA + 40 * 8 };
  zvm_channel_options out = {.alias = "/dev/stdout",
                             .source = ZVM_SOURCE_BUFFER,
                             .limits = ALL};
  /* A row whose slot is the code of a block: rows after the end. */
  row rows[] = {
      {TRAP, AT, 0, 0, 0},       {TRAP, 0, 0, 0, 0},
      {TRAP, AT + 80, 0, 0, 0},  {TRAP, 0xFFFFFFF0, 0, 0, 0},
      {TRAP, AT + 120, 0, 0, 0}, {ZVM_SLOT_EXIT, 0, 0, 0, 0},
      {0},                       {0},
      {ZVM_TRAP_WRITE, 0, 1, DATA, 12},
      {0, 0, 0, 0, 0},
      {0x12345678, 0, 0, 0, 0},
      {ZVM_TRAP_JAIL, 0, GUEST_BSS, 4096, 0},
  };
  answers a = ASK(rows, ((zvm_channel_options[]){out}), "/dev/stdout");
  int64_t *r = a.result;
  is(r[0], 12, "a classic block is answered");
  ok(a.size == 12 && memcmp(a.bytes, "hello, world", 12) == 0,
     "and does what its words say");
  is(r[1], -EINVAL, "a block at an address that is not readable is -EINVAL");
  is(r[2], -EPERM, "an unknown code is -EPERM");
  is(r[3], -EPERM, "a block at the very top is read as far as it goes");
  is(r[4], -EINVAL, "classic arguments are checked like others");
  is((long long)a.report.traps[TRAP], 5, "classic blocks are counted");
}


static void test_limits(void) {
  zvm_channel_options in = {.alias = "/dev/stdin",
                            .source = ZVM_SOURCE_MEMORY,
                            .data = "0123456789",
                            .size = 10,
                            .limits = {3, 9, 9, 9}};
  zvm_channel_options out = {.alias = "/dev/stdout",
                             .source = ZVM_SOURCE_BUFFER,
                             .limits = {0, 0, 9, 15}};
  row rows[] = {
      {GET, 0, DATA + 64, 4, 0}, {GET, 0, DATA + 64, 4, 0},
      {GET, 0, DATA + 64, 4, 0}, {GET, 0, DATA + 64, 4, 0},
      {PUT, 0, DATA, 1, 0},      {PUT, 1, DATA, 12, 0},
      {PUT, 1, DATA, 12, 0},     {PUT, 1, DATA, 12, 0},
      {GET, 1, DATA, 1, 0},
  };
  zvm_channel_options list[] = {in, out};
  answers a = ASK(rows, list, "/dev/stdout");
  int64_t *r = a.result;
  ok(r[0] == 4 && r[1] == 4 && r[2] == 1, "a get is clipped to what is left");
  is(r[3], -EDQUOT, "and then it is over quota");
  is(r[4], -EDQUOT, "a put to a read-only channel is over quota");
  ok(r[5] == 12 && r[6] == 3, "a put is clipped to what is left");
  is(r[7], -EDQUOT, "and then it is over quota");
  is(r[8], -EDQUOT, "a get from a channel without gets is over quota");
  ok(a.channels[0].used[0] == 3 && a.channels[0].used[1] == 9 &&
         a.channels[1].used[2] == 2 && a.channels[1].used[3] == 15,
     "the report says what was used");
  ok(a.size == 15 && memcmp(a.bytes, "hello, worldhel", 15) == 0,
     "the buffer holds what was put");
}


static void test_stop(void) {
  zvm_channel_options out = {.alias = "/dev/stdout",
                             .source = ZVM_SOURCE_BUFFER,
                             .on_limit = ZVM_ON_LIMIT_STOP,
                             .limits = {0, 0, 9, 15}};
  row rows[] = {{PUT, 1, DATA, 12, 0}, {PUT, 1, DATA, 12, 0},
                {PUT, 1, DATA, 12, 0}};
  answers a = ASK(rows, ((zvm_channel_options[]){out}), "/dev/stdout");
  ok(a.report.state == ZVM_STATE_LIMIT &&
         a.report.limit == ZVM_LIMITED_PUT_SIZE,
     "a channel may end the run that asks for too much");
  ok(strcmp(zvm_limited_name(a.report.limit), "put_size") == 0 &&
         a.report.channel != NULL,
     "the report says of what, and of which channel");
  ok(a.size == 15 && a.channels[1].used[2] == 2 &&
         a.report.traps[ZVM_SLOT_PWRITE] == 2,
     "what fits was moved, and nothing came after it");
}


static void test_random(void) {
  zvm_channel_options io = {.alias = "/dev/io",
                            .source = ZVM_SOURCE_BUFFER,
                            .type = ZVM_TYPE_RGET_RPUT,
                            .limits = {9, 99, 9, 100}};
  row rows[] = {
      {PUT, 3, DATA, 4, 10},      {GET, 3, DATA + 64, 12, 4},
      {GET, 3, DATA + 64, 9, 14}, {GET, 3, DATA, 1, (uint64_t)-1},
      {PUT, 3, DATA, 1, (uint64_t)-1}, {PUT, 3, DATA, 4, 98},
      {PUT, 3, DATA, 4, 100},     {PUT, 3, DATA, 4, INT64_MAX},
  };
  answers a = ASK(rows, ((zvm_channel_options[]){io}), "/dev/io");
  int64_t *r = a.result;
  is(r[0], 4, "a random put may leave a hole");
  is(r[1], 10, "a random get is cut at the end");
  is(r[2], 0, "a get at the end is 0");
  ok(r[3] == -EINVAL && r[4] == -EINVAL, "a negative offset is -EINVAL");
  is(r[5], 2, "a put is clipped where sequential puts would end");
  ok(r[6] == -EDQUOT && r[7] == -EDQUOT, "a put beyond that is over quota");
  ok(a.size == 100 && a.bytes[0] == 0 && a.bytes[10] == 'h' &&
         a.bytes[14] == 0,
     "holes are zeros");
}


static char directory[] = "/tmp/zvm-test-XXXXXX";

static const char *in_directory(const char *name) {
  static char path[2][128];
  static int turn;
  turn = !turn;
  (void)snprintf(path[turn], sizeof path[turn], "%s/%s", directory, name);
  return path[turn];
}


static void write_file(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  fputs(text, f);
  (void)fclose(f);
}


static bool holds(const char *path, const char *text) {
  char got[256] = "";
  FILE *f = fopen(path, "r");
  if (f == NULL)
    return false;
  got[fread(got, 1, sizeof got - 1, f)] = '\0';
  (void)fclose(f);
  return strcmp(got, text) == 0;
}


static void test_files(void) {
  const char *path = in_directory("a");
  zvm_channel_options f = {.alias = "/dev/f",
                           .source = ZVM_SOURCE_FILE,
                           .path = path,
                           .limits = ALL};
  write_file(path, "abc");
  f.mode = ZVM_MODE_WRITE;
  row put[] = {{PUT, 3, DATA, 5, 99}, {PUT, 3, DATA, 5, 99}};
  answers a = ASK(put, ((zvm_channel_options[]){f}), NULL);
  ok(a.result[0] == 5 && a.result[1] == 5 && holds(path, "hellohello"),
     "mode write empties the file, and sequential puts ignore offsets");
  f.mode = ZVM_MODE_APPEND;
  a = ASK(put, ((zvm_channel_options[]){f}), NULL);
  ok(holds(path, "hellohellohellohello"), "mode append adds to its end");
  f.mode = ZVM_MODE_READ_WRITE;
  f.type = ZVM_TYPE_RGET_RPUT;
  row both[] = {{PUT, 3, DATA, 3, 1},
                {GET, 3, DATA + 64, 99, 15},
                {GET, 3, DATA + 64, 99, 20},
                {GET, 3, DATA + 64, 99, 99}};
  a = ASK(both, ((zvm_channel_options[]){f}), NULL);
  ok(holds(path, "hhelohellohellohello"), "random puts go to their offset");
  ok(a.result[1] == 5 && a.result[2] == 0 && a.result[3] == 0,
     "random gets end at the end of the file");
  f.type = ZVM_TYPE_RGET_SPUT;
  a = ASK(put, ((zvm_channel_options[]){f}), NULL);
  ok(holds(path, "hhelohellohellohellohellohello"),
     "type 1 puts go to the end of the file");
  f.mode = ZVM_MODE_READ;
  f.type = 0;
  f.etag = true;
  row get[] = {{GET, 3, DATA + 64, 7, 0}, {GET, 3, DATA + 64, 99, 0},
               {GET, 3, DATA + 64, 99, 0}};
  a = ASK(get, ((zvm_channel_options[]){f}), NULL);
  ok(a.result[0] == 7 && a.result[1] == 23 && a.result[2] == 0,
     "sequential gets go on where they stopped");
  ok(a.channels[3].has_etag, "an etag is there if asked for");
  write_file(path, "");
  a = ASK(get, ((zvm_channel_options[]){f}), NULL);
  static const uint8_t empty[4] = {0xe3, 0xb0, 0xc4, 0x42};
  ok(memcmp(a.channels[3].etag, empty, 4) == 0,
     "the etag of nothing is SHA-256 of nothing");
}


static void *dribble(void *arg) {
  int fd = *(int *)arg;
  for (int i = 0; i < 10; i++) {
    usleep(1000);
    if (write(fd, "0123456789", 10) != 10)
      break;
  }
  (void)close(fd);
  return NULL;
}


static void test_streams(void) {
  int p[2];
  ok(pipe2(p, O_CLOEXEC | O_NONBLOCK) == 0, "a pipe can be made");
  pthread_t t;
  (void)pthread_create(&t, NULL, dribble, &p[1]);
  zvm_channel_options in = {.alias = "/dev/stdin",
                            .source = ZVM_SOURCE_FD,
                            .fd = p[0],
                            .limits = ALL};
  row get[] = {{GET, 0, GUEST_HEAP, 64, 0}, {GET, 0, GUEST_HEAP, 64, 0},
               {GET, 0, GUEST_HEAP, 64, 0}};
  answers a = ASK(get, ((zvm_channel_options[]){in}), NULL);
  (void)pthread_join(t, NULL);
  ok(a.result[0] == 64 && a.result[1] == 36 && a.result[2] == 0,
     "short reads of a pipe never show, even of a non-blocking one");
  ok(fcntl(p[0], F_GETFD) >= 0, "a borrowed descriptor stays open");
  (void)close(p[0]);

  ok(pipe2(p, O_CLOEXEC) == 0, "another pipe can be made");
  (void)close(p[0]);
  zvm_channel_options out = {.alias = "/dev/stdout",
                             .source = ZVM_SOURCE_FD,
                             .mode = ZVM_MODE_WRITE,
                             .fd = p[1],
                             .limits = ALL};
  row put[] = {{PUT, 1, DATA, 5, 0}, {PUT, 1, DATA, 5, 0}};
  a = ASK(put, ((zvm_channel_options[]){out}), NULL);
  ok(a.result[0] == -EIO && a.channels[1].os == EPIPE,
     "a closed pipe is -EIO, its reason is in the report, the host lives");
  ok(a.channels[1].used[ZVM_LIMIT_PUT_SIZE] == 0,
     "bytes that did not move are not charged");
  (void)close(p[1]);

  struct rlimit old, small = {1 << 16, RLIM_INFINITY};
  (void)getrlimit(RLIMIT_FSIZE, &old);
  small.rlim_max = old.rlim_max;
  (void)setrlimit(RLIMIT_FSIZE, &small);
  zvm_channel_options file = {.alias = "/dev/f",
                              .source = ZVM_SOURCE_FILE,
                              .mode = ZVM_MODE_READ_WRITE,
                              .type = ZVM_TYPE_RGET_RPUT,
                              .path = in_directory("large"),
                              .limits = ALL};
  row far_put[] = {{PUT, 3, DATA, 5, 1 << 17}};
  a = ASK(far_put, ((zvm_channel_options[]){file}), NULL);
  (void)setrlimit(RLIMIT_FSIZE, &old);
  ok(a.result[0] == -EIO && a.channels[3].os == EFBIG,
     "a write past the host's file size limit is -EIO, the host lives");
}


static void refuse(const zvm_channel_options *list, size_t count,
                   zvm_status status, const char *part,
                   const char *sentence) {
  zvm_error err = {0};
  zvm_module *m = guest(asks);
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_INLINE,
                             .channels = list, .channels_count = count};
  int fds = open_descriptors();
  zvm_session *s = zvm_session_new(m, &opt, &err);
  if (!ok(s == NULL && err.status == status &&
              strstr(err.text, part) != NULL && open_descriptors() == fds,
          sentence))
    printf("# %d: %s\n", err.status, err.text);
  zvm_session_free(s);
  zvm_module_free(m);
}


static void refuse_alias(const char *alias, const char *sentence) {
  zvm_channel_options o = {.alias = alias};
  refuse(&o, 1, ZVM_E_OPTION, "alias", sentence);
}


static void test_refusals(void) {
  refuse_alias(NULL, "a channel without an alias is refused");
  refuse_alias("", "an empty alias is refused");
  refuse_alias("dev/x", "a relative alias is refused");
  refuse_alias("/", "an alias of / is refused");
  refuse_alias("/dev//x", "an alias with an empty part is refused");
  refuse_alias("/dev/x/", "an alias that ends with / is refused");
  refuse_alias("/dev/./x", "an alias with . is refused");
  refuse_alias("/dev/..", "an alias with .. is refused");
  refuse_alias("/dev/a\nb", "an alias with a control byte is refused");
  char longest[300] = "/";
  memset(longest + 1, 'a', 255);
  refuse_alias(longest, "an alias of 256 bytes is refused");

  zvm_channel_options x = {.alias = "/dev/x"};
  refuse((zvm_channel_options[]){x, x}, 2, ZVM_E_OPTION, "given twice",
         "an alias twice is refused");
  x.type = 4;
  refuse(&x, 1, ZVM_E_OPTION, "type 4", "an unknown type is refused");
  x.type = 0;
  x.limits[2] = -1;
  refuse(&x, 1, ZVM_E_OPTION, "puts is negative",
         "a negative limit is refused by name");
  x.limits[2] = 0;
  x.file_size = -1;
  refuse(&x, 1, ZVM_E_OPTION, "file_size",
         "so is a negative size of a file");
  x.file_size = 0;
  x.on_limit = (zvm_on_limit)3;
  refuse(&x, 1, ZVM_E_OPTION, "on_limit", "and an unknown on_limit");
  x.on_limit = ZVM_ON_LIMIT_DEFAULT;
  x.source = ZVM_SOURCE_FILE;
  x.path = directory;
  refuse(&x, 1, ZVM_E_CHANNEL, "is a directory", "a directory is refused");
  x.path = in_directory("none");
  refuse(&x, 1, ZVM_E_CHANNEL, "cannot open", "a missing file is refused");
  x.path = "/dev/null";
  x.type = 1;
  refuse(&x, 1, ZVM_E_CHANNEL, "not a regular file",
         "random gets from a device are refused");
  x.source = ZVM_SOURCE_FD;
  x.fd = 999;
  refuse(&x, 1, ZVM_E_CHANNEL, "descriptor 999",
         "a descriptor that is not open is refused");

  const char *path = in_directory("b");
  write_file(path, "keep me");
  zvm_channel_options w = {.alias = "/dev/w",
                           .source = ZVM_SOURCE_FILE,
                           .mode = ZVM_MODE_WRITE,
                           .path = path};
  zvm_channel_options v = w;
  v.alias = "/dev/v";
  refuse((zvm_channel_options[]){w, v}, 2, ZVM_E_CHANNEL, "writes the file",
         "the same file as two outputs is refused");
  ok(holds(path, "keep me"), "and it is not emptied");
  w.mode = ZVM_MODE_APPEND;
  w.type = ZVM_TYPE_SGET_RPUT;
  refuse(&w, 1, ZVM_E_OPTION, "append",
         "append with random puts is refused");
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  zvm_channel_options r = {.alias = "/dev/r",
                           .source = ZVM_SOURCE_FD,
                           .mode = ZVM_MODE_WRITE,
                           .fd = fd};
  refuse(&r, 1, ZVM_E_CHANNEL, "not open for writing",
         "a descriptor without the right is refused");
  (void)close(fd);
  static zvm_channel_options many[ZVM_LIMIT_COUNT + 1100];
  refuse(many, 1025, ZVM_E_OPTION, "1025 channels",
         "more than 1024 channels are refused");
}


int main(void) {
  if (mkdtemp(directory) == NULL)
    return 1;
  test_arguments();
  test_pages();
  test_classic();
  test_limits();
  test_stop();
  test_random();
  test_files();
  test_streams();
  test_refusals();
  char command[64];
  (void)snprintf(command, sizeof command, "rm -r %s", directory);
  if (system(command) != 0)
    return 1;
  return tap_done();
}
