// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// SparseMap: coefficients -1, 0 and 1 as a mask, whose bits mark those that are not zero, and the packed signs of these
// (ESCALATE, MICRO'21). A step takes a mark of each of kTi channels for each of kTo rows from a tile of marks. Each row
// has its own part of a tile of signs, from which it takes as many as it has marks; the encoder chose how many tiles of
// marks share one of signs so that no row runs out, and all rows begin a new one together.
#ifndef SUMTILE_SPARSE_MAP_HPP
#define SUMTILE_SPARSE_MAP_HPP

#include "sumtile/config.hpp"
#include "sumtile/gather.hpp"

namespace sumtile {

template <class Config>
class SparseMap {
 public:
  using Tile = typename Derived<Config>::WeightTile;
  using MaskStream = hls::stream<Tile, 4>;
  using SignStream = hls::stream<Tile, 2>;
  static constexpr int kLanes = Config::kTi, kRows = Config::kTo;
  static constexpr int kTileSteps = Derived<Config>::kWeightBits;  // and words of signs for each row

  SparseMap() {
#pragma HLS inline
#pragma HLS array_partition variable=masks_.beat complete
#pragma HLS array_partition variable=marks_ complete
#pragma HLS array_partition variable=signs_ complete dim=0
#pragma HLS array_partition variable=taken_ complete
  }

  // Reads the tiles that the next step begins, and its marks.
  void read_step(MaskStream& masks, SignStream& signs) {
#pragma HLS inline
    if (step_ == 0) masks_ = masks.read();
    if (step_ == 0 && tile_ == 0) {
      const Tile tile = signs.read();
    read_signs:
      for (int o = 0; o < kRows; ++o) {
#pragma HLS unroll
        get_lanes<kLanes>(tile.beat, o * kTileSteps, signs_[o]);
        taken_[o] = 0;
      }
    }
    get_lanes<kLanes>(masks_.beat, int(step_) * kRows, marks_);
  }

  uint_t<kLanes> marks(int row) const { return marks_[row]; }

  // The signs of a row's marked channels, each at its channel's lane.
  void take_signs(int row, uint_t<1> (&sign)[kLanes]) {
#pragma HLS inline
    const Gather<kLanes> marked(marks_[row]);
    const int word = int(taken_[row]) / kLanes, bit = int(taken_[row]) % kLanes;
    const uint_t<2 * kLanes> high = signs_[row][(word + 1) % kTileSteps];
    const uint_t<2 * kLanes> window = (high << kLanes | signs_[row][word % kTileSteps]) >> bit;
  align_signs:
    for (int i = 0; i < kLanes; ++i) {
#pragma HLS unroll
      sign[i] = uint_t<1>(window >> i & 1);
    }
    marked.scatter(sign);
    taken_[row] = int(taken_[row]) + marked.count();
  }

  void next_step(bool pixel_ends, const Descriptor& d) {
#pragma HLS inline
    const bool tile_ends = pixel_ends || step_ + 1 == kTileSteps;
    step_ = tile_ends ? 0 : int(step_) + 1;
    if (tile_ends) tile_ = pixel_ends || tile_ + 1 == d.mask_tiles ? 0 : int(tile_) + 1;
  }

 private:
  static_assert((kTileSteps & (kTileSteps - 1)) == 0, "a tile has a power of two of steps");

  Tile masks_;
  uint_t<kLanes> marks_[kRows];
  uint_t<kLanes> signs_[kRows][kTileSteps];
  uint_t<10> taken_[kRows];  // signs of the tile
  uint_t<4> step_ = 0;       // of the tile of marks
  uint_t<16> tile_ = 0;      // of those that share the tile of signs
};

}  // namespace sumtile

#endif
