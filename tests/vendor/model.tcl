# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
#
# Models of IPs. An IP has parameters and a body that says which pins, interfaces, address spaces and segments it has
# with certain values of them; the body is evaluated again whenever one changes.
#
#     ip TYPE PARAMETERS BODY       TYPE is vendor:library:name:version; PARAMETERS are triples {name default allowed}:
#                                   a list of values, FIRST..LAST, number, hex, or `derived`, which cannot be set
#     pin NAME in|out KIND          KIND is clock, reset, interrupt or data; `optional` behind it: may stay unconnected
#     interface NAME master|slave PROTOCOL OPTIONS
#                                   PROTOCOL is axi4, axi3, axi4lite, axi (adapts itself), axis or external; OPTIONS are
#                                   clock PIN, bits N, optional 1
#     space NAME INTERFACE WINDOWS  addresses that a master sees: a list of first and last; without any, all
#     segment PATH INTERFACE OFFSET RANGE USE     what a slave has there; USE is register, memory or other
#     require CONDITION SENTENCE    a rule among parameters

namespace eval model {
  variable parameters   ;# array: type -> triples
  variable bodies       ;# array: type -> script
  variable out          ;# what the body that is being evaluated has said
  array set parameters {}
  array set bodies {}
}

proc ip {type parameters body} {
  set model::parameters($type) $parameters
  set model::bodies($type) $body
}

# The type with its version; a type may be given without one.
proc model::resolve {type} {
  variable bodies
  if {[info exists bodies($type)]} { return $type }
  set found [lsort [array names bodies $type:*]]
  if {[llength [split $type :]] == 3 && $found ne ""} { return [lindex $found end] }
  error "no IP '$type' is in the catalog; it has [join [lsort [array names bodies]] {, }]"
}

proc model::defaults {type} {
  variable parameters
  set values {}
  foreach parameter $parameters($type) { dict set values [lindex $parameter 0] [lindex $parameter 1] }
  return $values
}

proc model::check_value {type name value} {
  variable parameters
  foreach parameter $parameters($type) {
    lassign $parameter known default allowed
    if {$known ne $name} { continue }
    if {$allowed eq "derived"} { error "parameter '$name' of $type follows from the design and cannot be set" }
    if {![allows $allowed $value]} { error "parameter '$name' of $type is '$value', but it takes $allowed" }
    return
  }
  error "$type has no parameter '$name'"
}

proc model::allows {allowed value} {
  if {[regexp {^(\d+)\.\.(\d+)$} $allowed -> first last]} {
    return [expr {[string is integer -strict $value] && $first <= $value && $value <= $last}]
  }
  switch -- $allowed {
    number { return [expr {[string is double -strict $value] && $value > 0}] }
    hex { return [regexp {^0x[0-9A-Fa-f]+$} $value] }
  }
  return [expr {$value in $allowed}]
}

# What a cell of a type has: a dictionary with pins, interfaces, spaces, segments and broken (rules that do not hold).
proc model::expand {type values} {
  variable bodies
  variable out
  set out {pins {} interfaces {} spaces {} segments {} broken {}}
  apply [list {model_values model_body} {
    dict with model_values {}
    eval $model_body
  }] $values $bodies($type)
  return $out
}

proc pin {name direction kind {optional ""}} {
  dict set model::out pins $name [list direction $direction kind $kind optional [expr {$optional eq "optional"}]]
}

proc interface {name role protocol {options {}}} {
  dict set model::out interfaces $name [dict merge {clock "" bits 0 optional 0} $options [list role $role protocol $protocol]]
}

proc space {name interface {windows {}}} {
  dict set model::out spaces $name [list interface $interface windows $windows]
}

proc segment {path interface offset range use} {
  dict set model::out segments $path [list interface $interface offset $offset range $range use $use]
}

proc require {condition sentence} {
  if {![uplevel 1 [list expr $condition]]} { dict lappend model::out broken $sentence }
}
