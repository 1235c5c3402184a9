/*
** start.c - from the manifest to main().
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc.h"
#include "pthread_impl.h"
#include "start.h"

/* The first thread. What musl fills in at run time is written down here. */
struct pthread __zvm_thread = {
  .self = &__zvm_thread,
  .prev = &__zvm_thread,
  .next = &__zvm_thread,
  .tid = 1,
  .detach_state = DT_JOINABLE,
  .locale = &libc.global_locale,
};

struct pthread *__zvm_self = &__zvm_thread;
hidden long (*__zvm_cancel_point)(void);

/* Keeps the values of thread-local variables, if threads can be made. */
extern weak hidden void __zvm_thread_start(void);

static volatile int thread_list_lock;
extern __typeof(thread_list_lock) __thread_list_lock
    __attribute__((__alias__("thread_list_lock"), __visibility__("hidden")));

/* No auxiliary vector: getauxval finds its end at once. */
static size_t auxv[2];

int main(int argc, char **argv, char **envp);

static void dummy(void) {}
weak_alias(dummy, _init);

extern weak hidden void (*const __init_array_start)(void),
    (*const __init_array_end)(void);

static void run_constructors(void) {
  void (*const *f)(void) = &__init_array_start;
  _init();
  for (; f < &__init_array_end; f++) (*f)();
}
weak_alias(run_constructors, __libc_start_init);

/* Bytes that the strings of a vector take, and how many there are. */
static size_t measure(char *const *v, size_t *count) {
  size_t bytes = 0, n = 0;
  for (; v[n]; n++) bytes += strlen(v[n]) + 1;
  *count = n;
  return bytes;
}

static char *copy_strings(char **to, char *const *from, size_t n, char *text) {
  for (size_t i = 0; i < n; i++) {
    size_t len = strlen(from[i]) + 1;
    to[i] = memcpy(text, from[i], len);
    text += len;
  }
  to[n] = 0;
  return text;
}

/* -- What is to be known of it later ------------------------------------- */

const zvm_abi_mount *__zvm_mounts;
uint32_t __zvm_mounts_count;
const unsigned char *__zvm_channel_types;
int64_t __zvm_clock_shift;

/* The channel of that name, or -1. After the standard ones all are sorted. */
int __zvm_channel_named(const char *name) {
  const zvm_abi_manifest *m = START_BLOCK;
  const zvm_abi_channel *list = (const zvm_abi_channel *)m->channels;
  int low = 3, high = m->channels_count;
  for (int i = 0; i < low; i++)
    if (!strcmp((const char *)list[i].name, name)) return i;
  while (low < high) {
    int middle = (low + high) / 2;
    int order = strcmp((const char *)list[middle].name, name);
    if (!order) return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return -1;
}

/* -- Start --------------------------------------------------------------- */

/* In programs that look files up; others have no use for images. */
extern weak hidden int __zvm_fs_start(void);

static _Noreturn void run(size_t argc, char **argv, char **envp) {
  __environ = envp;
  libc.auxv = auxv;
  libc.page_size = ZVM_PAGE_SIZE;
  __progname = __progname_full = "";
  if (argc) {
    char *slash = strrchr(argv[0], '/');
    __progname_full = argv[0];
    __progname = slash ? slash + 1 : argv[0];
  }
  if (__zvm_thread_start) __zvm_thread_start();
  if (__zvm_mounts_count && __zvm_fs_start) __zvm_fs_start();
  __libc_start_init();
  exit(main((int)argc, argv, envp));
}

/*
** C allows a program to write to argv and its strings, and the manifest is
** read-only: both vectors are copied to the bottom of the stack.
*/
_Noreturn void __zvm_start(void) {
  const zvm_abi_manifest *m = START_BLOCK;
  char *const *args = (char *const *)m->argv;
  char *const *env = (char *const *)m->envp;
  size_t argc, envc;
  size_t bytes = measure(args, &argc) + measure(env, &envc);
  char **argv = __builtin_alloca((argc + envc + 2) * sizeof(char *) + bytes);
  char **envp = argv + argc + 1;
  char *text = copy_strings(argv, args, argc, (char *)(envp + envc + 1));
  int nvram = __zvm_channel_named("/dev/nvram");
  copy_strings(envp, env, envc, text);

  __zvm_mounts = (const zvm_abi_mount *)m->mounts;
  __zvm_mounts_count = m->mounts_count;
  if (nvram >= 0) __zvm_nvram(nvram, argc, argv, envp, run);
  run(argc, argv, envp);
}
