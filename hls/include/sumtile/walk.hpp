// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The order in which a layer's outputs are made, and of the input words that each of them takes. Every stage before the
// reorder buffer walks it in step: stripe, group of kTo outputs, row of the stripe, tile of kTp columns.
//
// Where an array makes its outputs from pixels that it takes once each, the stages up to it walk those pixels instead:
// rows and columns of the padded input (the source_* fields of the descriptor, which equal the others otherwise), with
// stripes that overlap.
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
  uint_t<13> columns;     // tiles of columns in a row
  uint_t<2> overlap;      // rows of a stripe that the next one has, too
  bool done = false;

  // The outputs.
  explicit Walk(const Descriptor& d) : Walk(d.stripe_rows, d.conv_height, d.column_tiles, 0) {
#pragma HLS inline
  }
  // What an array makes them from.
  static Walk source(const Descriptor& d) {
#pragma HLS inline
    return Walk(d.source_rows, d.source_height, d.source_tiles, d.source_overlap);
  }

  bool last_column() const { return column + 1 == columns; }
  bool last_tile() const { return last_column() && row + 1 == rows; }
  bool last_group(const Descriptor& d) const { return group + 1 == d.groups; }
  bool last_stripe(const Descriptor& d) const { return stripe + 1 == d.stripes; }

  void advance(const Descriptor& d) {
#pragma HLS inline
    const bool column_ends = last_column(), tile_ends = last_tile();
    const bool group_ends = tile_ends && last_group(d);
    column = column_ends ? 0 : int(column) + 1;
    if (column_ends) row = tile_ends ? 0 : int(row) + 1;
    if (tile_ends) group = group_ends ? 0 : int(group) + 1;
    if (group_ends) {
      done = last_stripe(d);
      ++stripe;
      rows_left -= rows - overlap;
      if (rows > rows_left) rows = rows_left;
    }
  }

 private:
  Walk(const uint_t<13>& stripe_rows, const uint_t<13>& height, const uint_t<13>& tiles, const uint_t<2>& shared)
      : rows(stripe_rows), rows_left(height), columns(tiles), overlap(shared) {
#pragma HLS inline
    if (rows > rows_left) rows = rows_left;
  }
};

// The words of kTi channels that a group of outputs reads of an input pixel: all of them, or in a depthwise layer those
// that hold its own channels, which may begin in the middle of a word.
template <class Config>
struct GroupWords {
  // Groups begin at multiples of this many channels. Counted in them, a channel has constant low bits, and most pairs
  // of an input lane and a channel can never meet.
  static constexpr int kUnit = common_divisor(Config::kTo, Config::kTi);
  uint_t<16> first = 0;  // word of the pixel
  uint_t<8> begin = 0;   // of the group within that word, in units
  uint_t<16> word = 0;   // the current word, counted from the first

  int position() const { return int(first) + int(word); }
  // The group's channel on lane 0 of the current word; negative where the word begins with channels of the group
  // before.
  int channel() const { return (int(word) * (Config::kTi / kUnit) - int(begin)) * kUnit; }

  bool pixel_ends(const Descriptor& d) const { return position() + 1 == d.ifm_tiles; }
  bool group_ends(const Descriptor& d) const {
    return pixel_ends(d) || (d.depthwise && channel() + Config::kTi >= Config::kTo);
  }

  void next_word(const Descriptor& d) {
#pragma HLS inline
    word = group_ends(d) ? 0 : int(word) + 1;
  }

  void next_group(const Descriptor& d, bool stripe_ends) {
#pragma HLS inline
    if (stripe_ends) {
      first = 0, begin = 0;
    } else if (d.depthwise) {
      const int next = int(begin) + Config::kTo % Config::kTi / kUnit;
      const bool carry = next >= Config::kTi / kUnit;
      begin = carry ? next - Config::kTi / kUnit : next;
      first = int(first) + Config::kTo / Config::kTi + int(carry);
    }
  }
};

}  // namespace sumtile

#endif
