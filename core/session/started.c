/*
** started.c - sessions that are under way while their host goes on.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>

#include "base/clock.h"
#include "base/num.h"
#include "session.h"


/* -- Start and wait ------------------------------------------------------ */

zvm_status zvm_session_start(zvm_session *s, zvm_error *err) {
  if (s->has_run)
    return zvm__fail(err, ZVM_E_STATE, "the session has run already");
  if (s->isolation != ZVM_ISOLATION_PROCESS)
    return zvm__fail(err, ZVM_E_STATE,
                     "only a session in a worker process can be started");
  zvm__job job = zvm__session_job(s);
  zvm__wait wait;
  s->flight = zvm__flight_start(&job, &wait, err);
  s->has_run = s->flight != NULL;
  zvm__wait_end(&wait);
  return s->has_run ? ZVM_OK : ZVM_E_NOMEM;
}


zvm_status zvm_session_wait(zvm_session *s, zvm_report *out,
                            zvm_error *err) {
  if (s->flight == NULL)
    return zvm__fail(err, ZVM_E_STATE,
                     s->has_run ? "the session has been waited for"
                                : "the session has not been started");
  zvm__outcome outcome;
  zvm__wait wait = {0};
  zvm__flight *f = s->flight;
  bool is_free = zvm__flight_is_free(f);
  zvm_status st = zvm__flight_wait(f, &outcome, &wait, err);
  if (is_free)
    s->flight = NULL;
  st = zvm__session_end(s, st, &outcome, &wait, out);
  return is_free ? zvm__session_failed(s, st, err) : st;
}


static zvm_status check_list(zvm_session *const *list, size_t count,
                             zvm__flight **set, zvm_error *err) {
  if (count == 0)
    return zvm__fail(err, ZVM_E_STATE, "there is no session to wait for");
  for (size_t i = 0; i < count; i++) {
    set[i] = list[i]->flight;
    if (set[i] == NULL)
      return zvm__fail(err, ZVM_E_STATE,
                       "session %zu of the list was not started, or has "
                       "been waited for",
                       i + 1);
    for (size_t k = 0; k < i; k++)
      if (set[k] == set[i])
        return zvm__fail(err, ZVM_E_STATE,
                         "session %zu of the list is there twice", i + 1);
  }
  return ZVM_OK;
}


zvm_status zvm_session_wait_any(zvm_session *const *list, size_t count,
                                uint64_t timeout_ns, size_t *which,
                                int *signal, zvm_error *err) {
  uint64_t until;
  int stopped = 0;
  zvm__wait wait;
  if (!zvm__add(zvm__now_ns(), timeout_ns, &until))
    until = UINT64_MAX;
  zvm__flight **set = calloc(count + 1, sizeof *set);
  if (set == NULL)
    return zvm__fail(err, ZVM_E_NOMEM, "not enough memory to wait");
  zvm_status st = check_list(list, count, set, err);
  if (st == ZVM_OK) {
    st = zvm__flights_wait(set, count, until, which, &stopped, &wait, err);
    if (signal != NULL)
      *signal = stopped;
    free(set);
    zvm__wait_end(&wait);
    return st;
  }
  free(set);
  return st;
}
