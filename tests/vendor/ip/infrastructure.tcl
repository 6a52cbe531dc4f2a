# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
# SmartConnect (PG247), Processor System Reset (PG164), AXI Interrupt Controller (PG099), Concat.
ip xilinx.com:ip:smartconnect:1.0 {{NUM_SI 2 1..16} {NUM_MI 1 1..16} {NUM_CLKS 1 1..1}} {
  pin aclk in clock
  pin aresetn in reset
  for {set i 0} {$i < $NUM_SI} {incr i} { interface [format S%02d_AXI $i] slave axi {clock aclk} }
  for {set i 0} {$i < $NUM_MI} {incr i} { interface [format M%02d_AXI $i] master axi {clock aclk} }
}

ip xilinx.com:ip:proc_sys_reset:5.0 {
  {C_EXT_RESET_HIGH 0 {0 1}} {C_AUX_RESET_HIGH 0 {0 1}} {C_EXT_RST_WIDTH 4 1..16} {C_AUX_RST_WIDTH 4 1..16}
} {
  pin slowest_sync_clk in clock
  pin ext_reset_in in reset
  foreach name {aux_reset_in mb_debug_sys_rst} { pin $name in reset optional }
  pin dcm_locked in data optional
  foreach name {mb_reset bus_struct_reset peripheral_reset interconnect_aresetn peripheral_aresetn} { pin $name out reset optional }
}

ip xilinx.com:ip:axi_intc:4.1 {
  {C_NUM_INTR_INPUTS 1 derived} {C_IRQ_CONNECTION 0 {0 1}} {C_IRQ_IS_LEVEL 1 {0 1}} {C_HAS_FAST 0 {0 1}}
} {
  pin s_axi_aclk in clock
  pin s_axi_aresetn in reset
  pin intr in interrupt
  pin irq out interrupt
  interface s_axi slave axi4lite {clock s_axi_aclk bits 32}
  segment S_AXI/Reg s_axi 0 0x10000 register
}

ip xilinx.com:ip:xlconcat:2.1 {{NUM_PORTS 2 1..32}} {
  for {set i 0} {$i < $NUM_PORTS} {incr i} { pin In$i in interrupt }
  pin dout out interrupt
}
