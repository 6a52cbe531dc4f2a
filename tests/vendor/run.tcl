# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs a script in the stand-in of a tool:  tclsh run.tcl vitis_hls|vivado SCRIPT
#
# The exit status is 1 after an error, as with the tools' batch modes. SUMTILE_STANDIN_PYTHON is the Python of the
# helpers, SUMTILE_STANDIN_SLACK the slack in ns that an implementation is to have, 0.1 by default ("none": no timed path),
# and SUMTILE_STANDIN_FAILS the name of a run that is to fail.

lassign $argv which script
set here [file dirname [file normalize [info script]]]
source [file join $here tool.tcl]
set tool::folder $here
if {[info exists env(SUMTILE_STANDIN_PYTHON)]} { set tool::python $env(SUMTILE_STANDIN_PYTHON) }
switch $which {
  vitis_hls {
    set tool::name "Vitis HLS"
    source [file join $here hls.tcl]
  }
  vivado {
    set tool::name "Vivado"
    source [file join $here project.tcl]
    foreach part {model design address check} { lappend tool::deferred [file join $here $part.tcl] }
    lappend tool::deferred {*}[lsort [glob -directory [file join $here ip] *.tcl]]
  }
  default {
    puts stderr "usage: tclsh run.tcl vitis_hls|vivado SCRIPT"
    exit 2
  }
}
if {[catch {tool::check_language $script; source $script} message]} {
  puts stderr "ERROR: $message"
  exit 1
}
