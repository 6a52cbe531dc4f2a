// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// compute: the processing arrays. One step takes a word of kTi features for each of kTp output columns, and kTi x kTo
// weights. Every kernel position times every word that the group reads makes one tile of outputs, whose sums stay in
// registers.
//
// A depthwise layer has one weight for an output lane and a kernel position. A row of kTo weights then serves all words
// of a position: each output lane takes it for the input lane that carries its own channel, and zero for the others.
#ifndef SUMTILE_COMPUTE_HPP
#define SUMTILE_COMPUTE_HPP

#include "sumtile/config.hpp"
#include "sumtile/walk.hpp"

namespace sumtile {

// The features of one step as operands.
template <class Config>
struct Features {
  typename Derived<Config>::Operand x[Config::kTp][Config::kTi];

  void unpack(const typename Derived<Config>::Columns& columns, bool is_unsigned) {
#pragma HLS inline
    constexpr int kBits = Config::kDataBits;
  unpack_columns:
    for (int p = 0; p < Config::kTp; ++p) {
#pragma HLS unroll
    unpack_channels:
      for (int i = 0; i < Config::kTi; ++i) {
#pragma HLS unroll
        x[p][i] = extend<kBits>(get_lane<kBits>(columns.column[p], i), is_unsigned);
      }
    }
  }
};

// The weights of a step, a row for each input lane. Weights wider than the narrowest array's fill a tile with fewer
// rows.
template <class Config, class Operator>
struct Weights {
  static constexpr int kLanes = Config::kTi * Derived<Config>::kWeightBits / Operator::kWeightBits;
  typename Operator::template Row<Config::kTo> row[kLanes];

  void unpack(const typename Derived<Config>::WeightTile& tile, bool ifm_unsigned) {
#pragma HLS inline
  unpack_lanes:
    for (int i = 0; i < kLanes; ++i) {
#pragma HLS unroll
      uint_t<Operator::kWeightBits> raw[Config::kTo];
#pragma HLS array_partition variable=raw complete
      get_lanes<Operator::kWeightBits>(tile.beat, i * Config::kTo, raw);
      row[i].template unpack<0>(raw, ifm_unsigned);
    }
  }
};

// The tile that a dense layer would have in place of row `index` of a depthwise layer's tile: an output lane has its
// weight at the input lane that carries its own channel, and zeros elsewhere. Input lane 0 carries channel `first` of
// the group.
template <class Config, class Operator>
typename Derived<Config>::WeightTile spread_row(const typename Derived<Config>::WeightTile& tile, int index,
                                                int first) {
#pragma HLS inline
  constexpr int kBits = Operator::kWeightBits;
  typename Derived<Config>::WeightTile spread;
#pragma HLS array_partition variable=spread.beat complete
  uint_t<kBits> raw[Config::kTo];
#pragma HLS array_partition variable=raw complete
  get_lanes<kBits>(tile.beat, index * Config::kTo, raw);
spread_lanes:
  for (int i = 0; i < Weights<Config, Operator>::kLanes; ++i) {
#pragma HLS unroll
    uint_t<kBits> own[Config::kTo];
#pragma HLS array_partition variable=own complete
  keep_own:
    for (int o = 0; o < Config::kTo; ++o) {
#pragma HLS unroll
      own[o] = Operator::channel(o) == first + i ? raw[o] : uint_t<kBits>(0);
    }
    set_lanes<kBits>(spread.beat, i * Config::kTo, own);
  }
  return spread;
}

// The sums of one column: the array's output lanes in the order of their channels.
template <class Config, class Operator, class Accumulator>
typename Derived<Config>::Accumulators in_channel_order(const Accumulator (&lanes)[Config::kTo]) {
#pragma HLS inline
  typename Derived<Config>::Accumulators sums;
#pragma HLS array_partition variable=sums.value complete
order_lanes:
  for (int o = 0; o < Config::kTo; ++o) {
#pragma HLS unroll
    sums.value[Operator::channel(o)] = lanes[o];
  }
  return sums;
}

// Runs a layer on one array. A fold works on kTi / kFold input lanes; the last word of a pixel takes only as many folds
// as it has channels.
template <class Config, class Array>
void run_array(typename Derived<Config>::ColumnStream& columns, typename Derived<Config>::TileStream& tiles,
               typename Derived<Config>::AccumulatorStream (&sums)[Config::kTp], const Descriptor& d) {
  using Operator = typename Array::Operator;
  constexpr int kLanes = Config::kTi / Array::kFold;
  constexpr int kRows = Weights<Config, Operator>::kLanes;  // of a tile
  constexpr int kTileFolds = kRows / kLanes;
  static_assert(Config::kTi % Array::kFold == 0, "an array's fold must divide kTi");
  static_assert(Array::kFold % (Operator::kWeightBits / Derived<Config>::kWeightBits) == 0,
                "an array whose weights fill several tiles takes a whole number of folds for each");
  // As wide as this operator needs, which may be less than the stream carries for all of them.
  using Accumulator = int_t<Operator::accumulator_bits(Config::kReduction)>;
  Accumulator accumulators[Config::kTp][Config::kTo];
#pragma HLS array_partition variable=accumulators complete dim=0
  Features<Config> features;
#pragma HLS array_partition variable=features.x complete dim=0
  Weights<Config, Operator> weights;
#pragma HLS array_partition variable=weights.row complete
  typename Derived<Config>::WeightTile tile;
#pragma HLS array_partition variable=tile.beat complete
  const bool depthwise = Operator::kZeroAddsNothing && d.depthwise;
  LoopCounter counter(Loop::compute);
  Walk walk = Walk::source(d);
  GroupWords<Config> words;
  uint_t<8> tap = 0, row = 0;  // kernel position, and its row of a depthwise tile
  uint_t<8> fold = 0, tile_fold = 0;

compute_steps:
  while (!walk.done) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const bool tap_begins = words.word == 0 && fold == 0;
    if (fold == 0) features.unpack(columns.read(), d.ifm_unsigned);
    if (depthwise ? tap_begins && row == 0 : tile_fold == 0) tile = tiles.read();
    if (tile_fold == 0) {
      const int channel = words.channel() + int(fold) / kTileFolds * kRows;
      weights.unpack(depthwise ? spread_row<Config, Operator>(tile, row, channel) : tile, d.ifm_unsigned);
    }
    const bool first = tap == 0 && tap_begins;
    const bool fold_ends = fold + 1 == (words.pixel_ends(d) ? int(d.tail_folds) : int(Array::kFold));
    const bool tap_ends = fold_ends && words.group_ends(d);
    const bool output_ends = tap_ends && tap + 1 == d.taps;
  array_columns:
    for (int p = 0; p < Config::kTp; ++p) {
#pragma HLS unroll
      // The lanes add up in a tree of their own, so that only one addition lies between two iterations.
      typename Operator::template Sums<Config::kTo, kLanes> sum;
    input_lanes:
      for (int i = 0; i < kLanes; ++i) {
#pragma HLS unroll
        sum.take(i, weights.row[tile_fold * kLanes + i], features.x[p][fold * kLanes + i]);
      }
      if (first) {
      clear_lanes:
        for (int o = 0; o < Config::kTo; ++o) {
#pragma HLS unroll
          accumulators[p][o] = 0;
        }
      }
      sum.template accumulate<0>(accumulators[p]);
      if (output_ends) sums[p].write(in_channel_order<Config, Operator>(accumulators[p]));
    }
    if (fold_ends) words.next_word(d);
    if (tap_ends) {
      tap = output_ends ? 0 : int(tap) + 1;
      row = output_ends || row + 1 == kRows ? 0 : int(row) + 1;
    }
    if (output_ends) {
      const bool group_ends = walk.last_tile();
      if (group_ends) words.next_group(d, walk.last_group(d));
      walk.advance(d);
    }
    fold = fold_ends ? 0 : int(fold) + 1;
    tile_fold = fold_ends || tile_fold + 1 == kTileFolds ? 0 : int(tile_fold) + 1;
    counter.tick();
  }
}

// How an array of the list runs a layer; other kinds of arrays have their own.
template <class Config, class Array>
struct RunArray {
  static void run(typename Derived<Config>::ColumnStream& columns, typename Derived<Config>::TileStream& tiles,
                  typename Derived<Config>::AccumulatorStream (&sums)[Config::kTp], const Descriptor& d) {
#pragma HLS inline
    run_array<Config, Array>(columns, tiles, sums, d);
  }
};

// Picks the layer's array out of the list.
template <class Config, class List>
struct Dispatch;
template <class Config>
struct Dispatch<Config, Arrays<>> {
  static void run(typename Derived<Config>::ColumnStream&, typename Derived<Config>::TileStream&,
                  typename Derived<Config>::AccumulatorStream (&)[Config::kTp], const Descriptor&, int) {}
};
template <class Config, class First, class... Rest>
struct Dispatch<Config, Arrays<First, Rest...>> {
  static void run(typename Derived<Config>::ColumnStream& columns, typename Derived<Config>::TileStream& tiles,
                  typename Derived<Config>::AccumulatorStream (&sums)[Config::kTp], const Descriptor& d, int array) {
#pragma HLS inline
    if (array == 0) {
      RunArray<Config, First>::run(columns, tiles, sums, d);
    } else {
      Dispatch<Config, Arrays<Rest...>>::run(columns, tiles, sums, d, array - 1);
    }
  }
};

template <class Config>
void compute(typename Derived<Config>::ColumnStream& columns, typename Derived<Config>::TileStream& tiles,
             typename Derived<Config>::AccumulatorStream (&sums)[Config::kTp], Descriptor d) {
  Dispatch<Config, typename Config::ArrayList>::run(columns, tiles, sums, d, d.array);
}

}  // namespace sumtile

#endif
