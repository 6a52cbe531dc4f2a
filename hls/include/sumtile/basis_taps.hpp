// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// basis: multiplies the sums of the channels with the taps of the basis kernels. It takes a pixel of the padded input
// at a time and a basis kernel an iteration, with kTaps multipliers for each output lane. What a pixel adds to the
// outputs around it is passed on along the row in registers and from row to row in two lines of memory, so that every
// sum of channels is used for all taps at once. Smaller kernels stand at the end of the grid of kSide x kSide taps.
#ifndef SUMTILE_BASIS_TAPS_HPP
#define SUMTILE_BASIS_TAPS_HPP

#include "sumtile/config.hpp"
#include "sumtile/walk.hpp"

namespace sumtile {

// The taps of one basis kernel for all output lanes.
template <class Config>
struct BasisTaps {
  static constexpr int kSide = 3, kTaps = kSide * kSide;
  static_assert(kTaps * Config::kTo * 8 <= Config::kTi * Config::kTo * Derived<Config>::kWeightBits,
                "the taps of a basis kernel must fit a tile of weights");
  uint_t<8> tap[kTaps * Config::kTo];

  BasisTaps() = default;
  explicit BasisTaps(const typename Derived<Config>::WeightTile& tile) {
#pragma HLS inline
    get_lanes<8>(tile.beat, 0, tap);
  }
};

// Whether an axis has an output at its current position: from the kernel's last tap on, every stride.
struct OutputPhase {
  uint_t<2> wait;

  void begin(const uint_t<2>& size) { wait = int(size) - 1; }
  bool here() const { return wait == 0; }
  void next(const uint_t<2>& stride) { wait = wait == 0 ? int(stride) - 1 : int(wait) - 1; }
};

template <class Config, class Array, class SumStreams, class TapStream>
void basis(SumStreams& channel_sums, TapStream& taps, typename Derived<Config>::AccumulatorStream& sums, Descriptor d) {
  constexpr int kSide = BasisTaps<Config>::kSide, kTo = Config::kTo;
  using Sum = int_t<Array::Operator::channel_sum_bits(Config::kReduction)>;
  using Accumulator = int_t<Array::Operator::accumulator_bits(Config::kReduction)>;
  struct Line {
    Accumulator value[kTo];
  };
  // What the rows above have added to the outputs that end one row and two rows below them.
  Line line[kSide - 1][Array::kColumns];
#pragma HLS aggregate variable=line
#pragma HLS array_partition variable=line complete dim=1
#pragma HLS bind_storage variable=line type=ram_s2p impl=bram
  // A place is read again a row later, and a row takes at least kMemoryDelay iterations.
#pragma HLS dependence variable=line type=inter direction=RAW distance=4 true
#pragma HLS dependence variable=line type=intra false
  Accumulator product[kTo][kSide][kSide];  // of this pixel, by kernel row and column
#pragma HLS array_partition variable=product complete dim=0
  Accumulator passed[kTo][kSide][kSide - 1];  // from the pixels before it
#pragma HLS array_partition variable=passed complete dim=0
  LoopCounter counter(Loop::basis);
  Walk walk = Walk::source(d);
  OutputPhase across, down;
  across.begin(d.basis_width);
  down.begin(d.basis_height);
  uint_t<4> base = 0;
  uint_t<3> iterations = 0;  // of this row, counted up to kMemoryDelay
  uint_t<16> place = 0;      // output column
  bool row_done = false;

basis_kernels:
  while (!walk.done) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    if (!row_done) {
      const BasisTaps<Config> kernel = taps.read();
    multiply_rows:
      for (int o = 0; o < kTo; ++o) {
#pragma HLS unroll
        const Sum sum = channel_sums[o].read();
      multiply_taps:
        for (int t = 0; t < BasisTaps<Config>::kTaps; ++t) {
#pragma HLS unroll
          const Accumulator term = sum * as_signed<8>(kernel.tap[t * kTo + o]);
          Accumulator& value = product[o][t / kSide][t % kSide];
          value = base == 0 ? term : Accumulator(value + term);
        }
      }
    }
    const bool pixel_ends = !row_done && base + 1 == d.bases;
    if (!row_done) base = pixel_ends ? 0 : int(base) + 1;
    if (pixel_ends) {
      Line above[kSide - 1], below[kSide - 1];
#pragma HLS array_partition variable=above complete dim=0
#pragma HLS array_partition variable=below complete dim=0
      typename Derived<Config>::Accumulators outputs;
#pragma HLS array_partition variable=outputs.value complete
    read_lines:
      for (int k = 0; k < kSide - 1; ++k) {
#pragma HLS unroll
        above[k] = line[k][place];
      }
    pass_rows:
      for (int o = 0; o < kTo; ++o) {
#pragma HLS unroll
      pass_kernel_rows:
        for (int ky = 0; ky < kSide; ++ky) {
#pragma HLS unroll
          const bool row_begins = walk.column == 0;
          const Accumulator zero = 0;
          const Accumulator first = row_begins ? zero : passed[o][ky][0];
          const Accumulator second = row_begins ? zero : passed[o][ky][1];
          const Accumulator across_row = second + product[o][ky][2];
          passed[o][ky][1] = first + product[o][ky][1];
          passed[o][ky][0] = product[o][ky][0];
          const Accumulator from_above = ky == 0 || walk.row == 0 ? zero : above[ky == 0 ? 0 : ky - 1].value[o];
          const Accumulator so_far = from_above + across_row;
          if (ky + 1 < kSide) {
            below[ky + 1 < kSide ? ky : 0].value[o] = so_far;
          } else {
            outputs.value[o] = so_far;
          }
        }
      }
      if (across.here()) {
      write_lines:
        for (int k = 0; k < kSide - 1; ++k) {
#pragma HLS unroll
          line[k][place] = below[k];
        }
        if (down.here()) sums.write(outputs);
        place = int(place) + 1;
      }
      across.next(d.basis_column_stride);
    }
    const bool waited = iterations + 1 >= kMemoryDelay;
    const bool row_complete = row_done || (pixel_ends && walk.last_column());
    if (row_complete && waited) {
      row_done = false;
      iterations = 0;
      place = 0;
      across.begin(d.basis_width);
      down.next(d.basis_row_stride);
      if (walk.last_tile()) down.begin(d.basis_height);
      walk.advance(d);
    } else {
      row_done = row_complete;
      if (!waited) iterations = int(iterations) + 1;
      if (pixel_ends && !row_complete) walk.advance(d);
    }
    counter.tick();
  }
}

}  // namespace sumtile

#endif
