# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
# AXI DMA (PG021).
ip xilinx.com:ip:axi_dma:7.1 {
  {c_include_sg 1 {0 1}} {c_sg_include_stscntrl_strm 1 {0 1}} {c_sg_length_width 14 8..26} {c_micro_dma 0 {0 1}}
  {c_addr_width 32 32..64} {c_enable_multi_channel 0 {0 1}}
  {c_include_mm2s 1 {0 1}} {c_include_mm2s_dre 0 {0 1}} {c_m_axi_mm2s_data_width 32 {32 64 128 256 512 1024}}
  {c_m_axis_mm2s_tdata_width 32 {8 16 32 64 128 256 512 1024}} {c_mm2s_burst_size 16 {2 4 8 16 32 64 128 256}}
  {c_include_s2mm 1 {0 1}} {c_include_s2mm_dre 0 {0 1}} {c_m_axi_s2mm_data_width 32 {32 64 128 256 512 1024}}
  {c_s_axis_s2mm_tdata_width 32 derived} {c_s2mm_burst_size 16 {2 4 8 16 32 64 128 256}}
} {
  pin axi_resetn in reset
  pin s_axi_lite_aclk in clock
  interface S_AXI_LITE slave axi4lite {clock s_axi_lite_aclk bits 32}
  segment S_AXI_LITE/Reg S_AXI_LITE 0 0x10000 register
  if {$c_include_sg} {
    pin m_axi_sg_aclk in clock
    interface M_AXI_SG master axi4 {clock m_axi_sg_aclk bits 32}
    space Data_SG M_AXI_SG
    if {$c_sg_include_stscntrl_strm && $c_include_mm2s} { interface M_AXIS_CNTRL master axis {clock m_axi_sg_aclk bits 32} }
    if {$c_sg_include_stscntrl_strm && $c_include_s2mm} { interface S_AXIS_STS slave axis {clock m_axi_sg_aclk bits 32} }
  }
  if {$c_include_mm2s} {
    pin m_axi_mm2s_aclk in clock
    pin mm2s_introut out interrupt
    pin mm2s_prmry_reset_out_n out reset optional
    interface M_AXI_MM2S master axi4 [list clock m_axi_mm2s_aclk bits $c_m_axi_mm2s_data_width]
    interface M_AXIS_MM2S master axis [list clock m_axi_mm2s_aclk bits $c_m_axis_mm2s_tdata_width]
    space Data_MM2S M_AXI_MM2S
    require {$c_m_axis_mm2s_tdata_width <= $c_m_axi_mm2s_data_width} "its MM2S stream is wider than its memory side"
  }
  if {$c_include_s2mm} {
    pin m_axi_s2mm_aclk in clock
    pin s2mm_introut out interrupt
    pin s2mm_prmry_reset_out_n out reset optional
    interface M_AXI_S2MM master axi4 [list clock m_axi_s2mm_aclk bits $c_m_axi_s2mm_data_width]
    interface S_AXIS_S2MM slave axis {clock m_axi_s2mm_aclk bits 0}
    space Data_S2MM M_AXI_S2MM
  }
  require {$c_include_mm2s || $c_include_s2mm} "neither of its channels is included"
}
