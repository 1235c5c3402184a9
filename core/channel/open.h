/*
** open.h - the steps by which open.c makes a channel of its options.
**
** ZVM_E_OPTION: the options contradict themselves or the contract.
** ZVM_E_CHANNEL: what they name on the host does not suit. Either message
** begins with the alias.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CHANNEL_OPEN_H
#define ZVM_CHANNEL_OPEN_H

#include "channel.h"

/* -- What the options say by themselves (options.c) ---------------------- */

typedef struct zvm__rights {
  bool get;
  bool put;
} zvm__rights;

zvm_status zvm__channel_check(const zvm_channel_options *o, zvm_error *err);
zvm__rights zvm__channel_rights(const zvm_channel_options *o);

/* -- Files and descriptors (descriptor.c) -------------------------------- */

zvm_status zvm__channel_open_path(zvm__channel *ch,
                                  const zvm_channel_options *o,
                                  zvm_error *err);
/*
** Whether ch->fd will do, and which way bytes move, and where from: fixed
** now, for the whole run.
*/
zvm_status zvm__channel_open_fd(zvm__channel *ch,
                                const zvm_channel_options *o,
                                zvm_error *err);

/* -- What has another side (join.c) -------------------------------------- */

/*
** It is not there yet: a stream, which zvm__channel_join opens when all
** channels are known to be good. `scheme` and `place` are its uri.
*/
zvm_status zvm__channel_put_off(zvm__channel *ch,
                                const zvm_channel_options *o,
                                const char *scheme, const char *place,
                                zvm_error *err);
zvm_status zvm__channel_open_socket(zvm__channel *ch,
                                    const zvm_channel_options *o,
                                    zvm_error *err);
/* Whether ch->fd, a socket, will do. */
zvm_status zvm__channel_check_socket(zvm__channel *ch,
                                     const zvm_channel_options *o,
                                     zvm_error *err);

#endif
