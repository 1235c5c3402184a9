/*
** far.h - variables that lie apart.
**
** A process that was forked copies each page that it writes. So the large
** arrays, of which little is used, lie behind the small variables of all
** files and not between them: cell/near.ld.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BASE_FAR_H
#define ZVM_BASE_FAR_H

#define ZVM__FAR __attribute__((section(".bss.far")))

#endif
