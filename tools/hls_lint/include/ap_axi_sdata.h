// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Shape of the vendor's header of the same name; see ap_int.h.
#ifndef SUMTILE_LINT_AP_AXI_SDATA_H
#define SUMTILE_LINT_AP_AXI_SDATA_H

#include <ap_int.h>

template <int DataBits, int UserBits, int IdBits, int DestBits>
struct ap_axiu {
  ap_uint<DataBits> data;
  ap_uint<DataBits / 8> keep;
  ap_uint<DataBits / 8> strb;
  ap_uint<1> last;
};

#endif
