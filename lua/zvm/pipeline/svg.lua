--- A timeline as a picture: SVG that stands alone, a row an instance.
--
-- Nothing in it is a script, a link or a font from elsewhere. It has colours
-- for light and for dark, as who looks at it has set. Names may be anybody's
-- choice, and are text only.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "zvm".host
local symbols = require "zvm.symbols"
local units = require "zvm.pipeline.units"
local utf8 = require "zvm.utf8"

local M = {}

local WIDTH, ROW, BAR, TOP, MARGIN = 960, 22, 14, 64, 16
local LETTER = 6.6 -- width of a letter of 12 pixels, about
local NAME_MOST = 28 -- letters of a name that are shown
local BYTES = 170 -- width of the column of bytes
local ROWS = 1000

local STYLE = [[
text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.dim, .tick { fill: #59636e; }
.tick, .bytes { font-size: 11px; }
.back { fill: #ffffff; }
.band { fill: #f3f5f7; }
.grid { stroke: #d1d9e0; stroke-width: 1; }
.running { fill: #2f6fd6; }
.waiting { fill: #a9c7f5; }
.memo { fill: #7a5fc7; }
.failed { fill: #cf222e; }
.cross { stroke: #cf222e; stroke-width: 2.5; stroke-linecap: round; }
.bad { fill: #cf222e; font-weight: 600; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.dim, .tick { fill: #9198a1; }
.back { fill: #0d1117; }
.band { fill: #171d25; }
.grid { stroke: #30363d; }
.running { fill: #58a6ff; }
.waiting { fill: #24456e; }
.memo { fill: #a78bfa; }
.failed { fill: #ff7b72; }
.cross { stroke: #ff7b72; }
.bad { fill: #ff7b72; }
}
]]

-- -- Text -------------------------------------------------------------------

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
  ['"'] = "&quot;", ["'"] = "&#39;" }

--- Text as XML: UTF-8, without what XML cannot have, and without what would
-- turn the direction of the text around it.
function M.escape(text)
  text = symbols.shown(utf8.clean(text))
  return (text:gsub("\239\191[\190\191]", "?"):gsub("[&<>\"']", ENTITIES))
end

-- At most so many characters of it.
local function cut(text, most)
  text = utf8.clean(text)
  local n, at = 0, 1
  while at <= #text do
    if n == most - 1 and #text > at then
      local last = utf8.sequence_end(text, at) or at
      if last < #text then
        return text:sub(1, at - 1) .. "\226\128\166" -- ellipsis
      end
    end
    at = (utf8.sequence_end(text, at) or at) + 1
    n = n + 1
  end
  return text
end

local function letters(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

-- -- A picture under way ----------------------------------------------------

local Picture = {}
Picture.__index = Picture

function Picture:add(text, ...)
  self.out[#self.out + 1] = text:format(...)
end

function Picture:text(class, x, y, anchor, text)
  self:add('<text class="%s" x="%.1f" y="%.1f"%s>%s</text>', class, x, y,
    anchor and ' text-anchor="' .. anchor .. '"' or "", M.escape(text))
end

-- Where a moment is.
function Picture:x(time)
  return self.left + (self.right - self.left) * time / self.wall
end

function Picture:box(class, x, y, width, height)
  self:add('<rect class="%s" x="%.2f" y="%.1f" width="%.2f" height="%d"/>',
    class, x, y, width, height)
end

-- -- Rows -------------------------------------------------------------------

-- Who was stopped because of another one has not failed.
local function is_failed(report, row)
  return report.failed ~= nil and report.failed.instance == row.name
    or row.state ~= nil and row.state ~= "exit" and row.state ~= "stopped"
end

local function ending(row)
  if not row.start then
    return "not begun"
  elseif row.memo then
    return "looked up"
  elseif row.state == "exit" then
    return ("exit %d"):format(row.code or 0)
  end
  return row.state or "not ended"
end

-- The lines of a tooltip, as XML.
local function told(row, report)
  local lines = { row.name .. ": " .. ending(row) }
  if row.start then
    local stop = row.stop or report.timeline.wall
    lines[2] = ("%s to %s, %s"):format(units.time(row.start),
      units.time(stop), units.time(stop - row.start))
    local waited = 0
    for _, span in ipairs(row.spans) do
      waited = waited + (span.state == "waiting" and span.stop - span.start
        or 0)
    end
    if waited > 0 then
      lines[#lines + 1] = "waiting for " .. units.time(waited)
    end
    lines[#lines + 1] = ("in %.0f bytes, out %.0f bytes"):format(
      row.get_bytes, row.put_bytes)
  end
  for i, line in ipairs(lines) do
    lines[i] = M.escape(line)
  end
  return table.concat(lines, "\n")
end

local function add_bar(picture, row, y)
  for _, span in ipairs(row.spans) do
    local x = picture:x(span.start)
    picture:box(row.memo and "memo" or span.state, x, y,
      math.max(picture:x(span.stop) - x, 1.5), BAR)
  end
end

local function add_mark(picture, row, y)
  local x = picture:x(row.stop or picture.wall)
  local middle = y + BAR / 2
  x = math.min(math.max(x, picture.left + 5), picture.right - 5)
  picture:box("failed", x - 6, y, 12, BAR)
  picture:add('<path class="back" d="M%.1f %.1fl2-2 3 3 3-3 2 2-3 3 3 3-2 2'
    .. '-3-3-3 3-2-2 3-3z"/>', x - 5, middle - 3)
end

local function add_look_up(picture, row, y)
  local x = picture:x(row.start)
  picture:add('<path class="memo" d="M%.1f %.1fl7 7-7 7-7-7z"/>',
    math.min(math.max(x, picture.left + 7), picture.right - 7), y)
end

local function add_row(picture, report, row, y)
  local top = y + (ROW - BAR) / 2
  local base = y + ROW / 2 + 4
  local failed = is_failed(report, row)
  picture:add("<g><title>%s</title>", told(row, report))
  picture:box("hit", 0, y, WIDTH, ROW)
  picture:text(failed and "bad" or "name", picture.left - 10, base, "end",
    cut(row.name, NAME_MOST))
  if not row.start then
    picture:text("dim", picture.left + 6, base, nil, "not begun")
  elseif row.memo then
    add_look_up(picture, row, top)
  else
    add_bar(picture, row, top)
  end
  if failed then
    add_mark(picture, row, top)
  end
  if row.start then
    picture:text("bytes", picture.right + 85, base, "end",
      units.bytes(row.get_bytes))
    picture:text("bytes", WIDTH - MARGIN, base, "end",
      units.bytes(row.put_bytes))
  end
  picture:add "</g>"
end

-- -- Around the rows --------------------------------------------------------

local function add_axis(picture, bottom)
  local step = units.step(picture.wall, 8)
  local n = math.floor(picture.wall / step + 1e-9)
  for i = 0, n do
    local x = picture:x(i * step)
    picture:add('<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>', x,
      x, TOP, bottom + 4)
    picture:text("tick", x, bottom + 18, "middle",
      i == 0 and "0" or units.tick(i * step, step, picture.wall))
  end
  picture:text("tick", picture.right + 85, TOP - 8, "end", "in")
  picture:text("tick", WIDTH - MARGIN, TOP - 8, "end", "out")
end

local LEGEND = { { "running", "running" }, { "waiting", "waiting" },
  { "memo", "looked up" }, { "failed", "failed" } }

local function add_legend(picture, present, y)
  local x = picture.left
  for _, entry in ipairs(LEGEND) do
    if present[entry[1]] then
      picture:box(entry[1], x, y - 9, 10, 10)
      picture:text("tick", x + 15, y, nil, entry[2])
      x = x + 30 + 7 * #entry[2]
    end
  end
end

local function add_bands(picture, rows)
  local dark, stage = false, rows[1] and rows[1].stage
  for i, row in ipairs(rows) do
    if row.stage ~= stage then
      stage, dark = row.stage, not dark
    end
    if dark then
      picture:box("band", 0, TOP + (i - 1) * ROW, WIDTH, ROW)
    end
  end
end

local function kinds_of(report, rows)
  local present = {}
  for _, row in ipairs(rows) do
    if row.memo then
      present.memo = true
    end
    for _, span in ipairs(not row.memo and row.spans or {}) do
      present[span.state] = true
    end
    present.failed = present.failed or is_failed(report, row)
  end
  return present
end

local function title_of(report, rows)
  local run, looked_up = 0, 0
  for _, row in ipairs(rows) do
    looked_up = looked_up + (row.memo and 1 or 0)
    run = run + (row.start and not row.memo and 1 or 0)
  end
  local text = ("%s after %s, %d of %d instances run"):format(
    tostring(report.state), units.time(report.timeline.wall), run, #rows)
  return looked_up > 0 and ("%s, %d looked up"):format(text, looked_up)
    or text
end

local function begin(report, rows, shown)
  local longest = 4
  for i = 1, shown do
    longest = math.max(longest, letters(cut(rows[i].name, NAME_MOST)))
  end
  return setmetatable({ out = {}, left = MARGIN + 14 + longest * LETTER,
    right = WIDTH - BYTES - MARGIN, wall = math.max(report.timeline.wall,
      1e-6) }, Picture)
end

--- A picture of a report that has a `timeline`.
--
-- @tparam table report
-- @treturn string SVG
function M.format(report)
  local rows = report.timeline.rows
  local shown = math.min(#rows, ROWS)
  local picture = begin(report, rows, shown)
  local bottom = TOP + shown * ROW
  local height = bottom + (shown < #rows and 72 or 52)
  picture:add '<?xml version="1.0" encoding="UTF-8"?>'
  picture:add('<svg xmlns="http://www.w3.org/2000/svg" width="%d" '
    .. 'height="%d" viewBox="0 0 %d %d" role="img">', WIDTH, height, WIDTH,
    height)
  picture:add("<title>%s</title>", M.escape(title_of(report, rows)))
  picture:add("<style>%s.hit { fill: none; pointer-events: all; }</style>",
    STYLE)
  picture:box("back", 0, 0, WIDTH, height)
  add_bands(picture, { unpack(rows, 1, shown) })
  picture:text("title", MARGIN, 28, nil, title_of(report, rows))
  add_axis(picture, bottom)
  for i = 1, shown do
    add_row(picture, report, rows[i], TOP + (i - 1) * ROW)
  end
  if shown < #rows then
    picture:text("dim", MARGIN, bottom + 40, nil,
      ("and %d instances more"):format(#rows - shown))
  end
  add_legend(picture, kinds_of(report, rows), height - 12)
  picture:add "</svg>\n"
  return table.concat(picture.out, "\n")
end

--- Write a picture of a report to a file, which is whole or not there.
--
-- @tparam table report
-- @tparam string path
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code "SYSTEM"
function M.write(report, path)
  local target, temporary = host.beside(path)
  if not target then
    return nil, temporary, "SYSTEM"
  end
  local file, message = io.open(temporary or target, "wb")
  local ok = file
  if file then
    ok, message = file:write(M.format(report))
    local closed, why = file:close()
    ok, message = ok and closed, message or why
  end
  if ok and temporary then
    ok, message = os.rename(temporary, target)
  end
  if not ok then
    if temporary then
      os.remove(temporary)
    end
    return nil, ("%s: %s"):format(path, message), "SYSTEM"
  end
  return true
end

return M
