--- Who waits for whom, and what is done for them.
--
-- Methods of a runner: see run.lua.
--
-- SPDX-License-Identifier: Apache-2.0
local knot = require "zvm.pipeline.knot"

local M = {}

-- A ring of a circle is made larger; false if no circle has one.
function M:grow(circles, waits)
  local grown, why = false, nil
  for _, circle in ipairs(circles) do
    local wait = knot.smallest_full(circle, waits, function(each)
      return self.wire.pipes[each.edge]:level().size
    end)
    if wait then
      local ok, message = self.wire.pipes[wait.edge]:grow()
      grown, why = grown or ok, why or message
    end
  end
  return grown, why
end

-- Somebody who has not begun, for whom one waits.
function M:wanted(waits)
  for _, state in ipairs(self.order) do
    local wait = waits[state.instance.name]
    local whom = wait and self.states[wait.whom]
    if whom and whom.status == "unbegun" and self:is_ready(whom) then
      return whom
    end
  end
end

function M:deadlock(waits, circles, why)
  local list, texts = {}, {}
  for _, state in ipairs(self.order) do
    local wait = waits[state.instance.name]
    if wait then
      list[#list + 1] = { who = wait.who, channel = wait.channel,
        way = wait.way, whom = wait.whom }
    end
  end
  for i, circle in ipairs(circles) do
    texts[i] = knot.text(circle, waits)
  end
  local text = table.concat(texts, ". ") .. (why and ": " .. why or "")
  self:stop { state = "deadlock", reason = text,
    deadlock = { text = text, waits = list } }
end

local function names_of(live)
  local names = {}
  for i, state in ipairs(live) do
    names[i] = state.instance.name
  end
  return names
end

-- Look at who waits, and do what has to be done for them.
function M:look_around()
  local waits, waiting = self.look:look(self.live)
  local circles = knot.circles(waits, names_of(self.live))
  local grown, why = self:grow(circles, waits)
  local sure = 0
  for _ in pairs(waits) do
    sure = sure + 1
  end
  -- Who waits leaves his place to one who is waited for.
  local wanted = #self.live - sure < self.options.workers
    and self:wanted(waits)
  if grown then
    self:look_soon()
  elseif wanted then
    self:start(wanted)
  elseif sure == #self.live then
    local state = self:next_ready()
    if state then
      self:start(state)
    else
      self:deadlock(waits, circles, why)
    end
  elseif waiting == #self.live then
    self:look_soon() -- to be sure
  else
    self:look_later()
  end
end

return M
