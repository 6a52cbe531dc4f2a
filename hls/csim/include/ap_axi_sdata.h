// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Stand-in for the vendor's header of the same name: the beat of an AXI4-Stream port without side channels.
#ifndef SUMTILE_CSIM_AP_AXI_SDATA_H
#define SUMTILE_CSIM_AP_AXI_SDATA_H

#include <cstddef>

#include "sumtile/types.hpp"

template <int DataBits, int UserBits, int IdBits, int DestBits>
struct ap_axiu {
  static_assert(UserBits == 0 && IdBits == 0 && DestBits == 0, "the simulation models ports without side channels");
  sumtile::word_t<DataBits> data;
  sumtile::uint_t<DataBits / 8> keep;
  sumtile::uint_t<DataBits / 8> strb;
  sumtile::uint_t<1> last;
};

#endif
