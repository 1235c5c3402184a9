/*
** fixed.c - calls that would change the set of files, which is fixed.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "sys.h"

/* An error about a name that is not there comes first, as users expect. */
static int refuse(arg path) {
  int channel = __zvm_resolve(PTR(const char, path));
  return channel <= PATH_ERROR ? channel - PATH_ERROR : -EROFS;
}

static int refuse_new(arg path) {
  int channel = __zvm_resolve(PTR(const char, path));
  return channel > PATH_ERROR ? -EEXIST : -EROFS;
}

SYS(unlink) { return refuse(a); }
SYS(unlinkat) { return refuse(b); }
SYS(rmdir) { return refuse(a); }
SYS(rename) { return refuse(a); }
SYS(renameat) { return refuse(b); }
SYS(chmod) { return refuse(a); }
SYS(fchmodat) { return refuse(b); }
SYS(truncate) { return refuse(a); }
SYS(link) { return refuse_new(b); }
SYS(symlink) { return refuse_new(b); }
SYS(mkdir) { return refuse_new(a); }
SYS(mkdirat) { return refuse_new(b); }
