/*
** test_etag.c - the digest of memory: what is in it, and what is not; and
** digests that are unknown.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "guest.h"
#include "memory/map.h"

enum { PAGES = 5000, PAGE = ZVM_PAGE_SIZE };

static uint8_t *memory; /* PAGES of them */
static zvm__map map;
static volatile int stop;

typedef struct digest {
  uint8_t bytes[ZVM__DIGEST_SIZE];
} digest;


static bool same(digest a, digest b) {
  return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}


/* By the core. */
static bool taken(bool all, digest *out) {
  zvm__digest *d = zvm__digest_init(ZVM_ETAG_SHA256);
  bool whole = zvm__map_digest(&map, all, d, &stop);
  return zvm__digest_final(d, out->bytes) && whole;
}


static digest take(bool all) {
  digest d;
  if (!taken(all, &d))
    memset(&d, 0xEE, sizeof d);
  return d;
}


/* By the book, of the pages that are given. */
static digest expected(const unsigned *pages, unsigned count) {
  size_t whole = PAGE + sizeof(uint64_t);
  uint8_t *text = malloc(count * whole + 1);
  for (unsigned i = 0; i < count; i++) {
    uint64_t address = (uint64_t)(uintptr_t)(memory + pages[i] * PAGE);
    memcpy(text + i * whole, &address, sizeof address);
    memcpy(text + i * whole + sizeof address, memory + pages[i] * PAGE, PAGE);
  }
  digest d;
  (void)zvm__digest_of(text, count * whole, d.bytes);
  free(text);
  return d;
}


static void memories(void) {
  memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  uint64_t start = (uint64_t)(uintptr_t)memory;
  map.count = 3;
  map.region[0] = (zvm__region){start, start + PAGE, PROT_READ};
  map.region[1] = (zvm__region){start + PAGE, start + 4500 * PAGE,
                                PROT_READ | PROT_WRITE};
  map.region[2] = (zvm__region){start + 4500 * PAGE, start + PAGES * PAGE,
                                PROT_READ | PROT_WRITE};
  digest empty = take(false);
  ok(same(empty, expected(NULL, 0)), "of memory that nobody wrote it is that "
                                     "of nothing");
  memory[0] = 1; /* read-only to the guest */
  ok(same(take(false), empty), "what a guest cannot write is not in it");
  memory[7 * PAGE] = 0;
  memory[4600 * PAGE] = 0;
  ok(same(take(false), empty), "nor is a page that was touched, and is zeros");
  memory[PAGE + 5] = 2;
  memory[4095 * PAGE] = memory[4097 * PAGE] = 3;
  memory[PAGES * PAGE - 1] = 4;
  static const unsigned written[] = {1, 4095, 4097, PAGES - 1};
  digest d = take(false);
  ok(same(d, expected(written, 4)), "pages that hold something are, with "
                                    "their addresses");
  ok(same(take(true), d), "and it is the same where all is looked at");
  memory[4095 * PAGE] = 0;
  memory[4096 * PAGE] = 3;
  ok(!same(take(false), d), "a byte elsewhere makes another one");
  memory[4096 * PAGE] = 0;
  memory[4095 * PAGE] = 3;
  ok(same(take(false), d), "and back the same");
  stop = 1;
  ok(!taken(false, &d) && !taken(true, &d), "there is none if it is stopped");
  stop = 0;
}


static void names(void) {
  static const struct {
    zvm_etag algorithm;
    const char *name;
    size_t size;
  } known[] = {{ZVM_ETAG_NONE, "none", 0},
               {ZVM_ETAG_SHA256, "sha256", 32},
               {ZVM_ETAG_SHA1, "sha1", 20},
               {ZVM_ETAG_MD5, "md5", 16}};
  for (size_t i = 0; i < 4; i++)
    ok(strcmp(zvm_etag_name(known[i].algorithm), known[i].name) == 0 &&
           zvm_etag_size(known[i].algorithm) == known[i].size,
       known[i].name);
  ok(true == ZVM_ETAG_SHA256, "true is SHA-256");
  ok(zvm__digest_init(ZVM_ETAG_NONE) == NULL &&
         zvm__digest_init((zvm_etag)4) == NULL,
     "there is no digest of no algorithm");
}


GUEST(exits, "xor %edi, %edi\n finish", "");

static void refusals(void) {
  zvm_module *m = guest(exits);
  zvm_error err;
  zvm_channel_options ch = {.alias = "/dev/c", .etag = (zvm_etag)4};
  zvm_session_options opt = {.channels = &ch, .channels_count = 1};
  ok(zvm_session_new(m, &opt, &err) == NULL && err.status == ZVM_E_OPTION &&
         strcmp(err.text, "channel /dev/c: unknown etag 4") == 0,
     "an unknown etag is refused");
  ch.etag = ZVM_ETAG_NONE;
  opt.memory_etag = (zvm_etag)-1;
  ok(zvm_session_new(m, &opt, &err) == NULL && err.status == ZVM_E_OPTION &&
         strcmp(err.text, "unknown memory_etag -1") == 0,
     "so is one of memory");
  opt.memory_etag = ZVM_ETAG_NONE;
  ch.partial = true;
  ok(zvm_session_new(m, &opt, &err) == NULL && err.status == ZVM_E_OPTION &&
         strstr(err.text, "partial is for a path of mode write") != NULL,
     "so is partial where nothing is replaced");
  zvm_module_free(m);
}


int main(void) {
  memories();
  names();
  refusals();
  return tap_done();
}
