# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
#
# What both stand-ins share: errors, warnings, and the check of a command's options.
#
# A stand-in knows a tool's commands and options as documented (UG1399, UG835) and nothing else. What it does not know
# is an error here, although the tool may know it: then teach it to the stand-in, from the documentation.

namespace eval tool {
  variable name "tool"
  variable python python3
  variable deferred {}   ;# files of commands that are not there from the start
}

proc tool::fail {text} { return -code error -level 2 $text }

proc tool::warn {text} { puts "WARNING: $text" }

# Splits the arguments of a command into a dictionary of options, with `args` for the others.
#
# `flags` are options without a value, `options` those with one; least and most bound the number of the others.
proc tool::arguments {command given flags options least most} {
  set found [dict create args {}]
  for {set i 0} {$i < [llength $given]} {incr i} {
    set word [lindex $given $i]
    if {![string match -* $word] || [string is double -strict $word]} {
      dict lappend found args $word
    } elseif {$word in $flags} {
      dict set found $word 1
    } elseif {$word in $options} {
      incr i
      if {$i >= [llength $given]} { error "$command: option '$word' has no value" }
      dict set found $word [lindex $given $i]
    } else {
      error "$command: unknown option '$word'; it has [join [concat $flags $options] {, }]"
    }
  }
  set count [llength [dict get $found args]]
  if {$count < $least || $count > $most} { error "$command: $count arguments were given, but it takes $least to $most" }
  return $found
}

# An option's value, or a default.
proc tool::value {arguments option {default ""}} {
  return [expr {[dict exists $arguments $option] ? [dict get $arguments $option] : $default}]
}

proc tool::need {arguments command args} {
  foreach option $args {
    if {![dict exists $arguments $option]} { error "$command: option '$option' is needed" }
  }
}

# Runs one of the Python helpers beside this file.
proc tool::helper {script args} {
  variable python
  variable folder
  return [exec $python -W ignore [file join $folder $script] {*}$args]
}

# Vivado 2022.2 has Tcl 8.5 (its libraries lie in tps/tcl/tcl8.5), but this stand-in may run in a newer one.
proc tool::check_language {script} {
  set file [open $script]
  set text [read $file]
  close $file
  foreach line [split $text \n] {
    if {[regexp {^\s*#} $line]} { continue }
    if {[regexp {(?:^\s*|[\[\{;]\s*)(lmap|try|throw|tailcall|coroutine|yield|yieldto|zlib|string cat|dict map|array for|file tempfile)\s} $line -> command]} {
      error "invalid command name \"$command\": Tcl 8.5 has no such command"
    }
  }
}

proc tool::check_part {part} {
  if {![regexp {^(xc7z\d{3}(clg|ffg|sbg|fbg)\d{3}-[123]|xc(zu|k)\d+[a-z]*-[a-z]{4}\d+-[123][A-Z]*(-[ie]|-c)?)$} $part]} {
    error "part '$part' is not known"
  }
}

# Commands that Tcl itself does not have are those of the tool; any other is a mistake of the script. Vivado's commands of
# a feature are there once one of them is used, or with load_features.
proc unknown {name args} {
  if {[tool::load_deferred]} { return [uplevel 1 [list $name {*}$args]] }
  error "invalid command name \"$name\": $::tool::name has no such command"
}

# Reads the files of the features that have not been needed before; whether there were any.
proc tool::load_deferred {} {
  variable deferred
  set files $deferred
  set deferred {}
  foreach file $files { uplevel #0 [list source $file] }
  return [expr {$files ne ""}]
}
