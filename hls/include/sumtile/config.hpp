// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Types and sizes that an engine derives from its configuration. A configuration is a struct of constants; the one
// of the design is generated from the overlay's JSON file (sumtile_config.hpp).
#ifndef SUMTILE_CONFIG_HPP
#define SUMTILE_CONFIG_HPP

#include "sumtile/descriptor.hpp"
#include "sumtile/operators.hpp"
#include "sumtile/ports.hpp"

namespace sumtile {

// A processing array: its operator, and the cycles it spends on one step. It has kTi / Fold input lanes.
template <class OperatorType, int FoldFactor>
struct Array {
  using Operator = OperatorType;
  static constexpr int kFold = FoldFactor;
};

// An array for basis kernels; see basis.hpp. For each output, Adders lanes add up channels, with a
// window of LookAhead rows and LookAside lanes; a row of outputs has up to Columns.
template <int DataBits, int Adders, int LookAhead, int LookAside, int Columns>
struct BasisArray {
  static constexpr int kFold = 1;
  static constexpr int kAdders = Adders, kLookAhead = LookAhead, kLookAside = LookAside, kColumns = Columns;
  static constexpr int kRingWords = 64;

  struct Operator {
    static constexpr int kWeightBits = 8;  // of a tap
    // A term is a feature times a coefficient times a tap.
    static constexpr int accumulator_bits(unsigned long terms) { return DataBits + kWeightBits + ceil_log2(terms); }
    static constexpr int channel_sum_bits(unsigned long terms) { return DataBits + 1 + ceil_log2(terms); }
  };
};

// The arrays of an engine; a layer picks one by its index.
template <class... List>
struct Arrays {};

template <class ArrayList>
struct WidestAccumulator;
template <>
struct WidestAccumulator<Arrays<>> {
  static constexpr int bits(unsigned long) { return 0; }
};
template <class First, class... Rest>
struct WidestAccumulator<Arrays<First, Rest...>> {
  static constexpr int bits(unsigned long terms) {
    return larger(First::Operator::accumulator_bits(terms), WidestAccumulator<Arrays<Rest...>>::bits(terms));
  }
};

template <class ArrayList>
struct NarrowestWeight;
template <class Last>
struct NarrowestWeight<Arrays<Last>> {
  static constexpr int kBits = Last::Operator::kWeightBits;
};
template <class First, class... Rest>
struct NarrowestWeight<Arrays<First, Rest...>> {
  static constexpr int kBits = smaller(First::Operator::kWeightBits, NarrowestWeight<Arrays<Rest...>>::kBits);
};

template <class Config>
struct Derived : Ports<Config> {
  static constexpr int kDataBits = Config::kDataBits;
  static constexpr int kMidBits = 2 * kDataBits;
  static constexpr int kAccumulatorBits = WidestAccumulator<typename Config::ArrayList>::bits(Config::kReduction);
  // Weights are packed in tiles as the array with the narrowest of them takes them; wider ones take several tiles.
  static constexpr int kWeightBits = NarrowestWeight<typename Config::ArrayList>::kBits;
  // A mid value times a slope of 15 bits, or a residual shifted by up to kMidBits; one more bit for their sum.
  static constexpr int kSumBits = 2 * kMidBits;
  static constexpr int kTi = Config::kTi, kTo = Config::kTo, kTp = Config::kTp;
  using Ports<Config>::kStreamBits;
  using Ports<Config>::kWeightStreams;
  using Ports<Config>::kRowBits;
  static constexpr int kInputWordBeats = kTi * kDataBits / kStreamBits;
  static constexpr int kOutputWordBeats = kTo * kDataBits / kStreamBits;
  static constexpr int kTileBeats = kTi * kTo * kWeightBits / kStreamBits;
  static constexpr int kTileRows = kTileBeats / kWeightStreams;
  static constexpr int kBeatChannels = kStreamBits / kDataBits;
  static constexpr int kParameterBits = 64;

  static_assert(kDataBits == 8 || kDataBits == 16, "features have 8 or 16 bits");
  static_assert(kTi * kDataBits % kStreamBits == 0, "a word of kTi channels must fill whole beats of the stream");
  static_assert(kTo * kDataBits % kStreamBits == 0, "a word of kTo channels must fill whole beats of the stream");
  static_assert(kTi * kTo * kWeightBits % kRowBits == 0,
                "a tile of weights must fill whole beats of all their streams");
  static_assert(kTo * kParameterBits % kRowBits == 0,
                "a group's requantization parameters must fill whole beats of all weight streams");
  static_assert(kAccumulatorBits <= 48, "an accumulator must fit the 48 bits that the requantization is sized for");
  static_assert(kTi * kTo * kWeightBits <= 4096, "a tile of weights must fit a stream of 4096 bits");
  static_assert(kTp * kTi * kDataBits <= 4096, "the features of one step must fit a stream of 4096 bits");
  static_assert(kTo * kAccumulatorBits <= 4096, "the accumulators of one column must fit a stream of 4096 bits");
  static_assert(kTo * kMidBits <= 4096, "the mid values of one column must fit a stream of 4096 bits");
  static_assert(Config::kChannels % kTo == 0, "kChannels must be a multiple of kTo: parameters are stored by groups");

  using Operand = int_t<kDataBits + 1>;
  using Accumulator = int_t<kAccumulatorBits>;
  using Mid = int_t<kMidBits>;
  using Sum = int_t<kSumBits>;
  using Raw = uint_t<kDataBits>;

  using typename Ports<Config>::BeatData;
  using typename Ports<Config>::WeightRow;
  using InputWord = word_t<kTi * kDataBits>;

  // Features of one step: kTp output columns by kTi channels.
  struct Columns {
    InputWord column[kTp];
  };
  // kTi input lanes by kTo output lanes of the narrowest weights.
  struct WeightTile {
    BeatData beat[kTileBeats];
  };
  // The sums of one output column.
  struct Accumulators {
    Accumulator value[kTo];
  };
  struct MidWord {
    Mid value[kTo];
  };
  // A beat of the result before it is sent.
  struct MarkedBeat {
    BeatData data;
    bool last;
  };

  // A FIFO of up to 32 words takes one shift-register LUT a bit whatever its depth; those of 512 take block RAM.
  using BeatStream = hls::stream<BeatData, 512>;
  using RowStream = hls::stream<WeightRow, 512 / kWeightStreams>;
  using ParameterStream = hls::stream<WeightRow, 8>;
  using ColumnStream = hls::stream<Columns, 16>;
  using TileStream = hls::stream<WeightTile, 16>;
  using AccumulatorStream = hls::stream<Accumulators, 8>;
  using MidStream = hls::stream<MidWord, 32>;
  using OutputStream = hls::stream<BeatData, 32>;
  using MarkedStream = hls::stream<MarkedBeat, 32>;
};

// Beats of one pixel of the output map in memory.
template <class Config>
uint_t<20> pixel_beats(const Descriptor& d) {
#pragma HLS inline
  return uint_t<20>(d.ofm_tiles) * Derived<Config>::kInputWordBeats;
}

}  // namespace sumtile

#endif
