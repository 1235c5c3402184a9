/*
** zvm.h - run untrusted x86-64 programs inside this process.
**
** What is not declared here is not part of the API. Every function that
** can fail takes a zvm_error last; it may be NULL. A host failure is a
** status; what the guest did, good or bad, is in the report. All-zero
** options are the safe ones.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_H
#define ZVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "zvm_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ZVM_API __attribute__((visibility("default")))

#define ZVM_VERSION "0.1.0"

typedef struct zvm_module zvm_module;   /* validated program, immutable */
typedef struct zvm_session zvm_session; /* one run of a module          */
typedef struct zvm_pipe zvm_pipe;       /* from one session to another  */

/* -- Errors -------------------------------------------------------------- */

/* X(name, number, text): numbers are never reused. */
#define ZVM_STATUS_MAP(X)                                                \
  X(NOMEM, 1, "not enough memory")                                       \
  X(SYSTEM, 2, "operating system call failed")                           \
  X(OPTION, 3, "option out of range")                                    \
  X(FORMAT, 10, "not a usable program file")                             \
  X(REJECTED, 11, "program does not satisfy the validator")              \
  X(CPU, 12, "this processor lacks what the program needs")              \
  X(STATE, 20, "object is not in a state for this call")                 \
  X(LOWMEM, 21, "the low 4 GiB of the address space are not free")       \
  X(CHANNEL, 30, "channel cannot be opened")                             \
  X(TIMEOUT, 40, "not in time")

typedef enum zvm_status {
  ZVM_OK = 0,
#define X(name, number, text) ZVM_E_##name = number,
  ZVM_STATUS_MAP(X)
#undef X
} zvm_status;

/* Filled when a call fails. Owned by the caller; nothing to free. */
typedef struct zvm_error {
  zvm_status status;
  int os;          /* errno, or 0                                    */
  uint32_t rule;   /* zvm_rule of the first finding, or 0            */
  uint64_t offset; /* where in the input, if it has a where          */
  char text[240];  /* one line, no newline, always terminated        */
} zvm_error;

ZVM_API const char *zvm_status_name(zvm_status status); /* "REJECTED" */
ZVM_API const char *zvm_status_text(zvm_status status);

/* -- Validator ----------------------------------------------------------- */

/* X(name, number, text, remedy): ids are public and never reused. */
typedef enum zvm_rule {
  ZVM_RULE_NONE = 0,
#define RULE(name, number, text, remedy) ZVM_R_##name = number,
#include "zvm_rules.def"
#undef RULE
} zvm_rule;

/* One reason why a text is refused. */
typedef struct zvm_finding {
  uint64_t address; /* of the offending instruction, as the guest sees it */
  uint32_t offset;  /* the same, from the start of the text                */
  zvm_rule rule;
  uint8_t bytes[16]; /* what stands there, zero-padded                     */
} zvm_finding;

/*
** Called once for each finding, in order of offset. Return false to stop.
*/
typedef bool (*zvm_finding_fn)(void *ctx, const zvm_finding *f);

ZVM_API const char *zvm_rule_name(zvm_rule rule);   /* "R_MEM_ADDR32"   */
ZVM_API const char *zvm_rule_text(zvm_rule rule);   /* what is wrong    */
ZVM_API const char *zvm_rule_remedy(zvm_rule rule); /* what to do       */

/*
** Validate `size` bytes of machine code that will run at `address` (both
** multiples of 32), at CPU level `level` (ZVM_LEVEL_*). Returns ZVM_OK,
** ZVM_E_REJECTED, ZVM_E_OPTION or ZVM_E_NOMEM. `fn` may be NULL: then the
** first finding ends the work and is in `err`.
*/
ZVM_API zvm_status zvm_validate(const void *text, size_t size,
                                uint64_t address, int level,
                                zvm_finding_fn fn, void *ctx,
                                zvm_error *err);

/* -- Survey -------------------------------------------------------------- */

/*
** What an accepted text consists of. Operands and branches are counted where
** they stand in the text, not when they run. The test and the jump of a
** return sequence count as instructions and nothing else.
*/
typedef struct zvm_counts {
  uint32_t bytes;
  uint32_t bundles;
  uint32_t instructions;      /* without padding                          */
  uint32_t padding;           /* bytes of nops (90, 0f 1f) and of hlt     */
  uint32_t jumps;             /* direct: jmp                              */
  uint32_t jumps_conditional; /* jcc, jrcxz, loop                         */
  uint32_t jumps_indirect;    /* and $-32,%eX; jmp *%rX                   */
  uint32_t calls;             /* direct                                   */
  uint32_t calls_indirect;    /* and $-32,%eX; call *%rX                  */
  uint32_t returns;
  uint32_t traps[ZVM_SLOT_COUNT]; /* direct calls and jumps to the slot,
                                     which are counted above as well      */
  uint32_t mem_addr32; /* memory operands with a 32-bit address           */
  uint32_t mem_rip;    /* rip-relative                                    */
  uint32_t mem_rsp;    /* disp(%rsp)                                      */
  uint32_t mem_string; /* string instructions, 32-bit both sides          */
  uint32_t above_v2;   /* instructions that need level v3                 */
  int level;           /* the lowest that is enough: ZVM_LEVEL_*          */
} zvm_counts;

/*
** Validate as zvm_validate does, then count. *out is filled on ZVM_OK only.
*/
ZVM_API zvm_status zvm_survey(const void *text, size_t size,
                              uint64_t address, int level, zvm_counts *out,
                              zvm_error *err);

/* -- Modules ------------------------------------------------------------- */

typedef struct zvm_load_options {
  zvm_finding_fn fn; /* gets each finding of a refused module; NULL: the
                        first one ends the work, and is in the error      */
  void *ctx;         /* of fn                                             */
  const char *cache; /* directory of verdicts, made if missing; NULL: none.
                        Whoever may write it decides what is accepted: it
                        must belong to this user or to root, and be writable
                        by nobody else                                    */
} zvm_load_options;

/*
** Load and validate an ELF32 program. The bytes are copied first: what was
** validated is what will run, whatever becomes of them. `opt` may be NULL.
** A module that this process, or the cache, knows as accepted by its SHA-256
** is not validated again. Free a module while sessions use it and it goes
** when they go.
*/
ZVM_API zvm_module *zvm_module_load(const void *bytes, size_t size,
                                    const zvm_load_options *opt,
                                    zvm_error *err);
/* The same from a file. Messages name the path. */
ZVM_API zvm_module *zvm_module_open(const char *path,
                                    const zvm_load_options *opt,
                                    zvm_error *err);
ZVM_API void zvm_module_free(zvm_module *m); /* NULL is fine */

/* How it is known that a module is accepted. */
typedef enum zvm_verdict {
  ZVM_VERDICT_REACHED = 0,    /* its text was validated                 */
  ZVM_VERDICT_REMEMBERED = 1, /* this process had loaded it before      */
  ZVM_VERDICT_STORED = 2,     /* the cache had its verdict              */
} zvm_verdict;

typedef struct zvm_module_facts {
  uint8_t digest[32];  /* SHA-256 of the file                      */
  uint32_t entry;      /* address of the first instruction         */
  uint32_t text_addr;  /* validated code, whole pages              */
  uint32_t text_size;
  uint32_t data_end;   /* end of bss, page-aligned: the heap's start */
  uint32_t write_size; /* bytes of data and bss, whole pages       */
  int level;           /* ZVM_LEVEL_*                              */
  uint32_t faults;     /* address of its zvm_abi_faults; 0: none   */
  zvm_verdict verdict;
} zvm_module_facts;

ZVM_API const zvm_module_facts *zvm_module_about(const zvm_module *m);

/* -- Sessions ------------------------------------------------------------ */

#define ZVM_UNLIMITED INT64_MAX

typedef enum zvm_source {
  ZVM_SOURCE_NULL = 0, /* reads nothing, swallows what is written        */
  ZVM_SOURCE_FILE,     /* `path`, opened when the session is created     */
  ZVM_SOURCE_FD,       /* `fd`, borrowed: the caller keeps it open       */
  ZVM_SOURCE_MEMORY,   /* `data`, `size`: read-only, must outlive the session */
  ZVM_SOURCE_BUFFER,   /* collects what is written; see the report       */
  ZVM_SOURCE_URI,      /* `uri`, and `listen`                            */
  ZVM_SOURCE_CALL,     /* `get` and `put`: functions of the caller       */
  ZVM_SOURCE_PIPE,     /* the end of `pipe` that the mode says           */
} zvm_source;

/*
** A CALL channel asks for what its guest asks for, when it asks, and waits:
** the same calls in either isolation, by the thread that runs the session or
** waits for one that it started. `size` is 1 to 65536. The result is 0 or an
** errno: the guest gets -EIO. ECANCELED ends the run: ZVM_STATE_STOPPED with
** signal 0. Not to be left by longjmp.
**
** get: 1 to `size` bytes into `to`, *got says how many; 0 is the end, and it
** is not called again. Called until the guest has what it asked for.
** put: takes all of it.
*/
typedef int (*zvm_get_fn)(void *ctx, void *to, size_t size, size_t *got);
typedef int (*zvm_put_fn)(void *ctx, const void *from, size_t size);

typedef enum zvm_mode {
  ZVM_MODE_READ = 0,       /* file must exist                       */
  ZVM_MODE_WRITE = 1,      /* created, or replaced: see `partial`   */
  ZVM_MODE_APPEND = 2,     /* created, or kept; writes go to the end */
  ZVM_MODE_READ_WRITE = 3, /* created, or kept                      */
} zvm_mode;

/* What becomes of a guest that asks for more than a channel may give. */
typedef enum zvm_on_limit {
  ZVM_ON_LIMIT_DEFAULT = 0, /* what the session says; there: ERROR        */
  ZVM_ON_LIMIT_ERROR = 1,   /* what fits is moved; then -EDQUOT or -EFBIG */
  ZVM_ON_LIMIT_STOP = 2,    /* what fits is moved, and the run ends       */
} zvm_on_limit;

/* Digests: of what a channel moved, of its content, of memory. */
typedef enum zvm_etag {
  ZVM_ETAG_NONE = 0,
  ZVM_ETAG_SHA256 = 1,
  ZVM_ETAG_SHA1 = 2,
  ZVM_ETAG_MD5 = 3,
} zvm_etag;

#define ZVM_ETAG_MAX 32 /* bytes of the longest */

ZVM_API size_t zvm_etag_size(zvm_etag algorithm); /* bytes: 0, 32, 20, 16 */
ZVM_API const char *zvm_etag_name(zvm_etag algorithm); /* "sha256"        */

/* Of bytes, or of a file read to its end: its size is that of the etag. */
ZVM_API zvm_status zvm_digest(zvm_etag algorithm, const void *bytes,
                              size_t size, uint8_t out[ZVM_ETAG_MAX],
                              zvm_error *err);
ZVM_API zvm_status zvm_digest_file(zvm_etag algorithm, const char *path,
                                   uint8_t out[ZVM_ETAG_MAX],
                                   zvm_error *err);

typedef struct zvm_channel_options {
  const char *alias; /* absolute guest path, such as "/dev/input"        */
  zvm_source source;
  zvm_mode mode;     /* FILE, FD, URI and PIPE                           */
  int type;          /* ZVM_TYPE_*; a stream (pipe, terminal) must be 0  */
  const char *path;
  int fd;
  const void *data;
  size_t size;
  int64_t limits[ZVM_LIMIT_COUNT]; /* 0 = none at all; ZVM_UNLIMITED     */
  int64_t file_size; /* bytes: no put ends beyond that offset. 0 = no such
                        limit. FILE and FD that are regular files        */
  zvm_on_limit on_limit;
  zvm_etag etag;     /* of the bytes moved, in the order moved; and of the
                        final content where it can be put at random: see
                        zvm_channel_report                               */
  bool partial;      /* FILE of mode WRITE: written in place, so that what a
                        failed run wrote is there. Else what a run writes has
                        no name until its state is EXIT, whatever the code;
                        then the file is replaced as a whole. Devices, FIFOs
                        and what a link in /proc leads to (/dev/stdout) are
                        always written in place                          */
  const char *uri;   /* "tcp:HOST:PORT" (IPv6 in brackets), "unix:PATH",
                        "file:PATH", "fd:N" or "null:"                   */
  bool listen;       /* tcp and unix: bound by zvm_session_new; one connection
                        is accepted when the run begins, which counts for
                        its timeout. An FD that listens needs no flag    */
  zvm_get_fn get;    /* CALL: one of them may be NULL                    */
  zvm_put_fn put;
  void *ctx;         /* of both; must outlive the session                */
  zvm_pipe *pipe;    /* READ or WRITE; each end once                     */
  bool slice;        /* FILE and FD of mode READ that are regular files: the
                        channel is `slice_size` bytes of it, from `slice_from`
                        on, and has no others. All of them must be there  */
  int64_t slice_from;
  int64_t slice_size;
} zvm_channel_options;

/*
** "file:", "fd:" and "null:" are other spellings of sources: o->source becomes
** that which o->uri names, and o->path (within the uri) or o->fd what it says;
** of "tcp:" and "unix:" it is ZVM_SOURCE_URI. zvm_session_new does so itself:
** this is for who has to know before. ZVM_E_OPTION: it is none of them, and *o
** is as it was.
*/
ZVM_API zvm_status zvm_uri_resolve(zvm_channel_options *o, zvm_error *err);

/* Where a guest runs. The results are the same. */
typedef enum zvm_isolation {
  ZVM_ISOLATION_DEFAULT = 0, /* PROCESS                                    */
  ZVM_ISOLATION_INLINE = 1,  /* in the caller's own low 4 GiB, one at a time:
                                the validator is the only wall             */
  ZVM_ISOLATION_PROCESS = 2, /* in a locked process that ends with the run */
} zvm_isolation;

typedef struct zvm_mount_options {
  int kind;            /* ZVM_MOUNT_IMAGE: the channel, which needs random gets,
                          is a tar image, and seen at `path`. EXPORT: `path`
                          and what is below are put to it when the guest
                          exits, as tar                                  */
  const char *channel; /* its alias                                      */
  const char *path;    /* in the guest's tree                            */
} zvm_mount_options;

/*
** NULL if `path` will do as one in the guest's tree: absolute, at most 4095
** bytes, no part empty, `.`, `..` or longer than 255; else what is wrong.
*/
ZVM_API const char *zvm_path_fault(const char *path);

#define ZVM_MOUNTS_MAX 1024
#define ZVM_CLOCK_MAX 7258118400000000000 /* 2200-01-01T00:00:00Z         */
#define ZVM_CLOCK_1970 INT64_MIN          /* 1970-01-01T00:00:00Z itself  */

typedef struct zvm_session_options {
  const char *const *args; /* NULL-terminated; args[0] is the program's name */
  const char *const *env;  /* NULL-terminated "K=V"                          */
  uint64_t memory; /* bytes of data, bss and heap; 0 = 64 MiB                */
  uint64_t stack;  /* bytes; 0 = 8 MiB; at most ZVM_STACK_MAX              */
  const zvm_channel_options *channels; /* stdin, stdout and stderr that are
                                          missing become ZVM_SOURCE_NULL     */
  size_t channels_count;
  zvm_isolation isolation;
  uint32_t timeout_ms; /* by the wall clock; 0 = as long as it takes         */
  uint32_t cpu_ms;     /* of CPU time; 0 = as much as it takes               */
  uint64_t resident;   /* bytes of the guest's data, heap and stack that are
                          in memory at once; 0 = what memory and stack allow */
  zvm_on_limit on_limit; /* of the channels that do not say                  */
  const char *trace;   /* file, made or emptied, that gets a line for each
                          step of the run and each trap; NULL: none. See
                          docs/trace.md                                      */
  zvm_etag memory_etag;  /* of the guest's memory at its end: docs/etags.md  */
  bool progress;         /* a run in a worker says what it has moved so far:
                            zvm_session_progress. One with a pipe always does */
  /*
  ** The rest is for the guest's library, which alone gives it a meaning:
  ** docs/abi.md. For paths see zvm_path_fault.
  */
  const char *directory; /* where the program starts; NULL = "/"             */
  const zvm_mount_options *mounts; /* in this order                          */
  size_t mounts_count;
  int64_t clock_ns; /* since 1970, up to ZVM_CLOCK_MAX, when the program
                       starts; 0 = ZVM_CLOCK_START, 2000-01-01T00:00:00Z     */
  uint64_t seed;    /* of all that is random; 0 = ZVM_SEED                   */
} zvm_session_options;

/*
** Check options, open channels. Nothing is opened later. `opt` may be NULL.
** All listen before any connects; who connects, or opens a FIFO to write, waits
** for the other side up to 10 s, or the timeout if that is shorter.
**
** NULL on failure, and nothing stays open: ZVM_E_OPTION for what the options
** say, ZVM_E_CHANNEL for what they name on the host, ZVM_E_CPU, ZVM_E_NOMEM,
** ZVM_E_SYSTEM for a trace that cannot be opened.
*/
ZVM_API zvm_session *zvm_session_new(zvm_module *m,
                                     const zvm_session_options *opt,
                                     zvm_error *err);

typedef enum zvm_state {
  ZVM_STATE_EXIT = 0,    /* the guest ended itself; see code             */
  ZVM_STATE_FAULT = 1,   /* the guest failed; see fault                  */
  ZVM_STATE_STOPPED = 2, /* a signal to the host ended the run, or a call
                            of a channel: then signal is 0               */
  ZVM_STATE_LOST = 3,    /* the worker died, or spoke nonsense; see message */
  ZVM_STATE_TIMEOUT = 4, /* its time by the wall clock was over          */
  ZVM_STATE_LIMIT = 5,   /* it used up what it had; see limit            */
} zvm_state;

/* What ran out. Those of channels only where ZVM_ON_LIMIT_STOP asks for it. */
typedef enum zvm_limited {
  ZVM_LIMITED_NONE = 0,
  ZVM_LIMITED_CPU = 1,       /* "cpu"       */
  ZVM_LIMITED_RESIDENT = 2,  /* "resident"  */
  ZVM_LIMITED_GETS = 3,      /* "gets"      */
  ZVM_LIMITED_GET_SIZE = 4,  /* "get_size"  */
  ZVM_LIMITED_PUTS = 5,      /* "puts"      */
  ZVM_LIMITED_PUT_SIZE = 6,  /* "put_size"  */
  ZVM_LIMITED_FILE_SIZE = 7, /* "file_size" */
  ZVM_LIMITED_WORKERS = 8,   /* "workers": it did not begin */
} zvm_limited;

/* X(name, number, text) */
#define ZVM_FAULT_MAP(X)                                                 \
  X(MEMORY, 1, "access to memory that is not the guest's to use so")     \
  X(STACK, 2, "stack overflow")                                          \
  X(EXECUTE, 3, "jump to memory that is not code")                       \
  X(ILLEGAL, 4, "illegal instruction")                                   \
  X(HALT, 5, "hlt instruction")                                          \
  X(ARITHMETIC, 6, "arithmetic exception")                               \
  X(BREAKPOINT, 7, "breakpoint instruction")                             \
  X(PROTECTION, 8, "general protection")

typedef enum zvm_fault_kind {
  ZVM_FAULT_NONE = 0,
#define X(name, number, text) ZVM_FAULT_##name = number,
  ZVM_FAULT_MAP(X)
#undef X
} zvm_fault_kind;

ZVM_API const char *zvm_fault_name(zvm_fault_kind kind); /* "memory" */
ZVM_API const char *zvm_fault_text(zvm_fault_kind kind);
ZVM_API const char *zvm_state_name(zvm_state state);     /* "exit"   */
ZVM_API const char *zvm_limited_name(zvm_limited limit); /* "cpu"    */

#define ZVM_SLOT_NONE (-1)

/* What a guest asked last, and was told. */
typedef struct zvm_last_trap {
  int slot;         /* ZVM_SLOT_*, or NONE. A classic block counts as the trap
                       that it asks for; as ZVM_SLOT_TRAP if it cannot be
                       read, or asks for none: args[0] is its address    */
  uint64_t args[4]; /* in the order of the ABI, 0 behind the last one     */
  int64_t result;
} zvm_last_trap;

typedef struct zvm_fault {
  zvm_fault_kind kind;
  int signal;       /* of the host                                    */
  uint64_t pc;      /* 0x2_0000_0000 and up: a trap on a bad stack    */
  uint64_t address; /* that was touched, 0 if none                    */
  char access;      /* 'r', 'w', 'x', or 0                            */
  uint64_t regs[16]; /* rax rcx rdx rbx rsp rbp rsi rdi r8 … r15      */
  uint64_t flags;
  zvm_last_trap last;
} zvm_fault;

#define ZVM_CALLERS_MAX 32
#define ZVM_STACK_KEPT 0x40000 /* bytes */

/*
** What a fault left of the guest's stack: from 128 bytes below rsp up, or
** from the lowest byte of the stack if rsp is below it, as far as there is
** memory. The bytes are the guest's, and hostile.
*/
typedef struct zvm_stack {
  uint64_t address;  /* of the first byte                               */
  size_t size;       /* ZVM_STACK_KEPT at most; 0 if rsp is nowhere     */
  const void *bytes; /* owned by the session                            */
  uint32_t callers[ZVM_CALLERS_MAX]; /* return addresses, innermost first:
                        each is behind a call of the text, and lies in the
                        chain of frames that rbp is the head of. Code that
                        uses rbp for something else is not in it         */
  uint32_t callers_count;
} zvm_stack;

typedef struct zvm_channel_report {
  const char *alias;               /* owned by the session              */
  int64_t used[ZVM_LIMIT_COUNT];   /* gets, get bytes, puts, put bytes   */
  int type;
  int os;                          /* first host I/O error, or 0        */
  bool has_etag;
  uint8_t etag[ZVM_ETAG_MAX];
  const void *data;                /* BUFFER: content, owned by session */
  size_t size;
  /*
  ** Of the final content, all of it: of FILE, FD and BUFFER with an etag,
  ** a type with random puts, and limits that allow one. There is none of a
  ** descriptor that is not open for reading, and none of a run that did not
  ** end by what the guest did: a timeout, a stop, a limit of the session's.
  */
  bool has_final_etag;
  uint8_t final_etag[ZVM_ETAG_MAX];
  zvm_etag algorithm;              /* of both; zeros follow shorter ones */
} zvm_channel_report;

typedef struct zvm_report {
  zvm_state state;
  int32_t code;                    /* of exit                           */
  int signal;                      /* that stopped the run, or 0        */
  zvm_limited limit;               /* that ended it, or NONE            */
  const char *channel;             /* whose limit it was: its alias, owned by
                                      the session; else NULL              */
  zvm_fault fault;
  zvm_stack stack;                 /* of a fault                        */
  uint64_t wall_ns;                /* from entry to exit                */
  uint64_t user_ns;                /* CPU time of the thread meanwhile  */
  uint64_t system_ns;
  uint64_t traps[ZVM_SLOT_COUNT];  /* calls by slot, classic ones too   */
  const zvm_channel_report *channels; /* in handle order; owned by session */
  size_t channels_count;
  const char *message;             /* LOST: why; owned by the session. Of its
                                      channels nothing is known then: their
                                      counters are 0                      */
  int trace_os;                    /* why the trace is not whole: the first
                                      error of writing it, or 0           */
  bool has_memory_etag;            /* as has_final_etag                   */
  uint8_t memory_etag[ZVM_ETAG_MAX];
  /* Like times these are the host's, and differ from run to run. */
  uint64_t peak_memory;            /* bytes of the guest's data, heap and stack
                                      that were in memory, counted as
                                      `resident` is, at its end: it gives none
                                      back meanwhile                      */
  uint64_t page_faults;            /* of the thread, from entry to exit   */
  uint64_t faults_handled;         /* that the guest was told of, and went on:
                                      as many in each run                 */
} zvm_report;

/*
** Run to the end. A session runs once. Inline, one runs at a time in a
** process: another thread's run waits; a run from within a run of the same
** thread is ZVM_E_STATE. In worker processes runs of several threads go on
** at the same time.
**
** On ZVM_OK *out is filled, and what it points to is the session's. Else the
** guest did not run: ZVM_E_STATE for a session that has run; ZVM_E_LOWMEM
** inline, where the low 4 GiB are not free; ZVM_E_CHANNEL if no connection can
** be accepted; ZVM_E_NOMEM or ZVM_E_SYSTEM if the host lacks what it takes.
*/
ZVM_API zvm_status zvm_session_run(zvm_session *s, zvm_report *out,
                                   zvm_error *err);

/*
** The same in two steps, in worker processes only (ZVM_E_STATE inline): start
** returns when the run is under way, or waits for a connection or a worker.
** While a thread waits for a session, or runs one, it also serves those it
** started: their calls, connections and reports. Wait, once, in the thread that
** started it. What fails after the start is the result of the wait.
*/
ZVM_API zvm_status zvm_session_start(zvm_session *s, zvm_error *err);
ZVM_API zvm_status zvm_session_wait(zvm_session *s, zvm_report *out,
                                    zvm_error *err);

#define ZVM_FOR_EVER UINT64_MAX

/*
** Wait until one of those sessions has ended, which zvm_session_wait then says
** at once: *which, the first of the list that has; or `count` if none has after
** `timeout_ns`. All of them were started and not waited for, by this thread,
** and are there once: else ZVM_E_STATE. A signal that would stop a run that is
** waited for stops them all; it is then in *signal, which may be NULL, before
** handlers run.
*/
ZVM_API zvm_status zvm_session_wait_any(zvm_session *const *list,
                                        size_t count, uint64_t timeout_ns,
                                        size_t *which, int *signal,
                                        zvm_error *err);

/* A session that was started, as far as its host has looked after it. */
typedef enum zvm_progress_state {
  ZVM_PROGRESS_WAITING = 0, /* for a connection or a worker */
  ZVM_PROGRESS_RUNNING = 1,
  ZVM_PROGRESS_ENDED = 2,   /* it can be waited for         */
} zvm_progress_state;

typedef struct zvm_channel_progress {
  const char *alias; /* owned by the session      */
  int64_t got;       /* bytes, without those of a call that goes on */
  int64_t put;
} zvm_channel_progress;

typedef struct zvm_progress {
  zvm_progress_state state;
  int64_t got; /* of all channels */
  int64_t put;
  const zvm_channel_progress *channels; /* in handle order; owned by the session
                                           and valid until it is asked again */
  size_t channels_count;
  bool waits; /* for the other side of a pipe: for bytes or for room, and nobody
                 has woken it up. That side may have ended, by a kill        */
  const char *wait_channel; /* whose end it is  */
  bool wait_puts;           /* for room         */
  uint64_t wait_turn;       /* another number at each wait */
} zvm_progress;

/*
** Without waiting. Counters are 0 of a session that does not say. What a worker
** says is its word only. ZVM_E_STATE: not started, or waited for.
*/
ZVM_API zvm_status zvm_session_progress(zvm_session *s, zvm_progress *out,
                                        zvm_error *err);

/*
** NULL is fine. A run that is under way is killed. Not from within a call of
** one of its channels; nor by another thread while the one that started it runs
** or waits for any session: that serves it then.
*/
ZVM_API void zvm_session_free(zvm_session *s);

/* -- Pipes --------------------------------------------------------------- */

/*
** A stream from a session that has its WRITE end to one that has its READ
** end, through memory that both processes map, with room for `size` bytes: a
** power of two of pages, rounded up; 0 = 1 MiB; 1 GiB at most. Who finds no
** room, or no bytes, waits. A writer whose reader has ended writes to nowhere,
** and is not told; a reader whose writer has ended, however, gets what is left.
** An end belongs to the session that was made with it; free closes what was not
** taken. NULL: ZVM_E_SYSTEM, ZVM_E_NOMEM or ZVM_E_OPTION.
*/
ZVM_API zvm_pipe *zvm_pipe_new(uint64_t size, zvm_error *err);
ZVM_API void zvm_pipe_free(zvm_pipe *p); /* NULL is fine */

/*
** Before its ends are given away: who waits looks for the other side some
** 150 us before it sleeps, who reads the host's own end some 800 us, and either
** some 15 us after that was in vain, instead of not at all. For short questions
** and answers; it is time of processors that others may want. A pipe that is
** made where there is one processor has both sides take turns on it.
*/
ZVM_API void zvm_pipe_eager(zvm_pipe *p);

/*
** The host's own end, by one thread at a time: one that no session was given,
** and none is from then on. All of `size` is moved; less is read when the other
** side has ended. *moved is how much, after a failure too. ZVM_E_TIMEOUT: all
** is not moved in time (0: none); ZVM_E_SYSTEM: the other side broke the
** stream; ZVM_E_STATE: this process is a child, by fork, of who has used the
** end. With GOES_ON for the time a call is a part of the one before it, by the
** same end, and has what is left of that one's.
*/
#define ZVM_PIPE_GOES_ON UINT32_MAX
ZVM_API zvm_status zvm_pipe_read(zvm_pipe *p, void *to, size_t size,
                                 uint32_t timeout_ms, size_t *moved,
                                 zvm_error *err);
ZVM_API zvm_status zvm_pipe_write(zvm_pipe *p, const void *from, size_t size,
                                  uint32_t timeout_ms, size_t *moved,
                                  zvm_error *err);
/* One part behind the other; the other side may hear of all at once. */
ZVM_API zvm_status zvm_pipe_writev(zvm_pipe *p, const struct iovec *parts,
                                   size_t count, uint32_t timeout_ms,
                                   size_t *moved, zvm_error *err);

/*
** Double the room, up to 1 GiB, whatever both sides are doing. By one thread at
** a time. ZVM_E_STATE: it has the most; ZVM_E_NOMEM or ZVM_E_SYSTEM: it cannot
** be had, and all is as it was.
*/
ZVM_API zvm_status zvm_pipe_grow(zvm_pipe *p, zvm_error *err);

/* A pipe as it is: both sides may change it meanwhile, and workers may lie. */
typedef enum zvm_pipe_end {
  ZVM_PIPE_NONE = 0,  /* no session has that end */
  ZVM_PIPE_OPEN = 1,
  ZVM_PIPE_ENDED = 2, /* its run has ended       */
} zvm_pipe_end;

typedef struct zvm_pipe_level {
  uint64_t used; /* bytes on the way; above `size` until who grew is read up to
                    where that was                                       */
  uint64_t size; /* room that the writer has */
  zvm_pipe_end reader;
  zvm_pipe_end writer;
} zvm_pipe_level;

/* ZVM_E_STATE: somebody closed the file of the pipe. */
ZVM_API zvm_status zvm_pipe_look(const zvm_pipe *p, zvm_pipe_level *out,
                                 zvm_error *err);

/* -- Worker processes ---------------------------------------------------- */

/*
** What shuts a worker in, beside the validator. X(name, number, text). The
** first group is always in force, or no worker runs; namespaces are if the
** kernel lets this process make them.
*/
#define ZVM_BARRIER_MAP(X)                                               \
  X(FILTER, 0, "filter of system calls")                                 \
  X(PRIVILEGES, 1, "no capabilities, and no way to new ones")            \
  X(LIMITS, 2, "resource limits")                                        \
  X(USER, 8, "user namespace")                                           \
  X(MOUNT, 9, "mount namespace")                                         \
  X(ROOT, 10, "empty root directory")                                    \
  X(NETWORK, 11, "network namespace")                                    \
  X(PID, 12, "pid namespace")                                            \
  X(IPC, 13, "ipc namespace")

typedef enum zvm_barrier {
#define X(name, number, text) ZVM_BARRIER_##name = 1 << (number),
  ZVM_BARRIER_MAP(X)
#undef X
} zvm_barrier;

#define ZVM_QUEUE_UNLIMITED UINT32_MAX

/*
** At most `most` workers of this process run at once, 1 to 1024, and at most
** `queue` further runs wait for their turn, none of them longer than its
** timeout. One that may not wait, or has waited so long, ends without having
** begun: ZVM_STATE_LIMIT, ZVM_LIMITED_WORKERS. All of the process share this:
** 1024 and ZVM_QUEUE_UNLIMITED at first. ZVM_E_OPTION for another `most`.
*/
ZVM_API zvm_status zvm_workers_limit(uint32_t most, uint32_t queue,
                                     zvm_error *err);

/*
** Which barriers are in force for workers of this process: ZVM_BARRIER_*,
** or-ed. Starts what starts workers, if it does not run yet; ZVM_E_SYSTEM or
** ZVM_E_NOMEM if it cannot.
*/
ZVM_API zvm_status zvm_barriers(uint32_t *out, zvm_error *err);

#ifdef __cplusplus
}
#endif

#endif
