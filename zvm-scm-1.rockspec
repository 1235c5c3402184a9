-- SPDX-License-Identifier: Apache-2.0
package = "zvm"
version = "scm-1"
rockspec_format = "3.0"

source = {
  url = "git+file://.",
}

description = {
  summary = "Run untrusted native x86-64 programs inside Lua",
  detailed = [[
zvm validates the machine code of a program before it runs, lays out its
memory in the low 4 GiB, and answers its six traps. A guest has only the
channels it was given; same program and same input give the same output.
]],
  license = "Apache-2.0",
  labels = { "sandbox", "native", "deterministic" },
}

supported_platforms = { "linux" }

dependencies = {
  "lua >= 5.1, < 5.2",
  "lua-cjson >= 2.1",
}

external_dependencies = {
  CRYPTO = { header = "openssl/evp.h", library = "crypto" },
}

-- The C core, the module and the guest's libc are made by the makefile.
build = {
  type = "make",
  build_variables = {
    CFLAGS = "$(CFLAGS)",
    LUA_CFLAGS = "-I$(LUA_INCDIR)",
  },
  build_target = "all",
  install_variables = {
    PREFIX = "$(PREFIX)",
  },
  install_target = "install",
  install = {
    lua = {
      ["zvm.backtrace"] = "lua/zvm/backtrace.lua",
      ["zvm.distance"] = "lua/zvm/distance.lua",
      ["zvm.dwarf"] = "lua/zvm/dwarf.lua",
      ["zvm.dwarf.expression"] = "lua/zvm/dwarf/expression.lua",
      ["zvm.dwarf.frame"] = "lua/zvm/dwarf/frame.lua",
      ["zvm.dwarf.program"] = "lua/zvm/dwarf/program.lua",
      ["zvm.dwarf.rules"] = "lua/zvm/dwarf/rules.lua",
      ["zvm.dwarf.unit"] = "lua/zvm/dwarf/unit.lua",
      ["zvm.elf"] = "lua/zvm/elf.lua",
      ["zvm.explain"] = "lua/zvm/explain.lua",
      ["zvm.explain.bundle"] = "lua/zvm/explain/bundle.lua",
      ["zvm.explain.lessons"] = "lua/zvm/explain/lessons.lua",
      ["zvm.explain.text"] = "lua/zvm/explain/text.lua",
      ["zvm.fault"] = "lua/zvm/fault.lua",
      ["zvm.guests"] = "lua/zvm/guests.lua",
      ["zvm.lua"] = "lua/zvm/lua.lua",
      ["zvm.lua.bytecode"] = "lua/zvm/lua/bytecode.lua",
      ["zvm.lua.closure"] = "lua/zvm/lua/closure.lua",
      ["zvm.lua.functions"] = "lua/zvm/lua/functions.lua",
      ["zvm.lua.reply"] = "lua/zvm/lua/reply.lua",
      ["zvm.lua.request"] = "lua/zvm/lua/request.lua",
      ["zvm.lua.values"] = "lua/zvm/lua/values.lua",
      ["zvm.manifest"] = "lua/zvm/manifest.lua",
      ["zvm.manifest.channel"] = "lua/zvm/manifest/channel.lua",
      ["zvm.manifest.channels"] = "lua/zvm/manifest/channels.lua",
      ["zvm.manifest.field"] = "lua/zvm/manifest/field.lua",
      ["zvm.manifest.from"] = "lua/zvm/manifest/from.lua",
      ["zvm.manifest.keys"] = "lua/zvm/manifest/keys.lua",
      ["zvm.manifest.number"] = "lua/zvm/manifest/number.lua",
      ["zvm.manifest.option"] = "lua/zvm/manifest/option.lua",
      ["zvm.manifest.problems"] = "lua/zvm/manifest/problems.lua",
      ["zvm.manifest.reader"] = "lua/zvm/manifest/reader.lua",
      ["zvm.manifest.run"] = "lua/zvm/manifest/run.lua",
      ["zvm.manifest.show"] = "lua/zvm/manifest/show.lua",
      ["zvm.manifest.source"] = "lua/zvm/manifest/source.lua",
      ["zvm.manifest.writer"] = "lua/zvm/manifest/writer.lua",
      ["zvm.mapreduce"] = "lua/zvm/mapreduce.lua",
      ["zvm.nodes"] = "lua/zvm/nodes.lua",
      ["zvm.nodes.protocol"] = "lua/zvm/nodes/protocol.lua",
      ["zvm.pipeline"] = "lua/zvm/pipeline.lua",
      ["zvm.pipeline.channels"] = "lua/zvm/pipeline/channels.lua",
      ["zvm.pipeline.check"] = "lua/zvm/pipeline/check.lua",
      ["zvm.pipeline.connect"] = "lua/zvm/pipeline/connect.lua",
      ["zvm.pipeline.contents"] = "lua/zvm/pipeline/contents.lua",
      ["zvm.pipeline.cut"] = "lua/zvm/pipeline/cut.lua",
      ["zvm.pipeline.cycles"] = "lua/zvm/pipeline/cycles.lua",
      ["zvm.pipeline.device"] = "lua/zvm/pipeline/device.lua",
      ["zvm.pipeline.document"] = "lua/zvm/pipeline/document.lua",
      ["zvm.pipeline.dot"] = "lua/zvm/pipeline/dot.lua",
      ["zvm.pipeline.ends"] = "lua/zvm/pipeline/ends.lua",
      ["zvm.pipeline.graph"] = "lua/zvm/pipeline/graph.lua",
      ["zvm.pipeline.hold"] = "lua/zvm/pipeline/hold.lua",
      ["zvm.pipeline.input"] = "lua/zvm/pipeline/input.lua",
      ["zvm.pipeline.job"] = "lua/zvm/pipeline/job.lua",
      ["zvm.pipeline.judge"] = "lua/zvm/pipeline/judge.lua",
      ["zvm.pipeline.knot"] = "lua/zvm/pipeline/knot.lua",
      ["zvm.pipeline.location"] = "lua/zvm/pipeline/location.lua",
      ["zvm.pipeline.look"] = "lua/zvm/pipeline/look.lua",
      ["zvm.pipeline.memo"] = "lua/zvm/pipeline/memo.lua",
      ["zvm.pipeline.options"] = "lua/zvm/pipeline/options.lua",
      ["zvm.pipeline.order"] = "lua/zvm/pipeline/order.lua",
      ["zvm.pipeline.output"] = "lua/zvm/pipeline/output.lua",
      ["zvm.pipeline.pack"] = "lua/zvm/pipeline/pack.lua",
      ["zvm.pipeline.progress"] = "lua/zvm/pipeline/progress.lua",
      ["zvm.pipeline.recipe"] = "lua/zvm/pipeline/recipe.lua",
      ["zvm.pipeline.result"] = "lua/zvm/pipeline/result.lua",
      ["zvm.pipeline.run"] = "lua/zvm/pipeline/run.lua",
      ["zvm.pipeline.starts"] = "lua/zvm/pipeline/starts.lua",
      ["zvm.pipeline.svg"] = "lua/zvm/pipeline/svg.lua",
      ["zvm.pipeline.tee"] = "lua/zvm/pipeline/tee.lua",
      ["zvm.pipeline.template"] = "lua/zvm/pipeline/template.lua",
      ["zvm.pipeline.term"] = "lua/zvm/pipeline/term.lua",
      ["zvm.pipeline.timeline"] = "lua/zvm/pipeline/timeline.lua",
      ["zvm.pipeline.traits"] = "lua/zvm/pipeline/traits.lua",
      ["zvm.pipeline.units"] = "lua/zvm/pipeline/units.lua",
      ["zvm.pipeline.waits"] = "lua/zvm/pipeline/waits.lua",
      ["zvm.pipeline.wildcard"] = "lua/zvm/pipeline/wildcard.lua",
      ["zvm.pipeline.wire"] = "lua/zvm/pipeline/wire.lua",
      ["zvm.pipeline.words"] = "lua/zvm/pipeline/words.lua",
      ["zvm.repl"] = "lua/zvm/repl.lua",
      ["zvm.report"] = "lua/zvm/report.lua",
      ["zvm.report.json"] = "lua/zvm/report/json.lua",
      ["zvm.report.text"] = "lua/zvm/report/text.lua",
      ["zvm.report.zerovm"] = "lua/zvm/report/zerovm.lua",
      ["zvm.sorted"] = "lua/zvm/sorted.lua",
      ["zvm.symbols"] = "lua/zvm/symbols.lua",
      ["zvm.tar"] = "lua/zvm/tar.lua",
      ["zvm.tar.block"] = "lua/zvm/tar/block.lua",
      ["zvm.tar.reader"] = "lua/zvm/tar/reader.lua",
      ["zvm.tar.writer"] = "lua/zvm/tar/writer.lua",
      ["zvm.utf8"] = "lua/zvm/utf8.lua",
    },
    lib = {
      zvm = "build/zvm.so",
    },
  },
}

test = {
  type = "command",
  command = "make test",
}
