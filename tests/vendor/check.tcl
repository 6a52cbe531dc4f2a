# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
#
# validate_bd_design: what must hold of a whole design. All that is wrong is printed; the first of it is the error.

proc validate_bd_design {args} {
  design::is_open validate_bd_design
  tool::arguments validate_bd_design $args {-force} {} 0 0
  check::derive
  set wrong [concat [check::cells] [check::pins] [check::interfaces] [check::addresses]]
  foreach sentence $wrong { puts "ERROR: $sentence" }
  if {$wrong ne ""} { error "validate_bd_design: [lindex $wrong 0]" }
  set design::valid 1
}

namespace eval check {}

# Parameters that follow from connections.
proc check::derive {} {
  dict for {cell model} $design::cells {
    switch -glob -- [dict get $model type] {
      *:axi_intc:* { design::set_derived $cell C_NUM_INTR_INPUTS [inputs $cell/intr] }
      *:axi_dma:* {
        if {[dict exists $design::peer $cell/S_AXIS_S2MM]} {
          design::set_derived $cell c_s_axis_s2mm_tdata_width [design::interface_of [dict get $design::peer $cell/S_AXIS_S2MM] bits]
        }
      }
    }
  }
}

# Interrupts that arrive at a pin: a concat brings all of its own.
proc check::inputs {pin} {
  set driver [design::driver $pin]
  if {$driver eq ""} { return 0 }
  set model [dict get $design::cells [design::cell_of $driver]]
  return [expr {[string match *:xlconcat:* [dict get $model type]] ? [dict get $model values NUM_PORTS] : 1}]
}

proc check::cells {} {
  set wrong {}
  dict for {cell model} $design::cells {
    foreach sentence [dict get $model broken] { lappend wrong "cell '$cell': $sentence" }
    if {[string match *:axi_dma:* [dict get $model type]] && [dict get $model values c_include_s2mm]} {
      if {[dict get $model values c_s_axis_s2mm_tdata_width] > [dict get $model values c_m_axi_s2mm_data_width]} {
        lappend wrong "cell '$cell': its S2MM stream is wider than its memory side"
      }
    }
  }
  return $wrong
}

# Every pin is connected to one of its kind; what an interrupt says is heard.
proc check::pins {} {
  set wrong {}
  foreach pin [design::members pins] {
    set kind [design::pin_of $pin kind]
    if {[design::pin_of $pin optional] && ![dict exists $design::net_of $pin]} { continue }
    if {[design::pin_of $pin direction] eq "out"} {
      if {$kind eq "interrupt" && ![dict exists $design::net_of $pin]} { lappend wrong "interrupt '$pin' is not connected" }
      continue
    }
    set driver [design::driver $pin]
    if {$driver eq ""} {
      lappend wrong "$kind pin '$pin' is not connected"
    } elseif {$kind ne "data" && [design::pin_of $driver kind] ne $kind} {
      lappend wrong "$kind pin '$pin' is driven by '$driver', which is a [design::pin_of $driver kind]"
    }
  }
  return $wrong
}

proc check::interfaces {} {
  set wrong {}
  foreach path [design::members interfaces] {
    set protocol [design::interface_of $path protocol]
    if {$protocol eq "external" || [design::interface_of $path optional]} { continue }
    if {![dict exists $design::peer $path]} {
      lappend wrong "interface '$path' is not connected"
      continue
    }
    set other [dict get $design::peer $path]
    if {[design::interface_of $path role] ne "master"} { continue }
    set bits [list [design::interface_of $path bits] [design::interface_of $other bits]]
    if {0 ni $bits && [lindex $bits 0] != [lindex $bits 1]} {
      lappend wrong "'$path' has [lindex $bits 0] bits, but '$other' has [lindex $bits 1]"
    }
    set protocols [list $protocol [design::interface_of $other protocol]]
    if {"axi" ni $protocols && [lindex $protocols 0] ne [lindex $protocols 1]} {
      lappend wrong "'$path' speaks [lindex $protocols 0], but '$other' speaks [lindex $protocols 1]; a SmartConnect between them converts"
    }
    set clocks [lmap end [list $path $other] { design::driver [design::cell_of $end]/[design::interface_of $end clock] }]
    if {"" ni $clocks && [lindex $clocks 0] ne [lindex $clocks 1]} {
      lappend wrong "'$path' is clocked by '[lindex $clocks 0]', but '$other' by '[lindex $clocks 1]'"
    }
  }
  return $wrong
}

# All that a master reaches is mapped or excluded, and a DMA's addresses are as wide as its memory needs.
proc check::addresses {} {
  set wrong {}
  foreach space [design::members spaces] {
    set reachable [address::reachable $space]
    set memory 0
    foreach segment $reachable {
      set use [design::entry segments $segment use]
      set mapped [expr {[lsearch -exact [address::mapped $space] $segment] >= 0}]
      set excluded [expr {[dict exists $address::excluded $space] && $segment in [dict get $address::excluded $space]}]
      if {!$mapped && !$excluded} { lappend wrong "segment '$segment' is neither mapped into '$space' nor excluded" }
      if {$mapped && $use eq "memory"} { set memory 1 }
    }
    set values [dict get $design::cells [design::cell_of $space] values]
    if {![dict exists $values c_addr_width]} { continue }
    if {!$memory} { lappend wrong "'$space' reaches no memory" }
    foreach {segment offset range} [address::mapped $space] {
      if {$offset + $range > 1 << [dict get $values c_addr_width]} {
        lappend wrong "'$space' has addresses of [dict get $values c_addr_width] bits, but '$segment' lies above them"
      }
    }
  }
  return $wrong
}
