# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
#
# Stand-in of Vivado's project flow (UG835): project, IP catalog, wrapper, runs, reports. An implementation takes no
# time, writes a placeholder in place of a bitstream, and has the slack that the environment gives it. The hardware
# handoff is that of the block design as the script has built it.

namespace eval project {
  variable name ""
  variable folder ""
  variable part ""
  variable board_part ""
  variable repositories {}
  variable files {}
  variable top ""
  variable launched {}   ;# run -> step
  variable opened ""
  variable registers {}  ;# type of a kernel -> its control interface and registers
  # Boards whose files come with the tool.
  variable boards {xilinx.com:zc706:part0:1.3 xilinx.com:zc706:part0:1.4 xilinx.com:zcu102:part0:3.3 xilinx.com:zcu102:part0:3.4}
}

proc version {args} { return "2024.2" }

proc load_features {args} {
  set given [tool::arguments load_features $args {-quiet} {} 1 10]
  foreach feature [dict get $given args] {
    if {$feature ni {ipintegrator ipservices labtools simulator updatemem xhub}} { error "load_features: there is no feature '$feature'" }
  }
  tool::load_deferred
}

proc create_project {args} {
  set given [tool::arguments create_project $args {-force -in_memory} {-part} 2 2]
  lassign [dict get $given args] project::name folder
  set project::folder [file normalize $folder]
  if {[file exists $project::folder] && ![tool::value $given -force 0]} { error "create_project: $folder exists already; use -force" }
  tool::need $given create_project -part
  set project::part [dict get $given -part]
  tool::check_part $project::part
  file delete -force $project::folder
  file mkdir $project::folder
}

proc current_project {} {
  project::is_open current_project
  return project:$project::name
}

proc get_board_parts {args} {
  set given [tool::arguments get_board_parts $args {-quiet} {-filter} 0 1]
  set pattern [lindex [dict get $given args] 0]
  return [expr {$pattern eq "" ? $project::boards : [lsearch -all -inline -glob $project::boards $pattern]}]
}

proc set_property {args} {
  if {[lindex $args 0] eq "-dict"} {
    if {[llength $args] != 3} { error "set_property: -dict takes a list of names and values, and objects" }
    lassign $args - properties objects
  } else {
    if {[llength $args] != 3} { error "set_property: a name, a value and objects are needed" }
    set properties [lrange $args 0 1]
    set objects [lindex $args 2]
  }
  if {$objects eq ""} { error "set_property: there is no object: nothing matches '[design::missing]'" }
  foreach object $objects {
    foreach {name value} $properties { project::set_one $object $name $value }
  }
}

proc get_property {args} {
  set given [tool::arguments get_property $args {-quiet} {} 2 2]
  lassign [dict get $given args] name object
  switch -glob -- $object {
    project:* { set known [dict create NAME $project::name DIRECTORY $project::folder BOARD_PART $project::board_part PART $project::part] }
    run:* {
      set run [string range $object 4 end]
      lassign [project::state $run] progress status
      set known [dict create NAME $run DIRECTORY [project::run_folder $run] PROGRESS $progress STATUS $status]
    }
    path:* { set known [dict create SLACK [project::slack]] }
    "" { error "\[Common 17-55\] 'get_property' expects at least one object." }
    default {
      if {$object ni [design::members pins]} { error "get_property: '$object' is no object of this stand-in" }
      set known [dict create CONFIG.FREQ_HZ [project::frequency $object]]
    }
  }
  if {![dict exists $known [string toupper $name]]} { error "get_property: there is no property '$name'" }
  return [dict get $known [string toupper $name]]
}

# Exported kernels become IPs with the pins that synthesis found.
proc update_ip_catalog {args} {
  project::is_open update_ip_catalog
  tool::arguments update_ip_catalog $args {-rebuild} {} 0 0
  foreach repository $project::repositories {
    foreach file [glob -nocomplain -directory $repository component.tcl] { project::add_kernel [project::component $file] }
  }
}

proc get_files {args} {
  set given [tool::arguments get_files $args {-quiet} {-of_objects} 0 1]
  set known [concat $project::files [expr {$design::name eq "" ? "" : [project::design_file]}]]
  return [lsearch -all -inline -glob $known *[lindex [dict get $given args] 0]]
}

proc make_wrapper {args} {
  set given [tool::arguments make_wrapper $args {-top -force -import} {-files} 0 0]
  if {[tool::value $given -files] eq ""} { error "make_wrapper: there is no such design file" }
  set file [file join $project::folder $project::name.gen sources_1 bd $design::name hdl ${design::name}_wrapper.v]
  file mkdir [file dirname $file]
  close [open $file w]
  return $file
}

proc add_files {args} {
  set given [tool::arguments add_files $args {-norecurse -force} {-fileset} 1 1]
  foreach file [lindex [dict get $given args] 0] {
    if {![file exists $file]} { error "add_files: cannot find the file $file" }
    lappend project::files $file
  }
}

proc current_fileset {} { return fileset:sources_1 }

proc update_compile_order {args} { tool::arguments update_compile_order $args {} {-fileset} 0 0 }

proc get_runs {args} {
  set given [tool::arguments get_runs $args {-quiet} {} 0 1]
  set pattern [expr {[dict get $given args] eq "" ? "*" : [lindex [dict get $given args] 0]}]
  set found [lmap run [lsearch -all -inline -glob [project::runs] $pattern] { string cat run: $run }]
  if {$found eq "" && [dict get $given args] ne ""} { tool::warn "get_runs: nothing matches '[dict get $given args]'" }
  return $found
}

proc launch_runs {args} {
  set given [tool::arguments launch_runs $args {-force} {-to_step -jobs} 1 1]
  set run [project::run_name launch_runs [lindex [dict get $given args] 0]]
  if {[tool::value $given -to_step] ni {"" write_bitstream route_design place_design opt_design}} {
    error "launch_runs: '[dict get $given -to_step]' is no step of an implementation"
  }
  validate_bd_design
  if {$project::top ne "${design::name}_wrapper"} { error "launch_runs: the top of the project is '$project::top', not the wrapper of the design" }
  if {![llength [lsearch -all -glob $project::files *$project::top.v]]} { error "launch_runs: the project has no file of '$project::top'" }
  file mkdir [project::run_folder $run]
  project::write_handoff
  dict set project::launched $run [tool::value $given -to_step route_design]
  if {[lindex [project::state $run] 0] ne "100%"} { return }
  if {[tool::value $given -to_step] eq "write_bitstream"} {
    set file [open [file join [project::run_folder $run] $project::top.bit] w]
    puts $file "placeholder of a bitstream, written by a stand-in"
    close $file
  }
}

proc wait_on_run {args} {
  set given [tool::arguments wait_on_run $args {} {-timeout} 1 1]
  set run [project::run_name wait_on_run [lindex [dict get $given args] 0]]
  if {![dict exists $project::launched $run]} { error "wait_on_run: run '$run' was not launched" }
  if {[lindex [project::state $run] 0] ne "100%"} { error "\[Common 17-39\] 'wait_on_runs' failed due to earlier errors." }
}

proc open_run {args} {
  set given [tool::arguments open_run $args {} {-name} 1 1]
  set run [project::run_name open_run [lindex [dict get $given args] 0]]
  if {![dict exists $project::launched $run]} { error "open_run: run '$run' is not complete" }
  set project::opened $run
}

proc get_timing_paths {args} {
  set given [tool::arguments get_timing_paths $args {-setup -hold} {-max_paths -nworst -delay_type} 0 0]
  project::is_opened get_timing_paths
  if {[project::slack] eq "none"} { return "" }
  return path:[expr {[tool::value $given -hold 0] ? "hold" : "setup"}]
}

proc report_utilization {args} {
  set given [tool::arguments report_utilization $args {-hierarchical} {-file} 0 0]
  project::is_opened report_utilization
  project::report utilization [tool::value $given -file]
}

proc report_timing_summary {args} {
  set given [tool::arguments report_timing_summary $args {-warn_on_violation} {-file -max_paths} 0 0]
  project::is_opened report_timing_summary
  project::report timing [tool::value $given -file]
}

# ---------------------------------------------------------------------------------------------------------------------

proc project::is_open {command} {
  variable name
  if {$name eq ""} { error "$command: no project is open; use create_project" }
}

proc project::is_opened {command} {
  variable opened
  if {$opened eq ""} { error "$command: no implemented design is open; use open_run" }
}

proc project::slack {} { return [expr {[info exists ::env(SUMTILE_STANDIN_SLACK)] ? $::env(SUMTILE_STANDIN_SLACK) : 0.1}] }

# Runs: one for each cell, and those of the whole design.
proc project::runs {} {
  set runs {}
  if {[info exists design::cells]} { foreach cell [dict keys $design::cells] { lappend runs ${design::name}_${cell}_0_synth_1 } }
  return [list {*}$runs synth_1 impl_1]
}

# Progress and status of a run. One that fails keeps all behind it from starting.
proc project::state {run} {
  variable launched
  set fails [expr {[info exists ::env(SUMTILE_STANDIN_FAILS)] ? $::env(SUMTILE_STANDIN_FAILS) : ""}]
  set order [runs]
  if {$launched eq "" || $fails in $order && [lsearch $order $fails] < [lsearch $order $run]} { return {0% "Not started"} }
  if {$run eq $fails} { return [list 0% [expr {$run eq "impl_1" ? "route_design ERROR" : "synth_design ERROR"}]] }
  return [list 100% [expr {[dict exists $launched $run] ? "[dict get $launched $run] Complete!" : "synth_design Complete!"}]]
}

# What a clock of the processor is: its PLLs are divided by whole numbers.
proc project::frequency {pin} {
  set values [dict get $design::cells [design::cell_of $pin] values]
  switch -glob -- $pin {
    */FCLK_CLK0 { lassign [list 1000e6 [dict get $values PCW_FPGA0_PERIPHERAL_FREQMHZ]] pll wanted }
    */pl_clk0 { lassign [list 1499.85e6 [dict get $values PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ]] pll wanted }
    default { error "get_property: pin '$pin' has no CONFIG.FREQ_HZ" }
  }
  return [expr {round($pll / ceil($pll / 1e6 / $wanted - 0.01))}]
}

proc project::run_folder {run} { return [file join $project::folder $project::name.runs $run] }

proc project::design_file {} { return [file join $project::folder $project::name.srcs sources_1 bd $design::name $design::name.bd] }

proc project::run_name {command run} {
  regsub {^run:} $run {} run
  if {$run ni {synth_1 impl_1}} { error "$command: there is no run '$run'" }
  return $run
}

proc project::set_one {object name value} {
  variable board_part
  switch -glob -- $object {
    project:* {
      switch -- [string tolower $name] {
        board_part {
          if {$value ni $project::boards} { error "set_property: board part '$value' is not known" }
          set board_part $value
        }
        ip_repo_paths { set project::repositories $value }
        default { error "set_property: a project has no property '$name'" }
      }
    }
    fileset:* {
      if {$name ne "top"} { error "set_property: a fileset has no property '$name'" }
      set project::top $value
    }
    default {
      if {![dict exists $design::cells $object]} { error "set_property: '$object' is no object of this stand-in" }
      design::set_parameter $object $name $value
    }
  }
}

proc project::component {file} {
  set handle [open $file]
  set component [read $handle]
  close $handle
  return $component
}

proc project::add_kernel {component} {
  if {[dict get $component part] ne $project::part} {
    error "update_ip_catalog: [dict get $component type] was made for [dict get $component part], but the project is for $project::part"
  }
  set body "pin ap_clk in clock\npin ap_rst_n in reset\npin interrupt out interrupt\n"
  set control [dict get $component control]
  append body "interface $control slave axi4lite {clock ap_clk bits 32}\nsegment $control/Reg $control 0 0x10000 register\n"
  foreach stream [dict get $component streams] {
    lassign $stream name direction bits
    append body "interface $name [expr {$direction eq "in" ? "slave" : "master"}] axis {clock ap_clk bits $bits}\n"
  }
  ip [dict get $component type] {} $body
  dict set project::registers [dict get $component type] [list $control [dict get $component registers]]
}

# Reports hold no figures of this design: the stand-in has none. They have the form that the parser reads.
proc project::report {kind path} {
  if {$path eq ""} { error "report_$kind: this stand-in writes to a -file only" }
  tool::helper reports.py $kind $project::part $design::name [expr {[project::slack] eq "none" ? 0 : [project::slack]}] $path
}

# The design as lines of words, from which handoff.py writes the .hwh.
proc project::write_handoff {} {
  set lines [list [list design $design::name $project::part]]
  dict for {cell model} $design::cells {
    lappend lines [list cell $cell [dict get $model type]]
    foreach {name value} [dict get $model values] { lappend lines [list parameter $cell $name $value] }
    dict for {name interface} [dict get $model interfaces] {
      lappend lines [list interface $cell $name [dict get $interface role] [dict get $interface protocol] [project::bus $cell/$name]]
    }
    if {[dict exists $project::registers [dict get $model type]]} {
      lassign [dict get $project::registers [dict get $model type]] control registers
      foreach register $registers { lappend lines [list register $cell $control {*}$register] }
    }
  }
  dict for {net pins} $design::nets {
    foreach pin $pins {
      set driver [design::driver $pin]
      if {$pin ne $driver && [design::pin_of $pin kind] eq "interrupt"} { lappend lines [list wire $driver $pin [check::inputs $pin]] }
    }
  }
  dict for {space map} $address::maps {
    foreach {segment offset range} $map {
      lappend lines [list range $space [design::entry spaces $space interface] $segment [design::entry segments $segment interface] \
        [design::entry segments $segment use] $offset $range]
    }
  }
  set path [file join $project::folder $project::name.gen sources_1 bd $design::name hw_handoff $design::name.hwh]
  file mkdir [file dirname $path]
  set file [open $path.txt w]
  foreach line $lines { puts $file [join $line \t] }
  close $file
  tool::helper handoff.py $path.txt $path
  file delete $path.txt
}

# The name of a connection: that of its master.
proc project::bus {interface} {
  if {![dict exists $design::peer $interface]} { return __NOC__ }
  set master [expr {[design::interface_of $interface role] eq "master" ? $interface : [dict get $design::peer $interface]}]
  return [string map {/ _} $master]
}
