/*
** streams.c - stdio on files and on memory.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "fact.h"

static char text[64];

static void modes(void) {
  FILE *f;
  SECTION("modes of fopen");
  POINTER(fopen("f", "r"));
  POINTER(fopen("f", "r+"));
  POINTER(fopen("f", "q"));
  POINTER(f = fopen("f", "w"));
  FACT(fputs("one\n", f) >= 0);
  HOLDS(fgetc(f) == EOF && ferror(f));
  FACT(fclose(f));
  show("f");
  POINTER(f = fopen("f", "r"));
  HOLDS(fputc('x', f) == EOF && ferror(f));
  FACT(fclose(f));
  POINTER(f = fopen("f", "a"));
  FACT(fputs("two\n", f) >= 0);
  FACT(ftell(f));
  FACT(fclose(f));
  POINTER(f = fopen("f", "a+"));
  POINTER(fgets(text, sizeof text, f));
  TEXT(text);
  FACT(fseek(f, 0, SEEK_SET));
  FACT(fputs("three\n", f) >= 0);
  FACT(fseek(f, 0, SEEK_SET));
  FACT(fread(text, 1, sizeof text, f));
  TEXT((text[14] = 0, text));
  FACT(feof(f) != 0);
  FACT(fclose(f));
  POINTER(f = fopen("f", "r+"));
  FACT(fputs("ONE", f) >= 0);
  FACT(fseek(f, 0, SEEK_CUR));
  FACT(fgetc(f));
  FACT(fclose(f));
  POINTER(f = fopen("f", "w+"));
  FACT(fgetc(f));
  FACT(fclose(f));
  POINTER(f = fopen("x", "wx"));
  FACT(fclose(f));
  POINTER(fopen("x", "wx"));
  POINTER(f = fopen("x", "rbe"));
  FACT(fcntl(fileno(f), F_GETFD));
  FACT(fclose(f));
  FACT(mkdir("d", 0755));
  POINTER(fopen("d", "w"));
  POINTER(f = fopen("d", "r"));
  FACT(fgetc(f));
  FACT(fclose(f));
  POINTER(fopen("no/f", "w"));
  POINTER(fopen("", "r"));
}

static void seeking(void) {
  FILE *f;
  fpos_t place;
  SECTION("fseeko, ftello, fgetpos");
  put_file("s", "0123456789abcdef");
  POINTER(f = fopen("s", "r+"));
  FACT(fseeko(f, 10, SEEK_SET));
  FACT(fgetc(f));
  FACT(ftello(f));
  FACT(fseeko(f, -1, SEEK_END));
  FACT(fgetc(f));
  FACT(fgetc(f));
  FACT(feof(f) != 0);
  FACT(fseeko(f, -4, SEEK_CUR));
  FACT(feof(f) != 0);
  FACT(fgetc(f));
  FACT(fseeko(f, -1, SEEK_SET));
  FACT(fseeko(f, 0, 77));
  FACT(fgetpos(f, &place));
  FACT(fgetc(f));
  FACT(fsetpos(f, &place));
  FACT(fgetc(f));
  FACT(fseeko(f, 3000000000, SEEK_SET));
  FACT(ftello(f));
  FACT(fgetc(f));
  rewind(f);
  FACT(fgetc(f));
  FACT(fclose(f));
}

static void pushed_back(void) {
  FILE *f;
  SECTION("ungetc");
  POINTER(f = fopen("s", "r"));
  FACT(ungetc('X', f));
  FACT(fgetc(f));
  FACT(fgetc(f));
  FACT(ungetc('Y', f));
  FACT(ftello(f));
  FACT(fgetc(f));
  FACT(ungetc('Z', f));
  FACT(fseek(f, 1, SEEK_SET));
  FACT(fgetc(f));
  FACT(ungetc(EOF, f));
  while (fgetc(f) != EOF)
    ;
  FACT(feof(f) != 0);
  FACT(ungetc('E', f));
  FACT(feof(f) != 0);
  FACT(fgetc(f));
  FACT(fgetc(f));
  FACT(fclose(f));
}

static void reopened(void) {
  FILE *f, *g;
  int fd;
  SECTION("freopen, fdopen, fileno");
  POINTER(f = fopen("s", "r"));
  FACT(fileno(f));
  HOLDS(freopen("x", "w", f) == f);
  FACT(fileno(f));
  FACT(fputs("through another", f) >= 0);
  FACT(fclose(f));
  TEXT(content_of("x"));
  POINTER(f = fopen("s", "r"));
  HOLDS(freopen("no", "r", f) == NULL);
  FACT(fd = open("s", O_RDONLY));
  POINTER(fdopen(fd, "q"));
  POINTER(f = fdopen(fd, "r"));
  FACT(fgetc(f));
  FACT(fclose(f));
  FACT(close(fd));
  FACT(fd = open("x", O_RDWR | O_TRUNC));
  POINTER(f = fdopen(fd, "a"));
  HOLDS(fcntl(fd, F_GETFL) & O_APPEND);
  POINTER(g = fopen("x", "w"));
  FACT(fputs("first ", g) >= 0);
  FACT(fclose(g));
  FACT(fputs("second", f) >= 0);
  FACT(fclose(f));
  TEXT(content_of("x"));
}

static void buffers(void) {
  static char own[16];
  FILE *f;
  SECTION("setvbuf, fflush");
  POINTER(f = fopen("b", "w"));
  FACT(setvbuf(f, NULL, _IONBF, 0));
  FACT(fputc('a', f));
  TEXT(content_of("b"));
  FACT(fclose(f));
  POINTER(f = fopen("b", "w"));
  FACT(setvbuf(f, own, _IOLBF, sizeof own));
  FACT(fputs("abc\n", f) >= 0);
  TEXT(content_of("b"));
  FACT(fclose(f));
  POINTER(f = fopen("b", "w"));
  FACT(fputs("kept", f) >= 0);
  TEXT(content_of("b"));
  FACT(fflush(f));
  TEXT(content_of("b"));
  FACT(fputs(" back", f) >= 0);
  FACT(fflush(NULL));
  TEXT(content_of("b"));
  FACT(setvbuf(f, NULL, 99, 0) != 0);
  FACT(fclose(f));
  SECTION("errors of a stream");
  POINTER(f = fopen("/dev/full", "w"));
  FACT(fputs("lost", f) >= 0);
  FACT(fflush(f));
  FACT(ferror(f) != 0);
  clearerr(f);
  FACT(ferror(f) != 0);
  FACT(fputs("lost", f) >= 0);
  FACT(fclose(f));
}

static void lines(void) {
  FILE *f;
  char *line = NULL;
  size_t size = 0;
  SECTION("getline, getdelim, fgets, fscanf");
  put_file("l", "first\nsecond line\n\nlast:1:2");
  POINTER(f = fopen("l", "r"));
  FACT(getline(&line, &size, f));
  TEXT(line);
  FACT(getdelim(&line, &size, ' ', f));
  TEXT(line);
  POINTER(fgets(text, 3, f));
  TEXT(text);
  POINTER(fgets(text, sizeof text, f));
  TEXT(text);
  FACT(getline(&line, &size, f));
  FACT(fscanf(f, "%20[a-z]:%d", text, &(int){ 0 }));
  TEXT(text);
  FACT(getline(&line, &size, f));
  TEXT(line);
  FACT(getline(&line, &size, f));
  FACT(feof(f) != 0);
  FACT(fclose(f));
  free(line);
  line = NULL;
  put_file("z", "");
  FACT(truncate("z", 3));
  POINTER(f = fopen("z", "r"));
  FACT(getline(&line, &size, f));
  FACT(line[2]);
  FACT(fclose(f));
  free(line);
}

static void blocks(void) {
  FILE *f;
  int numbers[100], back[100];
  SECTION("fread and fwrite");
  for (int i = 0; i < 100; i++) numbers[i] = i * i;
  POINTER(f = fopen("n", "w+"));
  FACT(fwrite(numbers, sizeof *numbers, 100, f));
  FACT(ftell(f));
  rewind(f);
  FACT(fread(back, sizeof *back, 200 / 2, f));
  HOLDS(!memcmp(numbers, back, sizeof back));
  FACT(fread(back, sizeof *back, 1, f));
  FACT(fseek(f, -6, SEEK_END));
  FACT(fread(back, sizeof *back, 2, f));
  FACT(fread(back, 0, 10, f));
  FACT(fwrite(back, 10, 0, f));
  FACT(fclose(f));
}

static void memory(void) {
  FILE *f;
  char room[8] = "1234567", *made = NULL;
  size_t size = 0;
  SECTION("fmemopen");
  POINTER(f = fmemopen(room, sizeof room, "r"));
  FACT(fseek(f, 3, SEEK_SET));
  FACT(fgetc(f));
  FACT(fseek(f, 0, SEEK_END));
  FACT(ftell(f));
  FACT(fclose(f));
  POINTER(f = fmemopen(room, sizeof room, "w"));
  FACT(room[0]);
  FACT(fputs("ab", f) >= 0);
  FACT(fclose(f));
  TEXT(room);
  POINTER(f = fmemopen(NULL, 16, "w+"));
  FACT(fputs("own room", f) >= 0);
  rewind(f);
  POINTER(fgets(text, sizeof text, f));
  TEXT(text);
  FACT(fclose(f));
  SECTION("open_memstream");
  POINTER(f = open_memstream(&made, &size));
  FACT(fputs("some", f) >= 0);
  FACT(fflush(f));
  FACT(size);
  TEXT(made);
  for (int i = 0; i < 1000; i++) fprintf(f, "%d,", i);
  FACT(fflush(f));
  FACT(size);
  FACT(fclose(f));
  FACT(size);
  TEXT((made[10] = 0, made));
  free(made);
}

int main(int argc, char **argv) {
  begin(argc, argv);
  modes();
  seeking();
  pushed_back();
  reopened();
  buffers();
  lines();
  blocks();
  memory();
  return 0;
}
