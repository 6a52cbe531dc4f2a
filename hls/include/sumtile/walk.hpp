// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The order in which a layer's outputs are made. Every stage before the reorder buffer walks it in step:
// stripe, group of kTo outputs, row of the stripe, tile of kTp columns.
#ifndef SUMTILE_WALK_HPP
#define SUMTILE_WALK_HPP

#include "sumtile/descriptor.hpp"

namespace sumtile {

struct Walk {
  uint_t<13> stripe = 0;
  uint_t<12> group = 0;
  uint_t<13> row = 0;     // within the stripe
  uint_t<13> column = 0;  // tile of columns
  uint_t<13> rows;        // of this stripe
  uint_t<13> rows_left;   // of the map, this stripe included
  bool done = false;

  explicit Walk(const Descriptor& d) : rows(d.stripe_rows), rows_left(d.conv_height) {
#pragma HLS inline
    if (rows > rows_left) rows = rows_left;
  }

  bool last_column(const Descriptor& d) const { return column + 1 == d.column_tiles; }
  bool last_tile(const Descriptor& d) const { return last_column(d) && row + 1 == rows; }
  bool last_group(const Descriptor& d) const { return group + 1 == d.groups; }
  bool last_stripe(const Descriptor& d) const { return stripe + 1 == d.stripes; }

  void advance(const Descriptor& d) {
#pragma HLS inline
    const bool column_ends = last_column(d), tile_ends = last_tile(d);
    const bool group_ends = tile_ends && last_group(d);
    column = column_ends ? 0 : int(column) + 1;
    if (column_ends) row = tile_ends ? 0 : int(row) + 1;
    if (tile_ends) group = group_ends ? 0 : int(group) + 1;
    if (group_ends) {
      done = last_stripe(d);
      ++stripe;
      rows_left -= rows;
      if (rows > rows_left) rows = rows_left;
    }
  }
};

}  // namespace sumtile

#endif
