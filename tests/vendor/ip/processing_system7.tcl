# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
# Processing system of the Zynq-7000 (PG082). `preset` is set by the design when the board's preset is applied.
ip xilinx.com:ip:processing_system7:5.5 {
  {preset 0 derived} {external 0 derived}
  {PCW_USE_M_AXI_GP0 1 {0 1}} {PCW_USE_M_AXI_GP1 0 {0 1}} {PCW_DDR_RAM_HIGHADDR 0x1FFFFFFF hex}
  {PCW_USE_S_AXI_HP0 0 {0 1}} {PCW_USE_S_AXI_HP1 0 {0 1}} {PCW_USE_S_AXI_HP2 0 {0 1}} {PCW_USE_S_AXI_HP3 0 {0 1}}
  {PCW_S_AXI_HP0_DATA_WIDTH 64 {32 64}} {PCW_S_AXI_HP1_DATA_WIDTH 64 {32 64}}
  {PCW_S_AXI_HP2_DATA_WIDTH 64 {32 64}} {PCW_S_AXI_HP3_DATA_WIDTH 64 {32 64}}
  {PCW_USE_FABRIC_INTERRUPT 0 {0 1}} {PCW_IRQ_F2P_INTR 0 {0 1}}
  {PCW_EN_CLK0_PORT 1 {0 1}} {PCW_EN_RST0_PORT 1 {0 1}} {PCW_FPGA0_PERIPHERAL_FREQMHZ 50 number}
} {
  interface DDR master external
  interface FIXED_IO master external
  if {$PCW_EN_CLK0_PORT} { pin FCLK_CLK0 out clock }
  if {$PCW_EN_RST0_PORT} { pin FCLK_RESET0_N out reset }
  if {$PCW_USE_FABRIC_INTERRUPT && $PCW_IRQ_F2P_INTR} { pin IRQ_F2P in interrupt }
  if {$PCW_USE_M_AXI_GP0} {
    pin M_AXI_GP0_ACLK in clock
    interface M_AXI_GP0 master axi3 {clock M_AXI_GP0_ACLK bits 32}
    space Data M_AXI_GP0 {0x40000000 0x7FFFFFFF}
  }
  if {$PCW_USE_M_AXI_GP1} {
    pin M_AXI_GP1_ACLK in clock
    interface M_AXI_GP1 master axi3 {clock M_AXI_GP1_ACLK bits 32}
  }
  foreach hp {0 1 2 3} {
    if {![set PCW_USE_S_AXI_HP$hp]} { continue }
    pin S_AXI_HP${hp}_ACLK in clock
    interface S_AXI_HP$hp slave axi3 [list clock S_AXI_HP${hp}_ACLK bits [set PCW_S_AXI_HP${hp}_DATA_WIDTH]]
    segment S_AXI_HP$hp/HP${hp}_DDR_LOWOCM S_AXI_HP$hp 0 [expr {$PCW_DDR_RAM_HIGHADDR + 1}] memory
  }
  require {$external} "its DDR and FIXED_IO are not external"
}
