-- Floating point in tables with names: planets.
-- SPDX-License-Identifier: Apache-2.0
local sqrt = math.sqrt
local DAYS, SOLAR = 365.24, 4 * math.pi ^ 2
local bodies = {
  { x = 0, y = 0, z = 0, vx = 0, vy = 0, vz = 0, mass = SOLAR },
  { x = 4.84143144246472090, y = -1.16032004402742839,
    z = -0.103622044471123109, vx = 0.00166007664274403694 * DAYS,
    vy = 0.00769901118419740425 * DAYS, vz = -0.0000690460016972063023 * DAYS,
    mass = 0.000954791938424326609 * SOLAR },
  { x = 8.34336671824457987, y = 4.12479856412430479,
    z = -0.403523417114321381, vx = -0.00276742510726411 * DAYS,
    vy = 0.00499852801234917238 * DAYS, vz = 0.0000230417297573763929 * DAYS,
    mass = 0.000285885980666130812 * SOLAR },
  { x = 12.8943695621391310, y = -15.1111514016986312,
    z = -0.223307578892655734, vx = 0.00296460137564761618 * DAYS,
    vy = 0.00237847173959480950 * DAYS, vz = -0.0000296589568540237556 * DAYS,
    mass = 0.0000436624404335156298 * SOLAR },
  { x = 15.3796971148509165, y = -25.9193146099879641,
    z = 0.179258772950371181, vx = 0.00268067772490389322 * DAYS,
    vy = 0.00162824170038242295 * DAYS, vz = -0.0000951592254519715870 * DAYS,
    mass = 0.0000515138902046611451 * SOLAR },
}

local function pull(a, b, dt)
  local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
  local square = dx * dx + dy * dy + dz * dz
  local force = dt / (square * sqrt(square))
  local am, bm = a.mass * force, b.mass * force
  a.vx, a.vy, a.vz = a.vx - dx * bm, a.vy - dy * bm, a.vz - dz * bm
  b.vx, b.vy, b.vz = b.vx + dx * am, b.vy + dy * am, b.vz + dz * am
end

local function advance(dt)
  local n = #bodies
  for i = 1, n do
    for j = i + 1, n do
      pull(bodies[i], bodies[j], dt)
    end
  end
  for i = 1, n do
    local b = bodies[i]
    b.x, b.y, b.z = b.x + dt * b.vx, b.y + dt * b.vy, b.z + dt * b.vz
  end
end

for _ = 1, 15000 do
  advance(0.01)
end
print(("%.9f %.9f"):format(bodies[1].x, bodies[2].vy))
