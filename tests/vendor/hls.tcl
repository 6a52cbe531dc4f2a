# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
#
# Stand-in of Vitis HLS: the Tcl commands of UG1399 that a project needs. C simulation compiles and runs the testbench;
# synthesis checks the sources and finds the ports of the top function in them; export writes an IP of these ports.

namespace eval hls {
  variable project ""   ;# folder, absolute
  variable top ""
  variable sources {}   ;# {file flags}
  variable benches {}
  variable solution ""  ;# folder, absolute
  variable part ""
  variable period ""
  variable synthesized 0
}

proc open_project {args} {
  set given [tool::arguments open_project $args {-reset} {-upgrade} 1 1]
  set hls::project [file normalize [lindex [dict get $given args] 0]]
  if {[tool::value $given -reset 0]} { file delete -force $hls::project }
  file mkdir $hls::project
  lassign {} hls::top hls::solution hls::part hls::period
  set hls::sources {}
  set hls::benches {}
  set hls::synthesized 0
}

proc close_project {} {
  hls::in_project close_project
  set hls::project ""
}

proc set_top {top} {
  hls::in_project set_top
  set hls::top $top
}

proc add_files {args} {
  hls::in_project add_files
  set given [tool::arguments add_files $args {-tb} {-cflags -csimflags -blackbox} 1 1]
  foreach file [lindex [dict get $given args] 0] {
    if {![file isfile $file]} { error "add_files: cannot find the file $file" }
    set entry [list [file normalize $file] [tool::value $given -cflags]]
    if {[tool::value $given -tb 0]} { lappend hls::benches $entry } else { lappend hls::sources $entry }
  }
}

proc open_solution {args} {
  hls::in_project open_solution
  set given [tool::arguments open_solution $args {-reset} {-flow_target} 1 1]
  if {[tool::value $given -flow_target vivado] ni {vivado vitis}} { error "open_solution: -flow_target is vivado or vitis" }
  set hls::solution [file join $hls::project [lindex [dict get $given args] 0]]
  if {[tool::value $given -reset 0]} { file delete -force $hls::solution }
  file mkdir $hls::solution
  set hls::synthesized 0
}

proc set_part {part} {
  hls::in_solution set_part
  tool::check_part $part
  set hls::part $part
}

proc create_clock {args} {
  hls::in_solution create_clock
  set given [tool::arguments create_clock $args {} {-period -name} 0 0]
  tool::need $given create_clock -period
  set period [dict get $given -period]
  if {![regexp {^([0-9.]+)(ns|MHz)?$} $period -> number] || $number <= 0} { error "create_clock: '$period' is no period" }
  set hls::period $period
}

proc csim_design {args} {
  hls::in_solution csim_design
  set given [tool::arguments csim_design $args {-clean -setup -O -code_analyzer} {-argv -ldflags -mflags} 0 0]
  hls::run_testbench csim_design [tool::value $given -argv]
  puts "INFO: \[SIM 211-1\] CSim done with 0 errors."
}

proc csynth_design {args} {
  hls::in_solution csynth_design
  tool::arguments csynth_design $args {-synthesis_check -dump_cfg -dump_post_cfg} {} 0 0
  hls::ready csynth_design
  set sources [lmap entry $hls::sources {lindex $entry 0}]
  set flags [lindex $hls::sources 0 1]
  # The ports as synthesis would make them, from the sources themselves.
  tool::helper synthesis.py ports $hls::top [lindex $sources 0] $flags [file join $hls::solution syn ports.tcl]
  set report [file join $hls::solution syn report ${hls::top}_csynth.xml]
  file mkdir [file dirname $report]
  tool::helper reports.py csynth $hls::part $hls::top 0 $report
  set hls::synthesized 1
}

# There is no logic to simulate: the testbench runs once more against the C++.
proc cosim_design {args} {
  hls::in_solution cosim_design
  set given [tool::arguments cosim_design $args {-O -setup -disable_deadlock_detection} {-argv -rtl -tool -trace_level -ldflags} 0 0]
  if {!$hls::synthesized} { error "cosim_design: run csynth_design first" }
  hls::run_testbench cosim_design [tool::value $given -argv]
}

proc export_design {args} {
  hls::in_solution export_design
  set given [tool::arguments export_design $args {} {-format -vendor -library -version -ipname -display_name -description -taxonomy -output -rtl -flow} 0 0]
  if {!$hls::synthesized} { error "export_design: run csynth_design first" }
  set format [tool::value $given -format ip_catalog]
  if {$format ni {ip_catalog xo syn_dcp sysgen}} { error "export_design: '$format' is no format" }
  if {$format ne "ip_catalog"} { error "export_design: this stand-in exports an ip_catalog only" }
  set name [tool::value $given -ipname $hls::top]
  set type [join [list [tool::value $given -vendor xilinx.com] [tool::value $given -library hls] $name [tool::value $given -version 1.0]] :]
  set folder [file join $hls::solution impl ip]
  file mkdir $folder
  set ports [hls::read_file [file join $hls::solution syn ports.tcl]]
  hls::write_file [file join $folder component.xml] "<!-- ports in component.tcl: this IP was written by a stand-in -->"
  hls::write_file [file join $folder component.tcl] [dict merge $ports [dict create type $type part $hls::part]]
}

# ---------------------------------------------------------------------------------------------------------------------

proc hls::in_project {command} {
  variable project
  if {$project eq ""} { error "$command: no project is open; use open_project" }
}

proc hls::in_solution {command} {
  variable solution
  in_project $command
  if {$solution eq ""} { error "$command: no solution is open; use open_solution" }
}

proc hls::ready {command} {
  foreach {what hint} {sources add_files top set_top part set_part period create_clock} {
    if {[set hls::$what] eq ""} { error "$command: nothing was given with $hint" }
  }
}

proc hls::run_testbench {command arguments} {
  ready $command
  if {$hls::benches eq ""} { error "$command: there is no testbench; give one with add_files -tb" }
  set build [file join $hls::solution csim build]
  file mkdir $build
  set words {}
  foreach entry [concat $hls::sources $hls::benches] { lappend words [lindex $entry 0] [lindex $entry 1] }
  if {[catch {tool::helper synthesis.py compile [file join $build csim.exe] {*}$words} message]} {
    error "$command: the compiler failed: $message"
  }
  if {[catch {exec [file join $build csim.exe] {*}$arguments} output]} {
    puts $output
    error "$command: the testbench returned a nonzero value"
  }
  puts $output
}

proc hls::write_file {path text} {
  file mkdir [file dirname $path]
  set file [open $path w]
  puts $file $text
  close $file
}

proc hls::read_file {path} {
  set file [open $path]
  set text [read $file]
  close $file
  return $text
}
