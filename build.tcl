# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
#
# Synthesizes the engine of an overlay with Vitis HLS and packs it as an IP.
#
#     vitis_hls -f build.tcl                            up to 2024.2
#     vitis-run --mode hls --tcl build.tcl              2024.1 and later
#
# vitis-run passes no arguments on, so the options are environment variables:
#
#     SUMTILE_OVERLAY   name of a file in overlays/                      adder
#     SUMTILE_BOARD     name of a file in overlays/boards/               zcu102
#     SUMTILE_STEPS     any of: csim csynth cosim export                 csynth export
#     SUMTILE_BUILD     folder of the results                            build/hls/<board>/<overlay>
#     SUMTILE_PYTHON    a Python 3.10 or later; no package is needed     python3
#
# STATE: the script is checked against a recording of the commands below in plain tclsh. It has not been run through
# the vendor's tool, and no bitstream has been made with it. The block design (DMAs, interrupt controller, memory
# ports) and the bitstream are not here yet.

set root [file dirname [file normalize [info script]]]

# The value of an environment variable, or a default.
proc option {name default} {
  return [expr {[info exists ::env($name)] && $::env($name) ne "" ? $::env($name) : $default}]
}

# Runs Python on the descriptions. The vendor's shell sets variables for its own Python and libraries, which would
# break the system's.
proc describe {args} {
  set python [option SUMTILE_PYTHON python3]
  return [exec env -u PYTHONHOME -u LD_LIBRARY_PATH PYTHONPATH=$::root/driver $python -W ignore {*}$args]
}

# Everything that the JSON files say about the build, as a dictionary.
proc read_overlay {overlay board} {
  return [describe -c {
import sys
from sumtile.overlay import Overlay
overlay = Overlay.load(*sys.argv[1:])
print("top", overlay.engine.top, "part", overlay.board.part, "clock_ns", format(1000 / overlay.clock_mhz, ".4f"))
  } $overlay $board]
}

# Writes the C++ configuration header where the kernel's #include finds it.
proc write_config {overlay board folder} {
  file mkdir $folder
  set header [open [file join $folder sumtile_config.hpp] w]
  puts $header [describe -m sumtile.overlay.config_header $overlay $board]
  close $header
}

proc check_steps {steps} {
  foreach step $steps {
    if {$step ni {csim csynth cosim export}} {
      error "SUMTILE_STEPS has '$step'; choose any of csim csynth cosim export."
    }
  }
}

# A testbench is optional: without one, csim and cosim have nothing to run.
proc add_sources {root top config steps} {
  set flags "-std=c++14 -I$root/hls/include -I$config"
  set testbench [file join $root hls testbench ${top}_tb.cpp]
  add_files [file join $root hls kernels conv.cpp] -cflags $flags
  if {[file exists $testbench]} {
    add_files -tb $testbench -cflags $flags
  } elseif {"csim" in $steps || "cosim" in $steps} {
    error "SUMTILE_STEPS asks for csim or cosim, but there is no $testbench; take these steps out."
  }
}

proc run_steps {steps} {
  if {"csim" in $steps} { csim_design }
  if {"csynth" in $steps || "cosim" in $steps || "export" in $steps} { csynth_design }
  if {"cosim" in $steps} { cosim_design }
  if {"export" in $steps} { export_design -format ip_catalog -vendor xilinx.com -library hls -version 1.0 }
}

set overlay [option SUMTILE_OVERLAY adder]
set board [option SUMTILE_BOARD zcu102]
set steps [option SUMTILE_STEPS {csynth export}]
set build [file normalize [option SUMTILE_BUILD [file join $root build hls $board $overlay]]]

check_steps $steps
write_config $overlay $board [file join $build include]
set about [read_overlay $overlay $board]
set top [dict get $about top]

cd $build
open_project -reset $top
set_top $top
add_sources $root $top [file join $build include] $steps
open_solution -reset solution -flow_target vivado
set_part [dict get $about part]
create_clock -period [dict get $about clock_ns] -name default
run_steps $steps
exit
