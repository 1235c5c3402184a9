/*
** files.c - libc: files that are in memory.
**
** A guest's are in its own; a native program's in the system's folder for
** that. `size` is that of a read, or of a line.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "libc.h"

enum { SIZE = 1 << 20 };

#ifdef __zvm__
#define PATH "/tmp/zvm-bench-file"
#else
#define PATH "/dev/shm/zvm-bench-file"
#endif

static char *block;
static FILE *stream;

static void drop_file(void) {
  remove(PATH);
}

static void start(size_t size) {
  block = malloc(SIZE + 1);
  for (int i = 0; i < SIZE; i++)
    block[i] = (size_t)i % size == size - 1 ? '\n' : 'a' + i % 26;
  FILE *out = fopen(PATH, "w");
  if (out == NULL || fwrite(block, 1, SIZE, out) != SIZE || fclose(out) != 0)
    exit(3);
  atexit(drop_file);
  stream = fopen(PATH, "r");
}

static NOINLINE uint64_t read_blocks(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++) {
    off_t at = (off_t)(i % (SIZE / size) * size);
    sum += (uint64_t)pread(fileno(stream), block, size, at);
    sum += (unsigned char)block[size / 2];
  }
  return sum;
}

static NOINLINE uint64_t write_blocks(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  int fd = open(PATH, O_RDWR);
  for (unsigned i = 0; i < rounds; i++)
    sum += (uint64_t)pwrite(fd, block, size,
                            (off_t)(i % (SIZE / size) * size));
  close(fd);
  return sum;
}

static NOINLINE uint64_t open_close(size_t size, unsigned rounds) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++) {
    int fd = open(PATH, O_RDONLY);
    sum += fd >= 0;
    close(fd);
  }
  (void)size;
  return sum;
}

/* One round is the next line, character, or value; from the start again. */
#define EACH(name, next)                                                     \
  static NOINLINE uint64_t name(size_t size, unsigned rounds) {              \
    uint64_t sum = 0;                                                        \
    static char *line;                                                       \
    static size_t room;                                                      \
    rewind(stream);                                                          \
    for (unsigned i = 0; i < rounds; i++) {                                  \
      if (next)                                                              \
        sum++;                                                               \
      else                                                                   \
        rewind(stream);                                                      \
    }                                                                        \
    (void)size;                                                              \
    (void)line;                                                              \
    (void)room;                                                              \
    return sum;                                                              \
  }

EACH(get_char, getc(stream) != EOF)
EACH(get_line, getline(&line, &room, stream) > 0)
EACH(get_text, fgets(block, 256, stream) != NULL)
EACH(get_block, fread(block, 1, size, stream) == size)

static const struct test tests[] = {
    {"file_read", start, read_blocks}, {"file_write", start, write_blocks},
    {"open_close", start, open_close}, {"getc", start, get_char},
    {"getline", start, get_line},      {"fgets", start, get_text},
    {"fread", start, get_block},       {NULL, NULL, NULL},
};
