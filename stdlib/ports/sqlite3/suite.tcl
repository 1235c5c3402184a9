# suite.tcl - for `suite`, in testfixture: run a file of SQLite's tests, or say
# which ones its `veryquick` has.
#
# SPDX-License-Identifier: Apache-2.0
if {$argv eq ""} {
  set argv0 test/names
  source test/permutations.test
  array set suite $testspec(veryquick)
  puts [join $suite(-files) \n]
} else {
  set argv0 [file join test [lindex $argv 0]]
  set argv {}
  set G(valgrind) 1
  source $argv0
}
