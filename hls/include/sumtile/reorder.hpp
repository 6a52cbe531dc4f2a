// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// reorder: a stripe's results arrive group by group and leave pixel by pixel with all groups (NHWC), a word each an
// iteration. Two halves take turns, so that one can be filled while the other is emptied; a pixel may leave as soon as
// its last group is there.
#ifndef SUMTILE_REORDER_HPP
#define SUMTILE_REORDER_HPP

#include "sumtile/config.hpp"

namespace sumtile {

// One side's place in the sequence of stripes.
struct StripeCursor {
  uint_t<13> stripe = 0, rows, rows_left;
  uint_t<26> pixels;  // of this stripe
  bool half = false;

  explicit StripeCursor(const Descriptor& d) : rows(d.stripe_rows), rows_left(d.conv_height) { measure(d); }

  void measure(const Descriptor& d) {
#pragma HLS inline
    if (rows > rows_left) rows = rows_left;
    pixels = uint_t<26>(rows) * d.conv_width;
  }

  void next(const Descriptor& d) {
#pragma HLS inline
    ++stripe;
    half = !half;
    rows_left -= rows;
    measure(d);
  }
};

template <class Config>
void reorder(typename Derived<Config>::MidStream& mids, typename Derived<Config>::MidStream& ordered, Descriptor d) {
  using D = Derived<Config>;
  typename D::MidWord buffer[2][Config::kReorderWords];
#pragma HLS aggregate variable=buffer
#pragma HLS bind_storage variable=buffer type=ram_s2p impl=bram
  // A pixel is emptied when all its words are settled, and a half filled again when it is empty.
#pragma HLS dependence variable=buffer type=inter direction=RAW distance=4 true
#pragma HLS dependence variable=buffer type=intra false
  LoopCounter counter(Loop::reorder);
  StripeCursor fill(d), empty(d);
  uint_t<27> complete = 0, emptied = 0;  // pixels
  Settled<uint_t<27>> settled(0);
  uint_t<12> fill_group = 0, empty_group = 0;
  uint_t<26> fill_pixel = 0, empty_pixel = 0;
  uint_t<32> fill_address = 0, empty_address = 0;

reorder_words:
  while (empty.stripe < d.stripes) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const bool may_empty = emptied < settled.step(complete);
    // The last stripe has no other to be filled meanwhile: as many words leave as a pixel has before the next one is
    // completed, and not when the last one is.
    const bool holds = may_empty && empty.stripe + 1 == d.stripes && empty_group + 1 != d.groups;
    const bool may_fill = fill.stripe < d.stripes && fill.stripe - empty.stripe < 2 && !holds;
    if (may_fill) {
      buffer[fill.half][fill_address] = mids.read();
      fill_address += d.groups;
      if (fill_group + 1 == d.groups) ++complete;
      if (++fill_pixel == fill.pixels) {
        fill_pixel = 0;
        fill_address = ++fill_group;
        if (fill_group == d.groups) {
          fill_group = 0, fill_address = 0;
          fill.next(d);
        }
      }
    }
    if (may_empty) {
      ordered.write(buffer[empty.half][empty_address]);
      ++empty_address;
      if (++empty_group == d.groups) {
        empty_group = 0;
        ++emptied;
        if (++empty_pixel == empty.pixels) {
          empty_pixel = 0, empty_address = 0;
          empty.next(d);
        }
      }
    }
    counter.tick();
  }
}

}  // namespace sumtile

#endif
