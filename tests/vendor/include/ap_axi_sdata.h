// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Stand-in for the header of Vitis HLS of the same name: the beat of an AXI4-Stream port without side channels.
#ifndef SUMTILE_VENDOR_AP_AXI_SDATA_H
#define SUMTILE_VENDOR_AP_AXI_SDATA_H

#include <ap_int.h>

template <int DataBits, int UserBits, int IdBits, int DestBits>
struct ap_axiu {
  static_assert(UserBits == 0 && IdBits == 0 && DestBits == 0, "this header has ports without side channels only");
  ap_uint<DataBits> data;
  ap_uint<(DataBits + 7) / 8> keep;
  ap_uint<(DataBits + 7) / 8> strb;
  ap_uint<1> last;
};

#endif
