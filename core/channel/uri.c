/*
** uri.c - read a channel's `uri`, strictly.
**
**   file:PATH   fd:N   null:   tcp:HOST:PORT   unix:PATH
**
** Numbers are decimal, without signs, blanks or leading zeros. An IPv6
** address is in brackets, so that its colons are not the port's.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "uri.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

typedef struct reading {
  const char *alias;
  const char *text;
  zvm_error *err;
} reading;


static zvm_status wrong(const reading *r, const char *what) {
  return zvm__fail(r->err, ZVM_E_OPTION, "channel %.80s: uri \"%.60s\": %s",
                   r->alias, r->text, what);
}


/* All of `s` is a number of at most `most`; -1 if it is not. */
static long number(const char *s, long most) {
  size_t n = strspn(s, "0123456789");
  if (n == 0 || n > 10 || s[n] != '\0' || (s[0] == '0' && n > 1))
    return -1;
  long value = strtol(s, NULL, 10);
  return value <= most ? value : -1;
}


static zvm_status read_path(const reading *r, zvm__uri *out,
                            const char *path) {
  if (path[0] == '\0')
    return wrong(r, "the path is missing");
  out->path = path;
  return ZVM_OK;
}


static zvm_status read_file(const reading *r, zvm__uri *out,
                            const char *rest) {
  return read_path(r, out, rest);
}


static zvm_status read_unix(const reading *r, zvm__uri *out,
                            const char *rest) {
  struct sockaddr_un a;
  if (strlen(rest) >= sizeof a.sun_path)
    return wrong(r, "a path of at most 107 bytes expected");
  return read_path(r, out, rest);
}


static zvm_status read_fd(const reading *r, zvm__uri *out,
                          const char *rest) {
  long fd = number(rest, INT32_MAX);
  if (fd < 0)
    return wrong(r, "the number of a descriptor expected after \"fd:\"");
  out->fd = (int)fd;
  return ZVM_OK;
}


static zvm_status read_null(const reading *r, zvm__uri *out,
                            const char *rest) {
  (void)out;
  return rest[0] == '\0' ? ZVM_OK
                         : wrong(r, "nothing expected after \"null:\"");
}


/* Letters of names and addresses; what a resolver makes of them is its own. */
static bool is_host(const char *s) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  return s[0] != '\0' && s[0] != '-' && s[strspn(s, letters)] == '\0';
}


static bool is_ipv6(const char *s) {
  struct in6_addr a;
  char bare[64];
  size_t n = strcspn(s, "%"); /* a zone may follow */
  if (n >= sizeof bare || (s[n] == '%' && !is_host(s + n + 1)))
    return false;
  memcpy(bare, s, n);
  bare[n] = '\0';
  return inet_pton(AF_INET6, bare, &a) == 1;
}


static zvm_status read_tcp(const reading *r, zvm__uri *out,
                           const char *rest) {
  bool brackets = rest[0] == '[';
  const char *start = rest + brackets;
  const char *end = strchr(start, brackets ? ']' : ':');
  if (end == NULL || end[brackets] != ':')
    return wrong(r, "tcp:HOST:PORT expected");
  size_t n = (size_t)(end - start);
  if (n >= sizeof out->host)
    return wrong(r, "a host of at most 255 bytes expected");
  memcpy(out->host, start, n);
  out->host[n] = '\0';
  const char *port = end + brackets + 1;
  if (!brackets && strchr(port, ':') != NULL)
    return wrong(r, "an IPv6 address is written in brackets: tcp:[::1]:80");
  if (brackets ? !is_ipv6(out->host) : !is_host(out->host))
    return wrong(r, brackets ? "no IPv6 address is in the brackets"
                             : "a name or an address of a host expected");
  long value = number(port, 65535);
  if (value < 1)
    return wrong(r, "a port from 1 to 65535 expected");
  memcpy(out->port, port, strlen(port) + 1);
  return ZVM_OK;
}


zvm_status zvm__uri_parse(zvm__uri *out, const char *alias, const char *text,
                          zvm_error *err) {
  static const struct {
    const char *prefix;
    zvm_status (*read)(const reading *r, zvm__uri *out, const char *rest);
    int scheme;
  } all[] = {
      {"file:", read_file, ZVM__URI_FILE}, {"fd:", read_fd, ZVM__URI_FD},
      {"null:", read_null, ZVM__URI_NULL}, {"tcp:", read_tcp, ZVM__URI_TCP},
      {"unix:", read_unix, ZVM__URI_UNIX},
  };
  reading r = {alias, text, err};
  *out = (zvm__uri){.fd = -1};
  if (text == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: no uri", alias);
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    size_t n = strlen(all[i].prefix);
    if (strncmp(text, all[i].prefix, n) == 0) {
      out->scheme = all[i].scheme;
      return all[i].read(&r, out, text + n);
    }
  }
  return wrong(&r, "file:PATH, fd:N, null:, tcp:HOST:PORT or unix:PATH "
                   "expected");
}


zvm_status zvm_uri_resolve(zvm_channel_options *o, zvm_error *err) {
  zvm__uri u;
  const char *alias = o->alias != NULL ? o->alias : "";
  zvm_status st = zvm__uri_parse(&u, alias, o->uri, err);
  if (st != ZVM_OK)
    return st;
  o->source = ZVM_SOURCE_URI;
  switch (u.scheme) {
  case ZVM__URI_FILE:
    o->source = ZVM_SOURCE_FILE;
    o->path = u.path;
    break;
  case ZVM__URI_FD:
    o->source = ZVM_SOURCE_FD;
    o->fd = u.fd;
    break;
  case ZVM__URI_NULL:
    o->source = ZVM_SOURCE_NULL;
    break;
  case ZVM__URI_TCP:
  case ZVM__URI_UNIX:
    break;
  }
  return ZVM_OK;
}
