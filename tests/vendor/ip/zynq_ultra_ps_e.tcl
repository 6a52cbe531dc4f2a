# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
# Processing system of the Zynq UltraScale+ (PG201). The upper memory is there with the preset of a board that has it.
ip xilinx.com:ip:zynq_ultra_ps_e:3.5 {
  {preset 0 derived} {external 0 derived}
  {PSU__USE__M_AXI_GP0 1 {0 1}} {PSU__USE__M_AXI_GP1 1 {0 1}} {PSU__USE__M_AXI_GP2 0 {0 1}}
  {PSU__MAXIGP0__DATA_WIDTH 128 {32 64 128}}
  {PSU__USE__S_AXI_GP0 0 {0 1}} {PSU__USE__S_AXI_GP1 0 {0 1}} {PSU__USE__S_AXI_GP6 0 {0 1}}
  {PSU__USE__S_AXI_GP2 0 {0 1}} {PSU__USE__S_AXI_GP3 0 {0 1}} {PSU__USE__S_AXI_GP4 0 {0 1}} {PSU__USE__S_AXI_GP5 0 {0 1}}
  {PSU__SAXIGP2__DATA_WIDTH 128 {32 64 128}} {PSU__SAXIGP3__DATA_WIDTH 128 {32 64 128}}
  {PSU__SAXIGP4__DATA_WIDTH 128 {32 64 128}} {PSU__SAXIGP5__DATA_WIDTH 128 {32 64 128}}
  {PSU__USE__IRQ0 0 {0 1}} {PSU__USE__IRQ1 0 {0 1}}
  {PSU__FPGA_PL0_ENABLE 1 {0 1}} {PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ 100 number}
} {
  pin pl_resetn0 out reset
  if {$PSU__FPGA_PL0_ENABLE} { pin pl_clk0 out clock }
  if {$PSU__USE__IRQ0} { pin pl_ps_irq0 in interrupt }
  if {$PSU__USE__IRQ1} { pin pl_ps_irq1 in interrupt }
  if {$PSU__USE__M_AXI_GP0} {
    pin maxihpm0_fpd_aclk in clock
    interface M_AXI_HPM0_FPD master axi4 [list clock maxihpm0_fpd_aclk bits $PSU__MAXIGP0__DATA_WIDTH]
    space Data M_AXI_HPM0_FPD {0xA0000000 0xAFFFFFFF 0x400000000 0x4FFFFFFFF 0x1000000000 0x47FFFFFFFF}
  }
  if {$PSU__USE__M_AXI_GP1} {
    pin maxihpm1_fpd_aclk in clock
    interface M_AXI_HPM1_FPD master axi4 {clock maxihpm1_fpd_aclk bits 128}
  }
  if {$PSU__USE__M_AXI_GP2} {
    pin maxihpm0_lpd_aclk in clock
    interface M_AXI_HPM0_LPD master axi4 {clock maxihpm0_lpd_aclk bits 32}
  }
  foreach port {2 3 4 5} {
    if {![set PSU__USE__S_AXI_GP$port]} { continue }
    set hp [expr {$port - 2}]
    pin saxihp${hp}_fpd_aclk in clock
    interface S_AXI_HP${hp}_FPD slave axi4 [list clock saxihp${hp}_fpd_aclk bits [set PSU__SAXIGP${port}__DATA_WIDTH]]
    segment SAXIGP$port/HP${hp}_DDR_LOW S_AXI_HP${hp}_FPD 0 0x80000000 memory
    if {$preset} { segment SAXIGP$port/HP${hp}_DDR_HIGH S_AXI_HP${hp}_FPD 0x800000000 0x80000000 memory }
    segment SAXIGP$port/HP${hp}_LPS_OCM S_AXI_HP${hp}_FPD 0xFF000000 0x1000000 other
    segment SAXIGP$port/HP${hp}_QSPI S_AXI_HP${hp}_FPD 0xC0000000 0x20000000 other
  }
}
