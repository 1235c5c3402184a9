/*
** file_check.c - channels as files.
**
** Wants /dev/input, random get, holding "line one\nline two\nthe end\n";
** /dev/output, random get and put, empty; /dev/log, random get and append
** put, empty. stdin holds "from stdin\n". Expected: "N checks, 0 failed",
** exit 0; /dev/output holds "HELLO world\n", /dev/log "first\nsecond\n".
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zvm.h>

#include "check.h"

#define TEXT "line one\nline two\nthe end\n"

static void check_reading(void) {
  char line[100], *grown = NULL;
  size_t room = 0;
  struct stat st;
  FILE *f = fopen("/dev/input", "r");
  if (!CHECK(f != NULL)) return;
  CHECK(fgets(line, sizeof(line), f) && !strcmp(line, "line one\n"));
  CHECK(ftell(f) == 9);
  CHECK(getline(&grown, &room, f) == 9 && !strcmp(grown, "line two\n"));
  CHECK(fseek(f, -4, SEEK_END) == 0 && fgetc(f) == 'e' && fgetc(f) == 'n');
  rewind(f);
  CHECK(fread(line, 1, sizeof(line), f) == strlen(TEXT) && feof(f));
  CHECK(!memcmp(line, TEXT, strlen(TEXT)));
  CHECK(fputc('x', f) == EOF);
  CHECK(fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode));
  CHECK(st.st_size == (off_t)strlen(TEXT));
  fclose(f);
  free(grown);
  int fd = open("dev/../dev//./input", O_RDONLY);
  CHECK(fd == 3);
  CHECK(pread(fd, line, 3, 5) == 3 && !memcmp(line, "one", 3));
  CHECK(lseek(fd, 0, SEEK_CUR) == 0 && lseek(fd, 5, SEEK_SET) == 5);
  int twin = dup(fd);
  CHECK(read(twin, line, 3) == 3 && lseek(fd, 0, SEEK_CUR) == 8);
  struct iovec v[2] = { { line, 1 }, { line + 50, 50 } };
  CHECK(readv(fd, v, 2) == (ssize_t)strlen(TEXT) - 8 && line[50] == 'l');
  CHECK(read(fd, line, 10) == 0 && lseek(fd, -1, SEEK_SET) == -1);
  char *map = mmap(NULL, 26, PROT_READ, MAP_PRIVATE, fd, 0);
  CHECK(map != MAP_FAILED && !strcmp(map, TEXT) && munmap(map, 26) == 0);
  CHECK(close(fd) == 0 && close(fd) == -1 && errno == EBADF);
  CHECK(close(twin) == 0);
  CHECK(fgets(line, sizeof(line), stdin) && !strcmp(line, "from stdin\n"));
  CHECK(!fgets(line, sizeof(line), stdin) && feof(stdin));
  CHECK(lseek(0, 0, SEEK_SET) == -1 && errno == ESPIPE);
}

static void check_writing(void) {
  char text[30] = "";
  FILE *f = fopen("/dev/output", "w+");
  if (!CHECK(f != NULL)) return;
  CHECK(fputs("hello world\n", f) >= 0);
  CHECK(fseek(f, 0, SEEK_SET) == 0 && fputs("HELLO", f) >= 0);
  CHECK(fseek(f, 0, SEEK_END) == 0 && ftell(f) == 12);
  rewind(f);
  CHECK(fgets(text, sizeof(text), f) && !strcmp(text, "HELLO world\n"));
  CHECK(fclose(f) == 0);
  f = fopen("/dev/log", "a+");
  if (!CHECK(f != NULL)) return;
  CHECK(fputs("first\n", f) >= 0 && fflush(f) == 0);
  rewind(f);
  CHECK(fgets(text, sizeof(text), f) && !strcmp(text, "first\n"));
  CHECK(fseek(f, 0, SEEK_CUR) == 0 && fputs("second\n", f) >= 0);
  CHECK(fclose(f) == 0);
  CHECK(write(1, "", 0) == 0 && fsync(1) == 0);
}

static int fails(int result, int number) {
  if (result == -1 && errno == number) return 1;
  printf("  %d, errno %d\n", result, errno);
  return 0;
}

static void check_names(void) {
  struct stat st;
  CHECK(fails(open("/dev/none", O_RDONLY), ENOENT));
  CHECK(fails(open("/dev/", O_RDWR | O_CREAT, 0666), EISDIR));
  CHECK(fails(open("/nowhere/none", O_RDWR | O_CREAT, 0666), ENOENT));
  CHECK(fails(open("/dev/input", O_WRONLY | O_CREAT | O_EXCL, 0666), EEXIST));
  CHECK(fails(open("/dev", O_RDWR), EISDIR));
  CHECK(fails(open("", O_RDONLY), ENOENT));
  CHECK(fails(open("/dev/stdin", O_WRONLY), EACCES));
  CHECK(fails(unlink("/dev/input"), EBUSY));
  CHECK(fails(rename("/dev/input", "/dev/moved"), EBUSY));
  CHECK(fails(link("/dev/input", "/dev/linked"), EXDEV));
  CHECK(fails(mkdir("/tmp", 0777), EEXIST));
  CHECK(fails(rename("/dev/a", "/dev/b"), ENOENT));
  CHECK(fails(access("/dev/none", F_OK), ENOENT));
  CHECK(access("/dev/input", R_OK) == 0);
  CHECK(stat("/dev", &st) == 0 && S_ISDIR(st.st_mode));
  CHECK(stat("/dev/stdin", &st) == 0 && S_ISFIFO(st.st_mode));
  CHECK(fails(stat("/dev/none", &st), ENOENT));
  int null = open("/dev/null", O_RDWR);
  char c;
  CHECK(null >= 0 && write(null, "abc", 3) == 3 && read(null, &c, 1) == 0);
  close(null);
}

/* A descriptor takes another's place: the output of what follows moves. */
static void check_dup2(void) {
  int saved = dup(1), null = open("/dev/null", O_WRONLY);
  fflush(stdout);
  CHECK(dup2(null, 1) == 1);
  puts("this line is not seen");
  fflush(stdout);
  CHECK(dup2(saved, 1) == 1);
  CHECK(close(saved) == 0 && close(null) == 0);
}

static void check_traps(void) {
  char text[10];
  int input = -1;
  for (int i = 0; i < MANIFEST->channels_count; i++)
    if (!strcmp(MANIFEST->channels[i].name, "/dev/input")) input = i;
  CHECK(input >= 3 && MANIFEST->channels[input].type == RGetSPut);
  CHECK(MANIFEST->channels[input].size == (int64_t)strlen(TEXT));
  CHECK(zvm_pread(input, text, 4, 5) == 4 && !memcmp(text, "one\n", 4));
  CHECK(zvm_pread(input, text, 4, 500) == 0);
  CHECK(zvm_pread(99, text, 4, 0) == -EBADF);
  uint64_t block[] = { TrapRead, 0, input, (uintptr_t)text, 3, 0 };
  CHECK(TRAP(block) == 3 && !memcmp(text, "lin", 3));
}

int main(void) {
  check_reading();
  check_writing();
  check_names();
  check_dup2();
  check_traps();
  return check_end();
}
