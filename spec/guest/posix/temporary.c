/*
** temporary.c - tmpfile, mkstemp, mkdtemp and their kin.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "fact.h"

static bool alphanumeric(const char *p) {
  for (; *p; p++)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                "0123456789", *p))
      return false;
  return true;
}

static void named(void) {
  char one[] = "one-XXXXXX", two[] = "one-XXXXXX", text[8] = "";
  char suffix[] = "XXXXXX.txt", none[] = "noXXXXX", deep[] = "no/XXXXXX";
  int fd;
  struct stat st;
  SECTION("mkstemp");
  FACT(fd = mkstemp(one));
  HOLDS(!strncmp(one, "one-", 4) && strlen(one) == 10);
  HOLDS(alphanumeric(one + 4));
  HOLDS(strcmp(one + 4, "XXXXXX"));
  FACT(fstat(fd, &st));
  FACT(st.st_mode & 07777);
  HOLDS((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
  FACT(write(fd, "text", 4));
  FACT(pread(fd, text, 4, 0));
  TEXT(text);
  FACT(close(fd));
  FACT(access(one, R_OK | W_OK));
  FACT(close(mkstemp(two)));
  HOLDS(strcmp(one, two));
  FACT(mkstemp(none));
  TEXT(none);
  FACT(mkstemp(deep));
  FACT(fd = mkstemps(suffix, 4));
  HOLDS(!strcmp(suffix + 6, ".txt") && strncmp(suffix, "XXXXXX", 6));
  FACT(close(fd));
  char over[] = "cXXXXXX";
  FACT(fd = mkostemp(over, O_CLOEXEC | O_APPEND));
  FACT(fcntl(fd, F_GETFD));
  HOLDS(fcntl(fd, F_GETFL) & O_APPEND);
  FACT(close(fd));
}

static void directories(void) {
  char one[] = "dirXXXXXX", none[] = "dir", deep[] = "no/XXXXXX";
  struct stat st;
  SECTION("mkdtemp");
  POINTER(mkdtemp(one));
  HOLDS(!strncmp(one, "dir", 3) && alphanumeric(one));
  FACT(stat(one, &st));
  HOLDS(S_ISDIR(st.st_mode));
  FACT(st.st_mode & 07777);
  POINTER(mkdtemp(none));
  POINTER(mkdtemp(deep));
  FACT(rmdir(one));
}

static void nameless(void) {
  FILE *f;
  char text[16] = "";
  struct stat st;
  SECTION("tmpfile");
  POINTER(f = tmpfile());
  FACT(fstat(fileno(f), &st));
  FACT(st.st_nlink);
  FACT(fputs("temporary\n", f) >= 0);
  rewind(f);
  POINTER(fgets(text, sizeof text, f));
  TEXT(text);
  FACT(fclose(f));
  SECTION("tmpnam, /tmp");
  char name[L_tmpnam];
  HOLDS(tmpnam(name) == name);
  FACT(access(name, F_OK));
  TEXT(P_tmpdir);
  FACT(stat("/tmp", &st));
  FACT(st.st_mode & 07777);
  HOLDS(S_ISDIR(st.st_mode));
  char other[] = "/tmp/zvm-fact-XXXXXX";
  FACT(close(mkstemp(other)));
  FACT(unlink(other));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  named();
  directories();
  nameless();
  return 0;
}
