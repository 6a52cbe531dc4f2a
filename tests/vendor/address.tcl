# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
#
# Addresses: a master's space, and the segments of slaves that are mapped into it or excluded from it.

namespace eval address {
  variable maps {}       ;# space -> {segment offset range ...}
  variable excluded {}   ;# space -> segments
}

proc get_bd_addr_spaces {args} { return [design::query get_bd_addr_spaces $args [design::members spaces]] }

proc get_bd_addr_segs {args} {
  set given [tool::arguments get_bd_addr_segs $args {-quiet} {-of_objects} 0 1000]
  set names [design::members segments]
  if {[dict exists $given -of_objects]} {
    set interfaces [dict get $given -of_objects]
    if {$interfaces eq ""} { error "get_bd_addr_segs: -of_objects was given nothing: nothing matches '[design::missing]'" }
    return [lmap name $names { expr {[address::interface $name] in $interfaces ? $name : [continue]} }]
  }
  return [design::query get_bd_addr_segs $args $names]
}

proc assign_bd_address {args} {
  set given [tool::arguments assign_bd_address $args {-force} {-offset -range -target_address_space} 0 1000]
  set segments [concat {*}[dict get $given args]]
  if {$segments eq ""} { error "assign_bd_address: there is no such segment: nothing matches '[design::missing]'" }
  set space [tool::value $given -target_address_space]
  if {$space eq ""} { error "assign_bd_address: there is no such address space: nothing matches '[design::missing]'" }
  foreach segment $segments {
    if {$segment ni [address::reachable $space]} { error "assign_bd_address: no connection leads from '$space' to '$segment'" }
    set offset [tool::value $given -offset [design::entry segments $segment offset]]
    set range [address::bytes [tool::value $given -range [design::entry segments $segment range]]]
    address::place $space $segment $offset $range
  }
}

proc exclude_bd_addr_seg {args} {
  set given [tool::arguments exclude_bd_addr_seg $args {} {-target_address_space} 1 1000]
  set space [tool::value $given -target_address_space]
  if {$space eq ""} { error "exclude_bd_addr_seg: there is no such address space: nothing matches '[design::missing]'" }
  foreach segment [concat {*}[dict get $given args]] { dict lappend address::excluded $space $segment }
}

# ---------------------------------------------------------------------------------------------------------------------

proc address::interface {segment} { return [design::cell_of $segment]/[design::entry segments $segment interface] }

proc address::mapped {space} {
  variable maps
  return [expr {[dict exists $maps $space] ? [dict get $maps $space] : ""}]
}

# A number of bytes, which may end in K, M or G.
proc address::bytes {text} {
  if {[regexp {^(\d+)([KMG])$} $text -> number unit]} { return [expr {$number << [dict get {K 10 M 20 G 30} $unit]}] }
  if {![string is wideinteger -strict $text]} { error "'$text' is no number of bytes" }
  return [expr {$text + 0}]
}

proc address::place {space segment offset range} {
  variable maps
  set last [expr {$offset + $range - 1}]
  foreach {other base size} [mapped $space] {
    if {$other eq $segment} { error "assign_bd_address: '$segment' is mapped into '$space' already" }
    if {$offset < $base + $size && $base <= $last} {
      error [format "assign_bd_address: '%s' at 0x%X overlaps '%s' at 0x%X" $segment $offset $other $base]
    }
  }
  if {$range & ($range - 1)} { error [format "assign_bd_address: the range 0x%X of '%s' is no power of two" $range $segment] }
  if {$offset % $range} { error [format "assign_bd_address: '%s' at 0x%X does not begin at a multiple of its range 0x%X" $segment $offset $range] }
  set windows [design::entry spaces $space windows]
  set inside [expr {$windows eq ""}]
  foreach {low high} $windows { if {$low <= $offset && $last <= $high} { set inside 1 } }
  if {!$inside} { error [format "assign_bd_address: '%s' at 0x%X lies outside of what '%s' reaches" $segment $offset $space] }
  dict lappend maps $space $segment [expr {$offset + 0}] $range
}

# Segments to which connections lead from a master.
proc address::reachable {space} {
  set master [design::cell_of $space]/[design::entry spaces $space interface]
  set slaves [slaves_behind $master]
  return [lmap segment [design::members segments] { expr {[interface $segment] in $slaves ? $segment : [continue]} }]
}

proc address::slaves_behind {master} {
  if {![dict exists $design::peer $master]} { return {} }
  set slave [dict get $design::peer $master]
  set cell [design::cell_of $slave]
  if {![string match *:smartconnect:* [dict get $design::cells $cell type]]} { return [list $slave] }
  set found {}
  dict for {name interface} [dict get $design::cells $cell interfaces] {
    if {[dict get $interface role] eq "master"} { lappend found {*}[slaves_behind $cell/$name] }
  }
  return $found
}
