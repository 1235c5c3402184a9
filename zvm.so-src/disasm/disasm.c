/*
** disasm.c - the Lua module zvm.disasm: machine code as AT&T text.
**
** A companion of its own, on Zydis, for people who read findings. It is no
** part of the trusted base: neither zvm.so nor the core knows of it, no
** verdict depends on it, and zvm.explain does without when it is missing.
** That another decoder than ours speaks here is on purpose.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <Zydis/Zydis.h>
#include <lua.h>
#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

_Static_assert(ZYDIS_VERSION >= 0x0004000000000000, "Zydis 4 is needed");

#define NUMBER_MAX 9007199254740992.0 /* 2^53 */

static ZydisDecoder decoder;
static ZydisFormatter formatter;


/* A whole number in [0, 2^53], or an error. */
static lua_Number check_whole(lua_State *L, int index) {
  lua_Number n = luaL_checknumber(L, index);
  luaL_argcheck(L, n >= 0 && n <= NUMBER_MAX && n == (lua_Number)(ZyanU64)n,
                index, "whole number from 0 to 2^53 expected");
  return n;
}


/*
** Push the text. Two things Zydis writes otherwise than assemblers read: an
** operand of long nops that they do not have, and the star of branches
** through a register or memory.
*/
static void push_text(lua_State *L, const ZydisDecodedInstruction *in,
                      const ZydisDecodedOperand *operands,
                      const char *text) {
  bool branch = in->mnemonic == ZYDIS_MNEMONIC_CALL ||
                in->mnemonic == ZYDIS_MNEMONIC_JMP;
  const char *space = strchr(text, ' ');
  if (in->mnemonic == ZYDIS_MNEMONIC_NOP) {
    lua_pushliteral(L, "nop");
  } else if (branch && space != NULL &&
             (operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER ||
              operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY)) {
    lua_pushlstring(L, text, (size_t)(space + 1 - text));
    lua_pushfstring(L, "*%s", space + 1);
    lua_concat(L, 2);
  } else {
    lua_pushstring(L, text);
  }
}


/***
Decode one instruction.

@function disasm.decode
@tparam string code
@tparam number offset of the instruction, from 0
@tparam number address at which that byte runs: branches show their target
@treturn[1] string AT&T text: `"mov 0x8(%rsp), %eax"`
@treturn[1] number length in bytes
@treturn[2] nil when no instruction stands there, or the code ends within it
@usage print(require("zvm.disasm").decode("\144", 0, 0x20000)) --> nop 1
*/
static int decode(lua_State *L) {
  ZydisDecodedInstruction in;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  char text[128];
  size_t size;
  const char *code;
  lua_Number offset, address;
  luaL_checktype(L, 1, LUA_TSTRING);
  code = lua_tolstring(L, 1, &size);
  offset = check_whole(L, 2);
  address = check_whole(L, 3);
  luaL_argcheck(L, offset <= (lua_Number)size, 2, "behind the code's end");
  code += (size_t)offset;
  size -= (size_t)offset;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, size, &in,
                                           operands)) ||
      !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
          &formatter, &in, operands, in.operand_count_visible, text,
          sizeof text, (ZyanU64)address, NULL))) {
    lua_pushnil(L);
    return 1;
  }
  push_text(L, &in, operands, text);
  lua_pushinteger(L, in.length);
  return 2;
}


/* The same values each time: harmless when done twice. */
static int prepare(void) {
  return ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
                                       ZYDIS_STACK_WIDTH_64)) &&
         ZYAN_SUCCESS(
             ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT)) &&
         ZYAN_SUCCESS(ZydisFormatterSetProperty(
             &formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE)) &&
         ZYAN_SUCCESS(ZydisFormatterSetProperty(
             &formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING,
             ZYDIS_PADDING_DISABLED)) &&
         ZYAN_SUCCESS(ZydisFormatterSetProperty(
             &formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING,
             ZYDIS_PADDING_DISABLED)) &&
         ZYAN_SUCCESS(ZydisFormatterSetProperty(
             &formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
             ZYDIS_PADDING_DISABLED)) &&
         /* How memory is addressed is what findings are about. */
         ZYAN_SUCCESS(ZydisFormatterSetProperty(
             &formatter, ZYDIS_FORMATTER_PROP_FORCE_RELATIVE_RIPREL,
             ZYAN_TRUE));
}


__attribute__((visibility("default"))) int luaopen_zvm_disasm(lua_State *L);

int luaopen_zvm_disasm(lua_State *L) {
  if (!prepare())
    return luaL_error(L, "zvm.disasm: Zydis cannot be set up");
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, decode);
  lua_setfield(L, -2, "decode");
  return 1;
}
