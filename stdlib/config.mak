# config.mak - what musl's own makefile reads before it names its objects.
#
# build-libc runs that makefile in a directory of its own over a tree of
# links: musl's files, with ours in place of some. ZVM_CC and srcdir come
# from there.
#
# SPDX-License-Identifier: Apache-2.0

ARCH = zvm
MALLOC_DIR = zvm
CC = $(ZVM_CC)
AR = ar
RANLIB = ranlib
LIBCC =

CFLAGS_C99FSE = -std=gnu11 -ffreestanding -nostdinc -frounding-math \
  -fexcess-precision=standard -fno-strict-aliasing
CFLAGS_AUTO = -O2 -pipe -w -ffunction-sections -fdata-sections \
  -Werror=implicit-function-declaration
CFLAGS_MEMOPS = -fno-tree-loop-distribute-patterns
CFLAGS_NOSSP = -fno-stack-protector

# With threads, no loader and an allocator of ours these have no place.
DROP = src/env/__libc_start_main.c src/env/__init_tls.c \
  src/env/__reset_tls.c \
  src/malloc/calloc.c src/malloc/free.c src/malloc/libc_calloc.c \
  src/malloc/lite_malloc.c src/malloc/memalign.c \
  src/malloc/posix_memalign.c src/malloc/realloc.c src/malloc/replaced.c \
  src/string/index.c src/string/bcmp.c src/string/strchrnul.c \
  src/string/stpcpy.c src/string/memcpy.c \
  src/thread/__syscall_cp.c src/thread/__set_thread_area.c \
  src/thread/__unmapself.c src/thread/synccall.c src/thread/__tls_get_addr.c \
  src/ldso/tlsdesc.c src/process/vfork.c \
  src/stdlib/qsort_nr.c src/unistd/lseek.c \
  src/signal/siglongjmp.c src/linux/clone.c \
  src/ldso/dl_iterate_phdr.c src/temp/__randname.c \
  src/sched/sched_getparam.c src/sched/sched_setparam.c \
  src/sched/sched_getscheduler.c src/sched/sched_setscheduler.c \
  src/unistd/faccessat.c src/stat/fchmodat.c \
  src/thread/pthread_mutex_lock.c src/thread/pthread_mutex_trylock.c \
  src/thread/pthread_mutex_timedlock.c src/thread/pthread_mutex_unlock.c \
  src/thread/pthread_mutex_consistent.c src/thread/mtx_lock.c \
  src/thread/mtx_trylock.c src/thread/pthread_cond_timedwait.c \
  src/thread/pthread_cond_signal.c src/thread/pthread_cond_broadcast.c \
  src/thread/pthread_rwlock_timedrdlock.c \
  src/thread/pthread_rwlock_tryrdlock.c \
  src/thread/pthread_rwlock_timedwrlock.c \
  src/thread/pthread_rwlock_trywrlock.c src/thread/pthread_rwlock_unlock.c \
  src/thread/sem_timedwait.c src/thread/sem_trywait.c \
  src/thread/sem_post.c src/thread/pthread_barrier_wait.c \
  src/thread/pthread_mutexattr_setprotocol.c \
  src/thread/pthread_mutexattr_setrobust.c \
  src/thread/pthread_setname_np.c src/thread/pthread_getname_np.c \
  src/thread/pthread_getattr_np.c src/thread/pthread_getcpuclockid.c
BASE_SRCS = $(filter-out $(addprefix $(srcdir)/,$(DROP)), \
  $(sort $(wildcard $(BASE_GLOBS))))
