/*
** walk.c - ftw, nftw, glob, fnmatch.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fnmatch.h>
#include <ftw.h>
#include <glob.h>

#include "fact.h"

/* What a walk has seen, sorted: the order within a directory is open. */
static char seen[64][64];
static int count, stop_at;

static void show_seen(void) {
  qsort(seen, (size_t)count, sizeof seen[0],
        (int (*)(const void *, const void *))strcmp);
  for (int i = 0; i < count; i++) printf("  %s\n", seen[i]);
  count = 0;
}

static const char *kind_of(int flag) {
  return flag == FTW_F     ? "file"
         : flag == FTW_D   ? "directory"
         : flag == FTW_DP  ? "directory, after"
         : flag == FTW_SL  ? "link"
         : flag == FTW_SLN ? "link to nothing"
         : flag == FTW_DNR ? "unreadable"
                           : "not known";
}

static int each(const char *path, const struct stat *st, int flag) {
  (void)st;
  snprintf(seen[count++], sizeof seen[0], "%s: %s", path, kind_of(flag));
  return count == stop_at ? 7 : 0;
}

static int each_of_nftw(const char *path, const struct stat *st, int flag,
                        struct FTW *f) {
  (void)st;
  snprintf(seen[count++], sizeof seen[0], "%s: %s, level %d, name %s", path,
           kind_of(flag), f->level, path + f->base);
  return 0;
}

static bool after_its_children;

static int order(const char *path, const struct stat *st, int flag,
                 struct FTW *f) {
  (void)st, (void)f;
  if (!strcmp(path, "t")) after_its_children = count == 8 && flag == FTW_DP;
  count++;
  return 0;
}

static int removes(const char *path, const struct stat *st, int flag,
                   struct FTW *f) {
  (void)st, (void)flag, (void)f;
  return remove(path);
}

static void make_tree(void) {
  mkdir("t", 0755);
  mkdir("t/a", 0755);
  mkdir("t/a/b", 0755);
  put_file("t/one.c", "");
  put_file("t/a/two.c", "");
  put_file("t/a/b/three.h", "");
  put_file("t/.hidden", "");
}

static void trees(void) {
  SECTION("ftw");
  FACT(ftw("t", each, 10));
  show_seen();
  stop_at = 3;
  FACT(ftw("t", each, 10));
  FACT(count);
  count = stop_at = 0;
  FACT(ftw("no", each, 10));
  FACT(ftw("t/one.c", each, 10));
  show_seen();
  SECTION("nftw");
  FACT(symlink("../t/a/two.c", "t/link"));
  FACT(symlink("nothing", "t/lost"));
  FACT(nftw("t", each_of_nftw, 10, 0));
  show_seen();
  FACT(nftw("t", each_of_nftw, 10, FTW_PHYS));
  show_seen();
  FACT(nftw("t", each_of_nftw, 10, FTW_PHYS | FTW_DEPTH));
  show_seen();
  FACT(nftw("t", order, 10, FTW_PHYS | FTW_DEPTH));
  HOLDS(after_its_children);
  count = 0;
}

static void show_glob(const char *pattern, int flags) {
  glob_t g = { .gl_offs = 2 };
  int result = glob(pattern, flags, NULL, &g);
  printf("glob %s: %s, %d:", pattern,
         result == GLOB_NOMATCH   ? "no match"
         : result == GLOB_ABORTED ? "aborted"
         : result                 ? "another result"
                                  : "ok",
         result ? 0 : (int)g.gl_pathc);
  if (!result)
    for (size_t i = 0; i < g.gl_pathc; i++)
      printf(" %s", g.gl_pathv[i + (flags & GLOB_DOOFFS ? 2 : 0)]);
  printf("\n");
  globfree(&g);
}

static void globs(void) {
  SECTION("glob");
  show_glob("t/*", 0);
  show_glob("t/*", GLOB_MARK);
  show_glob("t/*.c", 0);
  show_glob("t/*/*.c", 0);
  show_glob("t/.*n", 0);
  show_glob("t/?", 0);
  show_glob("t/[!a-m]*", 0);
  show_glob("t/[a-b]/*", 0);
  show_glob("*/a/b/", 0);
  show_glob("no*", 0);
  show_glob("no*", GLOB_NOCHECK);
  show_glob("t/one.c", 0);
  show_glob("t/one\\.c", 0);
  show_glob("t/one\\.c", GLOB_NOESCAPE);
  show_glob("t/lost", 0);
  show_glob("t/*", GLOB_DOOFFS);
  show_glob("t/one.c/*", 0);
  glob_t g;
  FACT(glob("t/*.c", 0, NULL, &g));
  FACT(glob("t/a*", GLOB_APPEND, NULL, &g));
  FACT(g.gl_pathc);
  TEXT(g.gl_pathv[0]);
  TEXT(g.gl_pathv[1]);
  globfree(&g);
}

static void matches(void) {
  static const struct {
    const char *pattern, *text;
    int flags;
  } rows[] = {
    { "*", "any", 0 },
    { "*", "", 0 },
    { "*", ".hidden", 0 },
    { "*", ".hidden", FNM_PERIOD },
    { ".*", ".hidden", FNM_PERIOD },
    { "?hidden", ".hidden", FNM_PERIOD },
    { "[.]hidden", ".hidden", FNM_PERIOD },
    { "*", "a/b", 0 },
    { "*", "a/b", FNM_PATHNAME },
    { "*/*", "a/b", FNM_PATHNAME },
    { "*/*", "a/.b", FNM_PATHNAME | FNM_PERIOD },
    { "*/.*", "a/.b", FNM_PATHNAME | FNM_PERIOD },
    { "a[/]b", "a/b", FNM_PATHNAME },
    { "a?b", "a/b", FNM_PATHNAME },
    { "a?b", "a/b", 0 },
    { "\\*", "*", 0 },
    { "\\*", "*", FNM_NOESCAPE },
    { "\\*", "\\any", FNM_NOESCAPE },
    { "[a-c]x", "bx", 0 },
    { "[!a-c]x", "bx", 0 },
    { "[]a]", "]", 0 },
    { "[a-]", "-", 0 },
    { "[[:digit:]]*", "7up", 0 },
    { "[[:alpha:]]*", "7up", 0 },
    { "*a*b*c*", "xxaxxbxxcxx", 0 },
    { "*a*b*c", "xxaxxbxxcxx", 0 },
    { "***", "a", 0 },
    { "ABC", "abc", 0 },
    { "ABC", "abc", FNM_CASEFOLD },
    { "a*", "a/b/c", FNM_PATHNAME | FNM_LEADING_DIR },
    { "", "", 0 },
    { "", "a", 0 },
  };
  SECTION("fnmatch");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int result = fnmatch(rows[i].pattern, rows[i].text, rows[i].flags);
    printf("%s %s%s%s%s%s%s: %s\n", rows[i].pattern, rows[i].text,
           rows[i].flags & FNM_PATHNAME ? " PATHNAME" : "",
           rows[i].flags & FNM_PERIOD ? " PERIOD" : "",
           rows[i].flags & FNM_NOESCAPE ? " NOESCAPE" : "",
           rows[i].flags & FNM_CASEFOLD ? " CASEFOLD" : "",
           rows[i].flags & FNM_LEADING_DIR ? " LEADING_DIR" : "",
           result == 0             ? "yes"
           : result == FNM_NOMATCH ? "no"
                                   : "another result");
  }
}

static void removal(void) {
  SECTION("a tree that is removed by nftw");
  FACT(nftw("t", removes, 10, FTW_PHYS | FTW_DEPTH));
  FACT(access("t", F_OK));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  make_tree();
  trees();
  globs();
  matches();
  removal();
  return 0;
}
