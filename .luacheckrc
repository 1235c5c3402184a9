-- SPDX-License-Identifier: Apache-2.0
std = "lua51"
max_line_length = 80
files["spec"].std = "+busted"
exclude_files = { "build" }
