/*
** kinds.c - what trials do, and how often.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "soak.h"

const kind kinds[] = {
    /* how many of a thousand; what it needs; does it wait for nothing */
    {"exit", 220, exit_code_of, WISH_NONE, true},
    {"memory", 150, mix_memory, WISH_NONE, true},
    {"file", 90, mix_file, WISH_NONE, true},
    {"pipe", 90, mix_pipes, WISH_NONE, true},
    {"fault", 140, fail_somehow, WISH_NONE, true},
    {"puts", 60, exceed_puts, WISH_NONE, true},
    {"gets", 60, exceed_gets, WISH_NONE, true},
    {"file size", 40, exceed_file, WISH_NONE, true},
    {"resident", 12, exceed_memory, WISH_NONE, false},
    {"timeout", 16, time_out, WISH_NONE, false},
    {"cpu", 16, use_up_cpu, WISH_NONE, false},
    {"starved", 26, starve, WISH_NONE, false},
    {"libc", 40, use_libc, WISH_NONE, true},
    {"libc fault", 20, fail_with_libc, WISH_NONE, true},
    {"many", 16, gather, WISH_NONE, false},
    {"flood", 14, flood, WISH_NONE, false},
    {"refused", 30, be_refused, WISH_NONE, true},
    {"victim", 5, be_killed, WISH_KILL, false},
    {"frozen", 0, be_frozen, WISH_STOP, false},
};
const unsigned kinds_count = sizeof kinds / sizeof kinds[0];
