# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
#
# The block design: cells, nets between pins, connections between interfaces (UG835, IP integrator commands). Objects
# are their names. As in the tool, a query that matches nothing gives nothing and a warning; what is then done with
# nothing is the error.

namespace eval design {
  variable name ""
  variable cells {}      ;# cell -> {type values pins interfaces spaces segments broken}
  variable nets {}       ;# net -> list of pins
  variable net_of {}     ;# pin -> net
  variable peer {}       ;# interface -> interface
  variable unmatched {}  ;# queries of the last command that found nothing
  variable valid 0
}

proc create_bd_design {args} {
  project::is_open create_bd_design
  set given [tool::arguments create_bd_design $args {} {-dir} 1 1]
  set design::name [lindex [dict get $given args] 0]
}

proc create_bd_cell {args} {
  design::is_open create_bd_cell
  set given [tool::arguments create_bd_cell $args {} {-type -vlnv -reference} 1 1]
  if {[tool::value $given -type ip] ne "ip"} { error "create_bd_cell: this stand-in makes cells of -type ip only" }
  tool::need $given create_bd_cell -vlnv
  set cell [lindex [dict get $given args] 0]
  if {[dict exists $design::cells $cell]} { error "create_bd_cell: there is a cell '$cell' already" }
  set type [model::resolve [dict get $given -vlnv]]
  dict set design::cells $cell [dict merge [model::expand $type [model::defaults $type]] [list type $type values [model::defaults $type]]]
  return $cell
}

proc get_bd_cells {args} { return [design::query get_bd_cells $args [dict keys $design::cells]] }

proc get_bd_pins {args} { return [design::query get_bd_pins $args [design::members pins]] }

proc get_bd_intf_pins {args} { return [design::query get_bd_intf_pins $args [design::members interfaces]] }

proc connect_bd_net {args} {
  set given [tool::arguments connect_bd_net $args {-boundary_type} {-net} 1 1000]
  set pins [concat {*}[dict get $given args]]
  if {[llength $pins] < 2 || "" in [dict get $given args]} {
    error "connect_bd_net: one of the pins does not exist: nothing matches '[design::missing]'"
  }
  set known [lsort -unique [lmap pin $pins { expr {[dict exists $design::net_of $pin] ? [dict get $design::net_of $pin] : [continue]} }]]
  if {[llength $known] > 1} { error "connect_bd_net: these pins are on several nets already: $pins" }
  set net [expr {$known eq "" ? [lindex $pins 0] : $known}]
  foreach pin $pins {
    if {![dict exists $design::net_of $pin]} {
      dict set design::net_of $pin $net
      dict lappend design::nets $net $pin
    }
  }
  set drivers [lmap pin [dict get $design::nets $net] { expr {[design::pin_of $pin direction] eq "out" ? $pin : [continue]} }]
  if {[llength $drivers] > 1} { error "connect_bd_net: the net has several drivers: [join $drivers {, }]" }
  return $net
}

proc connect_bd_intf_net {args} {
  set given [tool::arguments connect_bd_intf_net $args {} {-intf_net} 2 2]
  lassign [dict get $given args] first second
  if {$first eq "" || $second eq ""} {
    error "connect_bd_intf_net: one of the interfaces does not exist: nothing matches '[design::missing]'"
  }
  foreach end [list $first $second] {
    if {[dict exists $design::peer $end]} { error "connect_bd_intf_net: interface '$end' is connected to '[dict get $design::peer $end]' already" }
  }
  foreach {one other} [list $first $second] {
    if {[design::interface_of $one role] eq [design::interface_of $other role]} {
      error "connect_bd_intf_net: '$one' and '$other' are both [design::interface_of $one role]s"
    }
    if {([design::interface_of $one protocol] eq "axis") != ([design::interface_of $other protocol] eq "axis")} {
      error "connect_bd_intf_net: '$one' is [design::interface_of $one protocol], but '$other' is [design::interface_of $other protocol]"
    }
  }
  dict set design::peer $first $second
  dict set design::peer $second $first
}

proc apply_bd_automation {args} {
  set given [tool::arguments apply_bd_automation $args {} {-rule -config} 1 1]
  tool::need $given apply_bd_automation -rule -config
  set cell [lindex [dict get $given args] 0]
  if {$cell eq ""} { error "apply_bd_automation: the cell does not exist: nothing matches '[design::missing]'" }
  set kind [lindex [split [dict get $design::cells $cell type] :] 2]
  if {[dict get $given -rule] ne "xilinx.com:bd_rule:$kind"} { error "apply_bd_automation: rule '[dict get $given -rule]' is not one of a $kind" }
  foreach {key value} [dict get $given -config] {
    switch -- $key {
      apply_board_preset {
        if {$value && $project::board_part eq ""} { error "apply_bd_automation: the project has no board whose preset could be applied" }
        design::set_derived $cell preset $value
      }
      make_external {
        if {$kind ne "processing_system7"} { error "apply_bd_automation: a $kind has no make_external" }
        design::set_derived $cell external [expr {[lsort [split [string map {" " ""} $value] ,]] eq {DDR FIXED_IO}}]
      }
      Master - Slave { if {$value ne "Disable"} { error "apply_bd_automation: this stand-in takes Disable for $key only" } }
      default { error "apply_bd_automation: the rule has no setting '$key'" }
    }
  }
}

proc save_bd_design {args} { design::is_open save_bd_design }

# ---------------------------------------------------------------------------------------------------------------------

proc design::is_open {command} {
  variable name
  if {$name eq ""} { error "$command: no block design is open; use create_bd_design" }
}

# Names that match the patterns of a query.
proc design::query {command arguments names} {
  variable unmatched
  design::is_open $command
  set given [tool::arguments $command $arguments {-quiet -hierarchical} {} 0 1000]
  set found {}
  foreach pattern [concat {*}[dict get $given args]] {
    set pattern [string trimleft $pattern /]
    set matching [lsearch -all -inline -glob $names $pattern]
    if {$matching eq ""} {
      lappend unmatched $pattern
      if {![tool::value $given -quiet 0]} { tool::warn "$command: nothing matches '$pattern'" }
    }
    lappend found {*}$matching
  }
  return [expr {[dict get $given args] eq "" ? $names : $found}]
}

# The first query that found nothing since the last command that used one.
proc design::missing {} {
  variable unmatched
  set first [lindex $unmatched 0]
  set unmatched {}
  return $first
}

# cell/name of all pins, interfaces, spaces or segments.
proc design::members {kind} {
  variable cells
  set found {}
  dict for {cell model} $cells {
    foreach name [dict keys [dict get $model $kind]] { lappend found $cell/$name }
  }
  return $found
}

proc design::entry {kind path key} {
  variable cells
  set split [string first / $path]
  set cell [string range $path 0 $split-1]
  return [dict get $cells $cell $kind [string range $path $split+1 end] $key]
}

proc design::pin_of {path key} { return [entry pins $path $key] }
proc design::interface_of {path key} { return [entry interfaces $path $key] }
proc design::cell_of {path} { return [string range $path 0 [string first / $path]-1] }

proc design::set_parameter {cell name value} {
  variable cells
  if {![string match CONFIG.* $name]} { error "set_property: a cell has no property '$name'; parameters begin with CONFIG." }
  set name [string range $name 7 end]
  model::check_value [dict get $cells $cell type] $name $value
  set_derived $cell $name $value
}

# Sets a value without asking whether it may be set, and finds out again what the cell has.
proc design::set_derived {cell name value} {
  variable cells
  variable net_of
  variable peer
  dict set cells $cell values $name $value
  dict for {key entry} [model::expand [dict get $cells $cell type] [dict get $cells $cell values]] { dict set cells $cell $key $entry }
  foreach {kind connected} [list pins [dict keys $net_of] interfaces [dict keys $peer]] {
    foreach path $connected {
      if {[cell_of $path] eq $cell && $path ni [members $kind]} { error "set_property: '$path' is connected, but with $name $value it is not there" }
    }
  }
}

# The pin that drives a pin, or nothing.
proc design::driver {pin} {
  variable net_of
  variable nets
  if {![dict exists $net_of $pin]} { return "" }
  foreach other [dict get $nets [dict get $net_of $pin]] {
    if {[pin_of $other direction] eq "out"} { return $other }
  }
  return ""
}
