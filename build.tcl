# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds an overlay for a board: kernels with Vitis HLS, block design and bitstream with Vivado.
#
#     vitis_hls -f build.tcl                            kernels, up to 2024.2
#     vitis-run --mode hls --tcl build.tcl              kernels, 2024.1 and later
#     vivado -mode batch -source build.tcl              block design and bitstream, from the exported kernels
#
# Each tool does those of the steps that are its own. vitis-run passes no arguments on, so the options are environment
# variables:
#
#     SUMTILE_OVERLAY   name of a file in overlays/                          adder
#     SUMTILE_BOARD     name of a file in overlays/boards/                   zcu102
#     SUMTILE_STEPS     any of: csim csynth cosim export bitstream           csynth export bitstream
#     SUMTILE_BUILD     folder of the results                                build/hls/<board>/<overlay>
#     SUMTILE_OUT       folder that gets <board>/<overlay>.bit and others    overlays
#     SUMTILE_JOBS      processes of Vivado                                  4
#     SUMTILE_FORCE     1: build although the estimate says it does not fit
#     SUMTILE_PYTHON    a Python 3.10 or later; only csim and cosim need a package, numpy      the first in the path
#
# Everything about the overlay comes from its JSON files through sumtile.overlay.build_facts. The script keeps to Tcl 8.5,
# which is what Vivado has up to 2022.2 at least.
#
# STATE: the script passes a stand-in of both tools (tests/vendor). It has not been run through the tools themselves.

set root [file dirname [file normalize [info script]]]

# The value of an environment variable, or a default.
proc option {name default} {
  return [expr {[info exists ::env($name)] && $::env($name) ne "" ? $::env($name) : $default}]
}

# Runs Python with the package. The tools set variables for a Python and libraries of their own, which would break the
# system's; an installed package has this script inside of itself.
proc run_python {program args} {
  set checkout [file join $::root driver]
  set path [expr {[file isdirectory $checkout] ? $checkout : [file dirname [file dirname $::root]]}]
  return [exec env -u PYTHONHOME -u LD_LIBRARY_PATH -u LD_PRELOAD PYTHONPATH=$path $program -W ignore {*}$args]
}

# A Python 3.10 or later. In a tool's path its own `python3` may come first, which is older and needs the tool's libraries.
proc find_python {} {
  set named [option SUMTILE_PYTHON ""]
  set programs {python3 /usr/bin/python3 /usr/local/bin/python3 python3.12 python3.11 python3.10}
  if {$named ne ""} { set programs [list $named] }
  foreach program $programs {
    if {![catch {run_python $program -c "import sys; sys.exit(sys.version_info < (3, 10))"}]} { return $program }
  }
  error "no Python 3.10 or later was found as [join $programs {, }]; name one with SUMTILE_PYTHON."
}

# What a module of the package prints.
proc describe {args} { return [run_python $::python -m {*}$args] }

# One entry of what build_facts tells.
proc fact {key} { return [dict get $::facts $key] }

proc write_file {path text} {
  file mkdir [file dirname $path]
  set file [open $path w]
  puts $file $text
  close $file
}

# Those steps of SUMTILE_STEPS that this tool does; an error for a word that is no step.
proc own_steps {own} {
  set known {csim csynth cosim export bitstream}
  set steps [option SUMTILE_STEPS {csynth export bitstream}]
  foreach step $steps {
    if {$step ni $known} { error "SUMTILE_STEPS has '$step'; choose any of $known." }
  }
  set found {}
  foreach step $own { if {$step in $steps} { lappend found $step } }
  return $found
}

# ------------------------------------------------------------------------------------------------ kernels, Vitis HLS

proc build_kernels {overlay board build} {
  set steps [own_steps {csim csynth cosim export}]
  if {$steps eq ""} { puts "SUMTILE_STEPS has no step of Vitis HLS; nothing to do."; return }
  write_file [file join $build include sumtile_config.hpp] [describe sumtile.overlay.config_header $overlay $board]
  cd $build
  foreach kernel [fact kernels] {
    set config [describe sumtile.overlay.hls_project $overlay $board $::root $build [dict get $kernel top]]
    write_file [file join $build unified [dict get $kernel top] hls_config.cfg] $config
    if {"csim" in $steps || "cosim" in $steps} {
      describe sumtile.kernels.vectors $overlay $board [dict get $kernel vectors] --top [dict get $kernel top]
    }
    build_kernel $kernel $steps
  }
}

proc build_kernel {kernel steps} {
  dict with kernel {
    open_project -reset $top
    set_top $top
    add_files $source -cflags $flags
    add_files -tb $testbench -cflags $testbench_flags
    open_solution -reset solution -flow_target vivado
    set_part $part
    create_clock -period $clock_ns -name default
    if {"csim" in $steps} { csim_design -argv $vectors }
    # Co-simulation and export take what synthesis has made.
    if {$steps ne "csim"} { csynth_design }
    if {"cosim" in $steps} { cosim_design -argv $vectors }
    if {"export" in $steps} {
      lassign [split $type :] vendor library name version
      export_design -format ip_catalog -vendor $vendor -library $library -version $version
    }
    close_project
  }
}

# ------------------------------------------------------------------------------------------------ bitstream, Vivado

# What the two processing systems call the same things. %d is the number of a memory port.
set ps_names(zynq-7000) {
  ip processing_system7 clock FCLK_CLK0 reset FCLK_RESET0_N interrupt IRQ_F2P
  master M_AXI_GP0 master_clock M_AXI_GP0_ACLK
  port S_AXI_HP%d port_clock S_AXI_HP%d_ACLK
}
set ps_names(zynq-ultrascale+) {
  ip zynq_ultra_ps_e clock pl_clk0 reset pl_resetn0 interrupt pl_ps_irq0
  master M_AXI_HPM0_FPD master_clock maxihpm0_fpd_aclk
  port S_AXI_HP%d_FPD port_clock saxihp%d_fpd_aclk
}

proc ps_name {what {hp ""}} {
  set name [dict get $::ps_names([fact family]) $what]
  return [string map [list %d $hp] $name]
}

proc ps_cell {} { return [ps_name ip]_0 }
proc dmas {} { return [fact dmas] }

# The memory ports in use, in ascending order.
proc memory_ports {} {
  set ports {}
  foreach dma [dmas] { lappend ports [dict get $dma hp] }
  return [lsort -integer -unique $ports]
}

# The AXI masters of a DMA, as {interface address_space} pairs.
proc memory_masters {dma} {
  set masters {{M_AXI_MM2S Data_MM2S}}
  if {[dict get $dma receives_from] ne ""} { lappend masters {M_AXI_S2MM Data_S2MM} }
  return $masters
}

proc build_bitstream {overlay board build out} {
  if {[own_steps {bitstream}] eq ""} { puts "SUMTILE_STEPS has no step of Vivado; nothing to do."; return }
  start_project $overlay $build
  # Vivado has the commands of block designs only once they are needed.
  load_features ipintegrator
  create_bd_design $overlay
  add_processing_system
  add_blocks
  connect_streams
  connect_memory
  connect_control
  connect_interrupts
  connect_clocks_and_resets
  map_addresses
  validate_bd_design
  save_bd_design
  warn_of_clock $overlay
  implement $overlay
  check_timing $overlay $build
  deliver $overlay $board $build $out
}

proc start_project {overlay build} {
  set repositories {}
  foreach kernel [fact kernels] {
    set ip [file join $build [dict get $kernel top] solution impl ip]
    if {![file exists [file join $ip component.xml]]} {
      error "there is no exported kernel in $ip; run this script with Vitis HLS first, with SUMTILE_STEPS 'csynth export'."
    }
    lappend repositories $ip
  }
  create_project -force $overlay [file join $build vivado] -part [fact part]
  set board_part [lindex [lsort -dictionary [get_board_parts -quiet [fact board_part]:*]] end]
  if {$board_part ne ""} { set_property board_part $board_part [current_project] }
  set_property ip_repo_paths $repositories [current_project]
  update_ip_catalog
}

# A block with its properties, given without the prefix CONFIG.
proc add_block {name type properties} {
  create_bd_cell -type ip -vlnv $type $name
  set prefixed {}
  foreach {key value} $properties { lappend prefixed CONFIG.$key $value }
  if {$prefixed ne ""} { set_property -dict $prefixed [get_bd_cells $name] }
}

# The processor. Where Vivado has the board's files, its preset is applied. Without them memory and clocks keep defaults,
# which the boot loader has replaced before any overlay is loaded; but the logic then sees only the lower 2 GiB of memory.
proc add_processing_system {} {
  add_block [ps_cell] xilinx.com:ip:[ps_name ip] {}
  set preset [expr {[get_property board_part [current_project]] ne ""}]
  if {!$preset} { puts "WARNING: Vivado has no files of this board, so the processor keeps defaults; install them for a whole memory map." }
  set external [expr {[ps_name ip] eq "processing_system7" ? {make_external "FIXED_IO, DDR" Master "Disable" Slave "Disable"} : ""}]
  if {$preset || $external ne ""} {
    apply_bd_automation -rule xilinx.com:bd_rule:[ps_name ip] -config [list {*}$external apply_board_preset $preset] [get_bd_cells [ps_cell]]
  }
  set properties [[dict get {zynq-7000 ps7_properties zynq-ultrascale+ mpsoc_properties} [fact family]] $preset]
  set prefixed {}
  foreach {key value} $properties { lappend prefixed CONFIG.$key $value }
  set_property -dict $prefixed [get_bd_cells [ps_cell]]
}

proc ps7_properties {preset} {
  set properties [list PCW_USE_M_AXI_GP0 1 PCW_USE_FABRIC_INTERRUPT 1 PCW_IRQ_F2P_INTR 1 \
    PCW_EN_CLK0_PORT 1 PCW_EN_RST0_PORT 1 PCW_FPGA0_PERIPHERAL_FREQMHZ [fact clock_mhz]]
  if {!$preset} { lappend properties PCW_DDR_RAM_HIGHADDR [format 0x%08X [expr {[fact ddr_bytes] - 1}]] }
  foreach hp [memory_ports] { lappend properties PCW_USE_S_AXI_HP$hp 1 PCW_S_AXI_HP${hp}_DATA_WIDTH [fact hp_bits] }
  return $properties
}

proc mpsoc_properties {preset} {
  set properties [list PSU__USE__M_AXI_GP0 1 PSU__USE__M_AXI_GP1 0 PSU__USE__M_AXI_GP2 0 PSU__USE__IRQ0 1 \
    PSU__FPGA_PL0_ENABLE 1 PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ [fact clock_mhz]]
  foreach hp [memory_ports] {
    set port [expr {$hp + 2}]
    lappend properties PSU__USE__S_AXI_GP$port 1 PSU__SAXIGP${port}__DATA_WIDTH [fact hp_bits]
  }
  return $properties
}

# Everything but the processor.
proc add_blocks {} {
  foreach kernel [fact kernels] { add_block [dict get $kernel instance] [dict get $kernel type] {} }
  foreach dma [dmas] { add_block [dict get $dma name] [fact dma_type] [dma_properties $dma] }
  foreach hp [memory_ports] {
    set masters 0
    foreach dma [dmas] { if {[dict get $dma hp] == $hp} { incr masters [llength [memory_masters $dma]] } }
    add_block memory_$hp xilinx.com:ip:smartconnect [list NUM_SI $masters NUM_MI 1]
  }
  add_block control_0 xilinx.com:ip:smartconnect [list NUM_SI 1 NUM_MI [dict size [fact addresses]]]
  set inputs [llength [fact interrupts]]
  add_block [fact concat] xilinx.com:ip:xlconcat [list NUM_PORTS $inputs]
  add_block [fact controller] xilinx.com:ip:axi_intc {C_IRQ_CONNECTION 1}
  add_block reset_0 xilinx.com:ip:proc_sys_reset {}
}

# Simple mode. Buffers begin at multiples of the memory's width, so no realignment is needed.
proc dma_properties {dma} {
  set receives [expr {[dict get $dma receives_from] ne ""}]
  set wide [expr {[fact family] eq "zynq-ultrascale+"}]
  set properties [list c_include_sg 0 c_sg_include_stscntrl_strm 0 c_sg_length_width [fact length_bits] \
    c_addr_width [expr {$wide ? 40 : 32}] \
    c_include_mm2s 1 c_include_mm2s_dre 0 c_m_axi_mm2s_data_width [fact memory_bits] \
    c_m_axis_mm2s_tdata_width [fact stream_bits] c_mm2s_burst_size 16 c_include_s2mm $receives]
  if {$receives} {
    lappend properties c_include_s2mm_dre 0 c_m_axi_s2mm_data_width [fact memory_bits] c_s2mm_burst_size 16
  }
  return $properties
}

proc connect_interfaces {from to} { connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to] }
proc connect_pins {args} {
  set pins {}
  foreach pin $args { lappend pins [get_bd_pins $pin] }
  connect_bd_net {*}$pins
}

# The name of an engine's port. Vitis HLS numbers the ports of an array of streams; whether it numbers an only one, UG1399
# does not say.
proc stream_port {engine name} {
  if {[get_bd_intf_pins -quiet $engine/$name] ne ""} { return $name }
  set bare [regsub {_0$} $name ""]
  return [expr {[get_bd_intf_pins -quiet $engine/$bare] ne "" ? $bare : $name}]
}

proc connect_streams {} {
  foreach dma [dmas] {
    dict with dma {
      connect_interfaces $name/M_AXIS_MM2S $engine/[stream_port $engine $sends_to]
      if {$receives_from ne ""} { connect_interfaces $engine/$receives_from $name/S_AXIS_S2MM }
    }
  }
}

# A SmartConnect at each memory port gathers the DMAs' masters, and converts width and protocol.
proc connect_memory {} {
  foreach hp [memory_ports] {
    set index 0
    foreach dma [dmas] {
      if {[dict get $dma hp] != $hp} { continue }
      foreach master [memory_masters $dma] {
        connect_interfaces [dict get $dma name]/[lindex $master 0] memory_$hp/[format S%02d_AXI $index]
        incr index
      }
    }
    connect_interfaces memory_$hp/M00_AXI [ps_cell]/[ps_name port $hp]
  }
}

proc connect_control {} {
  connect_interfaces [ps_cell]/[ps_name master] control_0/S00_AXI
  set index 0
  foreach slave [dict keys [fact addresses]] {
    connect_interfaces control_0/[format M%02d_AXI $index] $slave
    incr index
  }
}

proc connect_interrupts {} {
  set concat [fact concat]
  set controller [fact controller]
  set index 0
  foreach pin [fact interrupts] {
    connect_pins $pin $concat/In$index
    incr index
  }
  connect_pins $concat/dout $controller/intr
  connect_pins $controller/irq [ps_cell]/[ps_name interrupt]
}

# One clock and its reset for everything.
proc connect_clocks_and_resets {} {
  set clocks [list [ps_cell]/[ps_name master_clock] control_0/aclk [fact controller]/s_axi_aclk reset_0/slowest_sync_clk]
  set resets [list [fact controller]/s_axi_aresetn]
  set fabric_resets {control_0/aresetn}
  foreach kernel [fact kernels] {
    lappend clocks [dict get $kernel instance]/ap_clk
    lappend resets [dict get $kernel instance]/ap_rst_n
  }
  foreach dma [dmas] {
    set name [dict get $dma name]
    lappend clocks $name/s_axi_lite_aclk $name/m_axi_mm2s_aclk
    if {[dict get $dma receives_from] ne ""} { lappend clocks $name/m_axi_s2mm_aclk }
    lappend resets $name/axi_resetn
  }
  foreach hp [memory_ports] {
    lappend clocks [ps_cell]/[ps_name port_clock $hp] memory_$hp/aclk
    lappend fabric_resets memory_$hp/aresetn
  }
  connect_pins [ps_cell]/[ps_name clock] {*}$clocks
  connect_pins [ps_cell]/[ps_name reset] reset_0/ext_reset_in
  connect_pins reset_0/interconnect_aresetn {*}$fabric_resets
  connect_pins reset_0/peripheral_aresetn {*}$resets
}

# The processor sees the blocks where the description has them; a DMA sees all memory, and nothing else of its port.
proc map_addresses {} {
  set processor [get_bd_addr_spaces [ps_cell]/Data]
  foreach {slave base} [fact addresses] {
    assign_bd_address -offset $base -range [fact address_range] -target_address_space $processor \
      [get_bd_addr_segs -of_objects [get_bd_intf_pins $slave]]
  }
  foreach dma [dmas] {
    set segments [get_bd_addr_segs -of_objects [get_bd_intf_pins [ps_cell]/[ps_name port [dict get $dma hp]]]]
    foreach master [memory_masters $dma] {
      set space [get_bd_addr_spaces [dict get $dma name]/[lindex $master 1]]
      foreach segment $segments {
        if {[string match */HP?_DDR_* $segment]} {
          assign_bd_address -target_address_space $space $segment
        } else {
          exclude_bd_addr_seg -target_address_space $space $segment
        }
      }
    }
  }
}

proc implement {overlay} {
  set wrapper [make_wrapper -files [get_files $overlay.bd] -top]
  add_files -norecurse $wrapper
  set_property top ${overlay}_wrapper [current_fileset]
  update_compile_order -fileset sources_1
  launch_runs impl_1 -to_step write_bitstream -jobs [option SUMTILE_JOBS 4]
  # Some versions make an error of a run that failed, others only end the wait.
  catch {wait_on_run impl_1} message
  if {[get_property PROGRESS [get_runs impl_1]] eq "100%"} { return }
  foreach run [get_runs] {
    set status [get_property STATUS $run]
    if {[string match -nocase *error* $status]} {
      error "run [get_property NAME $run] of Vivado ended with '$status'; the reason is in [file join [get_property DIRECTORY $run] runme.log]."
    }
  }
  error "impl_1 of Vivado stopped at '[get_property STATUS [get_runs impl_1]]': [expr {$message eq "" ? "it gave no reason" : $message}];\
    see the runme.log of each run in [file dirname [get_property DIRECTORY [get_runs impl_1]]]."
}

# The processor divides its PLLs by whole numbers, so it does not make every frequency. Vivado takes the nearest and times
# the design for that.
proc warn_of_clock {overlay} {
  set made [expr {[get_property CONFIG.FREQ_HZ [get_bd_pins [ps_cell]/[ps_name clock]]] / 1e6}]
  set wanted [fact clock_mhz]
  if {abs($made - $wanted) > 0.001 * $wanted} {
    puts "WARNING: the processor makes [format %.3f $made] MHz of the $wanted MHz of '$overlay', so times differ from the plan's by as much."
  }
}

# A design that misses its clock is not delivered: it may work today and fail on a warm day.
proc check_timing {overlay build} {
  set reports [file join $build reports]
  file mkdir $reports
  open_run impl_1
  report_utilization -file [file join $reports utilization.rpt]
  report_timing_summary -file [file join $reports timing.rpt]
  foreach kind {setup hold} {
    set path [get_timing_paths -$kind -max_paths 1]
    set slack [expr {$path eq "" ? "" : [get_property SLACK $path]}]
    if {$slack eq ""} { error "no $kind path was found, so the design has no clock; nothing was copied." }
    if {$slack < 0} {
      error "the $kind slack of '$overlay' is $slack ns at [fact clock_mhz] MHz, but it must not be negative, so\
        nothing was copied; lower clock_mhz in the overlay's JSON file, or see [file join $reports timing.rpt]."
    }
  }
}

# Copies the pair and writes what is known of it beside it.
proc deliver {overlay board build out} {
  set project [get_property DIRECTORY [current_project]]
  set folder [file join $out $board]
  set bit [file join [get_property DIRECTORY [get_runs impl_1]] ${overlay}_wrapper.bit]
  # Up to 2020.1 the handoff lies among the sources.
  set hwh [lindex [glob -nocomplain -directory $project $overlay.{gen,srcs}/sources_1/bd/$overlay/hw_handoff/$overlay.hwh] 0]
  if {![file exists $bit] || $hwh eq ""} { error "Vivado has left no $overlay.bit and $overlay.hwh in $project; see its log." }
  file mkdir $folder
  file copy -force $bit [file join $folder $overlay.bit]
  file copy -force $hwh [file join $folder $overlay.hwh]
  describe sumtile.overlay.build_report $overlay $board $build [file join $folder $overlay.report.json]
  puts "built [file join $folder $overlay.bit], with its .hwh and its report beside it"
}

# ------------------------------------------------------------------------------------------------ main

proc main {} {
  set overlay [option SUMTILE_OVERLAY adder]
  set board [option SUMTILE_BOARD zcu102]
  set build [file normalize [option SUMTILE_BUILD [file join $::root build hls $board $overlay]]]
  set out [file normalize [option SUMTILE_OUT [option SUMTILE_OVERLAYS [file join $::root overlays]]]]
  own_steps {}
  set ::python [find_python]
  set ::facts [describe sumtile.overlay.build_facts $overlay $board $::root $build]
  file mkdir $build
  if {[info commands csynth_design] ne ""} {
    build_kernels $overlay $board $build
  } elseif {[info commands create_project] ne ""} {
    build_bitstream $overlay $board $build $out
  } else {
    error "this is neither Vitis HLS nor Vivado; run 'vitis_hls -f build.tcl', or one of the other lines at the top of the script."
  }
}

if {[catch {main} message]} {
  puts stderr "ERROR: build.tcl: $message"
  exit 1
}
exit 0
