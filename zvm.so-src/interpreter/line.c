/*
** line.c - the module zvm.line: lines that a person types, edited.
**
** libedit does the editing, the history and the search in it. What can be
** completed is for a function of Lua's to say. One person, one terminal: the
** state of libedit is that of the process.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <editline/readline.h>

#include <lauxlib.h>

#include "interpreter.h"

static lua_State *state; /* while a line is read */


/*
** Called by libedit again and again, `first` being 0 at first: the next word
** that completes `text`, from the list at the top of the stack.
*/
static char *next_word(const char *text, int first) {
  static int i;
  (void)text;
  if (first == 0)
    i = 0;
  lua_rawgeti(state, -1, ++i);
  const char *word = lua_tostring(state, -1);
  char *copy = word == NULL ? NULL : strdup(word);
  lua_pop(state, 1);
  return copy;
}


/* The line up to the word, and the word, are what the function is given. */
static char **complete(const char *text, int begin, int end) {
  (void)end;
  rl_attempted_completion_over = 1; /* file names are no answer */
  int top = lua_gettop(state);
  lua_pushvalue(state, 2);
  lua_pushlstring(state, rl_line_buffer, (size_t)begin);
  lua_pushstring(state, text);
  char **words = NULL;
  if (lua_pcall(state, 2, 1, 0) == 0 && lua_istable(state, -1))
    words = rl_completion_matches(text, next_word);
  lua_settop(state, top);
  return words;
}


/*
** read(prompt, complete): a line without its newline, or nil at the end.
** complete(before, word) gives the list of whole words that `word` may become.
*/
static int read_line(lua_State *L) {
  const char *prompt = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  state = L;
  rl_attempted_completion_function = complete;
  rl_basic_word_break_characters = " \t\n\"'`(){}[]<>=+-*/%^#~,;";
  rl_completion_append_character = '\0';
  char *line = readline(prompt);
  state = NULL;
  if (line == NULL)
    return 0;
  lua_pushstring(L, line);
  free(line);
  return 1;
}


/* add(line): to the history. */
static int add(lua_State *L) {
  add_history(luaL_checkstring(L, 1));
  return 0;
}


/* load(path), save(path, most): the history's file. true, or nil. */
static int load(lua_State *L) {
  using_history();
  lua_pushboolean(L, read_history(luaL_checkstring(L, 1)) == 0);
  return 1;
}


static int save(lua_State *L) {
  stifle_history((int)luaL_checkinteger(L, 2));
  lua_pushboolean(L, write_history(luaL_checkstring(L, 1)) == 0);
  return 1;
}


int zvm__line_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"add", add}, {"load", load}, {"read", read_line}, {"save", save}};
  lua_createtable(L, 0, 4);
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    lua_pushcfunction(L, functions[i].func);
    lua_setfield(L, -2, functions[i].name);
  }
  return 1;
}
