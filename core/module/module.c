/*
** module.c - from file bytes to a sealed, validated image.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "module/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "module/cache.h"
#include "module/elf.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif


/* -- The image ----------------------------------------------------------- */

/* Some kernels need MFD_EXEC for a mapping that executes, older ones refuse
   to know it. */
static int create_image(void) {
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = memfd_create("zvm-module", flags | MFD_EXEC);
  if (fd < 0 && errno == EINVAL)
    fd = memfd_create("zvm-module", flags);
  return zvm__fd_above(fd);
}


static bool write_all(int fd, const uint8_t *bytes, size_t size,
                      uint32_t offset) {
  while (size > 0) {
    ssize_t n = pwrite(fd, bytes, size, offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    bytes += n;
    size -= (size_t)n;
    offset += (uint32_t)n;
  }
  return true;
}


static int prot_of(const zvm__load *l) {
  return PROT_READ | (l->write ? PROT_WRITE : 0) |
         (l->execute ? PROT_EXEC : 0);
}


/* Lay out one load: its file pages, then its zero pages. Returns the end of
   the image. */
static uint32_t plan_load(zvm_module *m, const zvm__load *l, uint32_t end) {
  uint32_t file = zvm__page_up(l->file_size);
  uint32_t whole = zvm__page_up(l->mem_size);
  if (file > 0)
    m->seg[m->seg_count++] = (zvm_segment){.addr = l->addr,
                                           .size = file,
                                           .file_off = end,
                                           .prot = prot_of(l)};
  if (whole > file)
    m->seg[m->seg_count++] = (zvm_segment){.addr = l->addr + file,
                                           .size = whole - file,
                                           .prot = prot_of(l),
                                           .zero = true};
  if (l->write)
    m->facts.write_size += whole;
  m->facts.data_end = l->addr + whole;
  return end + file;
}


/* Copy the loads into the image and seal it. */
static zvm_status fill_image(zvm_module *m, const zvm__elf *e,
                             const uint8_t *bytes, zvm_error *err) {
  uint32_t end = 0;
  unsigned i;
  m->image_fd = create_image();
  if (m->image_fd < 0)
    return zvm__fail_os(err, ZVM_E_SYSTEM, errno, "memfd_create");
  m->image = zvm__fd_identity(m->image_fd);
  for (i = 0; i < e->load_count; i++) {
    const zvm__load *l = &e->load[i];
    uint32_t start = end;
    end = plan_load(m, l, end);
    if (!zvm__fd_may_reach(end) || ftruncate(m->image_fd, end) != 0 ||
        !write_all(m->image_fd, bytes + l->offset, l->file_size, start))
      return zvm__fail_os(err, ZVM_E_SYSTEM, errno, "write module image");
  }
  if (fcntl(m->image_fd, F_ADD_SEALS,
            F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    return zvm__fail_os(err, ZVM_E_SYSTEM, errno, "seal module image");
  return ZVM_OK;
}


/* -- The verdict --------------------------------------------------------- */

static zvm_status validate_image(const zvm_module *m,
                                 const zvm_load_options *opt,
                                 zvm_error *err) {
  const zvm_segment *t = m->seg;
  zvm_status st;
  void *text;
  while ((t->prot & PROT_EXEC) == 0)
    t++;
  text = mmap(NULL, t->size, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
              m->image_fd, t->file_off);
  if (text == MAP_FAILED)
    return zvm__fail_os(err, ZVM_E_SYSTEM, errno, "map module image");
  st = zvm_validate(text, t->size, t->addr, m->facts.level, opt->fn,
                    opt->ctx, err);
  munmap(text, t->size);
  return st;
}


/* `dir`: an open cache, or -1. */
static zvm_status reach_verdict(zvm_module *m, int dir,
                                const zvm_load_options *opt,
                                zvm_error *err) {
  const uint8_t *digest = m->facts.digest;
  bool stored = dir >= 0 && zvm__cache_holds(dir, digest);
  zvm_status st = ZVM_OK;
  if (zvm__cache_remembers(digest))
    m->facts.verdict = ZVM_VERDICT_REMEMBERED;
  else if (stored)
    m->facts.verdict = ZVM_VERDICT_STORED;
  else
    st = validate_image(m, opt, err);
  if (st != ZVM_OK)
    return st;
  zvm__cache_remember(digest);
  if (dir >= 0 && !stored)
    zvm__cache_store(dir, digest);
  return ZVM_OK;
}


static zvm_status judge(zvm_module *m, const zvm_load_options *opt,
                        zvm_error *err) {
  zvm_status st;
  int dir = -1;
  if (opt->cache != NULL) {
    zvm_error own;
    dir = zvm__cache_open(opt->cache, &own);
    if (dir < 0) {
      if (err != NULL)
        *err = own;
      return own.status;
    }
  }
  st = reach_verdict(m, dir, opt, err);
  if (dir >= 0)
    close(dir);
  return st;
}


/* -- Public -------------------------------------------------------------- */

/*
** Nobody else can write `bytes`: headers, digest and image are of one file.
** Takes no hold of it.
*/
static zvm_module *load_private(const uint8_t *bytes, size_t size,
                                const zvm_load_options *opt,
                                zvm_error *err) {
  static const zvm_load_options none = {0};
  zvm_module *m;
  zvm__elf e;
  if (zvm__elf_read(bytes, size, &e, err) != ZVM_OK)
    return NULL;
  m = calloc(1, sizeof *m);
  if (m == NULL) {
    zvm__fail(err, ZVM_E_NOMEM, "no memory for a module");
    return NULL;
  }
  m->refs = 1;
  m->image_fd = -1;
  m->facts.entry = e.entry;
  m->facts.text_addr = e.load[e.text].addr;
  m->facts.text_size = e.load[e.text].file_size;
  m->facts.level = e.level;
  m->facts.faults = e.faults;
  if (!zvm__digest_of(bytes, size, m->facts.digest)) {
    zvm__fail(err, ZVM_E_SYSTEM, "libcrypto gives no SHA-256");
    goto free_module;
  }
  if (fill_image(m, &e, bytes, err) != ZVM_OK ||
      judge(m, opt != NULL ? opt : &none, err) != ZVM_OK)
    goto free_module;
  return m;
free_module:
  zvm_module_free(m);
  return NULL;
}


static bool is_too_large(uint64_t size, zvm_error *err) {
  if (size <= INT32_MAX)
    return false;
  zvm__fail(err, ZVM_E_FORMAT, "larger than 2 GiB");
  return true;
}


zvm_module *zvm_module_load(const void *bytes, size_t size,
                            const zvm_load_options *opt, zvm_error *err) {
  zvm_module *m = NULL;
  uint8_t *own;
  if (is_too_large(size, err))
    return NULL;
  own = malloc(size + 1);
  if (own == NULL) {
    zvm__fail(err, ZVM_E_NOMEM, "no memory for a module");
    return NULL;
  }
  if (size > 0)
    memcpy(own, bytes, size);
  m = load_private(own, size, opt, err);
  free(own);
  return m;
}


static uint8_t *read_file(int fd, size_t size) {
  uint8_t *bytes = malloc(size + 1);
  size_t have = 0;
  while (bytes != NULL && have < size) {
    ssize_t n = read(fd, bytes + have, size - have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      if (n == 0)
        errno = EIO; /* it shrank while being read */
      free(bytes);
      return NULL;
    }
    have += (size_t)n;
  }
  return bytes;
}


static zvm_module *load_file(int fd, const zvm_load_options *opt,
                             zvm_error *err) {
  zvm_module *m = NULL;
  uint8_t *bytes;
  struct stat st;
  if (fstat(fd, &st) != 0) {
    zvm__fail_os(err, ZVM_E_SYSTEM, errno, "cannot be looked at");
    return NULL;
  }
  if (!S_ISREG(st.st_mode)) {
    zvm__fail(err, ZVM_E_FORMAT, "not a regular file");
    return NULL;
  }
  if (is_too_large((uint64_t)st.st_size, err))
    return NULL;
  bytes = read_file(fd, (size_t)st.st_size);
  if (bytes == NULL)
    zvm__fail_os(err, ZVM_E_SYSTEM, errno, "cannot be read");
  else
    m = load_private(bytes, (size_t)st.st_size, opt, err);
  free(bytes);
  return m;
}


/* Put "path: " before a message. */
static void name_path(zvm_error *err, const char *path) {
  zvm_error inner;
  if (err == NULL)
    return;
  inner = *err;
  zvm__fail(err, inner.status, "%.100s: %.137s", path, inner.text);
  err->os = inner.os;
  err->rule = inner.rule;
  err->offset = inner.offset;
}


zvm_module *zvm_module_open(const char *path, const zvm_load_options *opt,
                            zvm_error *err) {
  zvm_module *m;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    zvm__fail_os(err, ZVM_E_SYSTEM, errno, "%.180s", path);
    return NULL;
  }
  m = load_file(fd, opt, err);
  if (m == NULL)
    name_path(err, path);
  close(fd);
  return m;
}


const zvm_module_facts *zvm_module_about(const zvm_module *m) {
  return &m->facts;
}


void zvm__module_ref(zvm_module *m) {
  __atomic_add_fetch(&m->refs, 1, __ATOMIC_RELAXED);
}


void zvm_module_free(zvm_module *m) {
  if (m == NULL || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL) != 0)
    return;
  zvm__fd_close(&m->image_fd, &m->image);
  free(m);
}
