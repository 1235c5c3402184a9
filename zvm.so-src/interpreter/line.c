/*
** line.c - the module zvm.line: lines that a person types, edited.
**
** libedit does the editing, the history and the search in it. What can be
** completed is for a function of Lua's to say. One person, one terminal: the
** state of libedit is that of the process.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <dirent.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include <editline/readline.h>

#include <lauxlib.h>

#include "interpreter.h"

static lua_State *state; /* while a line is read */
static char *line;       /* that has been read, or NULL at the end */
static bool ended;
static locale_t letters; /* for libedit alone: Lua's are those of "C" */


/* Those of the person; UTF-8 where nothing is said, as terminals have it. */
static void set_letters(void) {
  locale_t own = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
  if (own == (locale_t)0 ||
      strcmp(nl_langinfo_l(CODESET, own), "ANSI_X3.4-1968") == 0) {
    if (own != (locale_t)0)
      freelocale(own);
    own = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  }
  letters = own != (locale_t)0 ? own : LC_GLOBAL_LOCALE;
}


/* Where the character of that number is: libedit counts characters. */
static size_t place_of(const char *text, int number) {
  mbstate_t parts = {0};
  size_t at = 0;
  while (number-- > 0 && text[at] != '\0') {
    size_t n = mbrlen(text + at, MB_CUR_MAX, &parts);
    at += n == (size_t)-1 || n == (size_t)-2 ? 1 : n;
  }
  return at;
}


/*
** Called by libedit again and again, `first` being 0 at first: the next word
** that completes `text`, from the list below the top of the stack; without so
** many of its bytes as the top says.
*/
static char *next_word(const char *text, int first) {
  static int i;
  (void)text;
  if (first == 0)
    i = 0;
  lua_rawgeti(state, -2, ++i);
  size_t size;
  const char *word = lua_tolstring(state, -1, &size);
  lua_Integer before = lua_tointeger(state, -2);
  char *copy = NULL;
  if (word != NULL)
    copy = strdup(word + ((size_t)before < size ? (size_t)before : size));
  lua_pop(state, 1);
  return copy;
}


/* Several that are to be shown are shown whole. */
static void show_whole(char **words) {
  for (int i = 1; words[1] != NULL && words[2] != NULL && words[i] != NULL;
       i++) {
    lua_rawgeti(state, -2, i);
    char *whole = strdup(lua_tostring(state, -1));
    lua_pop(state, 1);
    if (whole != NULL) {
      free(words[i]);
      words[i] = whole;
    }
  }
}


/* The line up to the word, and the word, are what the function is given. */
static char **complete(const char *text, int begin, int end) {
  (void)end;
  rl_attempted_completion_over = 1; /* file names are no answer */
  int top = lua_gettop(state);
  lua_pushvalue(state, 2);
  lua_pushlstring(state, rl_line_buffer, place_of(rl_line_buffer, begin));
  lua_pushstring(state, text);
  char **words = NULL;
  if (lua_pcall(state, 2, 2, 0) == 0 && lua_istable(state, -2))
    words = rl_completion_matches(text, next_word);
  if (words != NULL && lua_tointeger(state, -1) > 0)
    show_whole(words);
  lua_settop(state, top);
  return words;
}


static void take_line(char *text) {
  line = text;
  ended = true;
  rl_callback_handler_remove();
}


/*
** Until there is a line. False if SIGINT came, which is let in only while
** nothing else is done: libedit is not to be left in the middle.
*/
static bool wait_line(lua_State *L, const sigset_t *before) {
  struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
  while (!ended) {
    if (ppoll(&p, 1, NULL, before) > 0)
      rl_callback_read_char();
    else if (lua_gethook(L) != NULL)
      return false;
  }
  return true;
}


/*
** read(prompt, complete): a line without its newline, or nil at the end; an
** error if it is interrupted. complete(before, word) gives the list of whole
** words that `word` may become, and how many bytes of each are in `before`.
*/
static int read_line(lua_State *L) {
  const char *prompt = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  state = L;
  line = NULL;
  ended = false;
  rl_catch_signals = 0;
  rl_attempted_completion_function = complete;
  rl_basic_word_break_characters = " \t\n\"'`(){}[]<>=+-*/%^#~,;";
  rl_completion_append_character = '\0';
  sigset_t interrupt;
  sigset_t before;
  (void)sigemptyset(&interrupt);
  (void)sigaddset(&interrupt, SIGINT);
  (void)pthread_sigmask(SIG_BLOCK, &interrupt, &before);
  locale_t of_lua = uselocale(letters);
  rl_callback_handler_install(prompt, take_line);
  bool whole = wait_line(L, &before);
  if (!whole)
    rl_callback_handler_remove();
  (void)uselocale(of_lua);
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  state = NULL;
  if (!whole) {
    lua_sethook(L, NULL, 0, 0);
    return luaL_error(L, "interrupted!");
  }
  if (line == NULL)
    return 0;
  lua_pushstring(L, line);
  free(line);
  return 1;
}


/* add(line): to the history. */
static int add(lua_State *L) {
  const char *text = luaL_checkstring(L, 1);
  locale_t of_lua = uselocale(letters);
  add_history(text);
  (void)uselocale(of_lua);
  return 0;
}


/* load(path), save(path, most): the history's file. true, or nil. */
static int load(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  locale_t of_lua = uselocale(letters);
  using_history();
  lua_pushboolean(L, read_history(path) == 0);
  (void)uselocale(of_lua);
  return 1;
}


static int save(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  int most = (int)luaL_checkinteger(L, 2);
  locale_t of_lua = uselocale(letters);
  stifle_history(most);
  lua_pushboolean(L, write_history(path) == 0);
  (void)uselocale(of_lua);
  return 1;
}


static bool is_folder(DIR *in, const char *name) {
  struct stat st;
  return fstatat(dirfd(in), name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}


/* names(folder): of all that is in it, a slash behind those of folders. */
static int names(lua_State *L) {
  DIR *in = opendir(luaL_checkstring(L, 1));
  int n = 0;
  lua_newtable(L);
  for (struct dirent *e; in != NULL && (e = readdir(in)) != NULL;) {
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
      lua_pushfstring(L, "%s%s", e->d_name,
                      is_folder(in, e->d_name) ? "/" : "");
      lua_rawseti(L, -2, ++n);
    }
  }
  if (in != NULL)
    (void)closedir(in);
  return 1;
}


int zvm__line_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"add", add},        {"load", load}, {"names", names},
      {"read", read_line}, {"save", save},
  };
  set_letters();
  lua_createtable(L, 0, 5);
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    lua_pushcfunction(L, functions[i].func);
    lua_setfield(L, -2, functions[i].name);
  }
  return 1;
}
