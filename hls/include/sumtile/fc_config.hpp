// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Types and sizes that the fully connected engine derives from its configuration, a struct of constants that is
// generated from the overlay's JSON file (sumtile_config.hpp).
#ifndef SUMTILE_FC_CONFIG_HPP
#define SUMTILE_FC_CONFIG_HPP

#include "sumtile/fc_descriptor.hpp"
#include "sumtile/ports.hpp"

namespace sumtile {

// The widths of weights that an engine takes, falling; a layer picks one by its index.
template <int... Bits>
struct WeightWidths;
template <int Last>
struct WeightWidths<Last> {
  static constexpr int kWidest = Last, kNarrowest = Last;
};
template <int First, int... Rest>
struct WeightWidths<First, Rest...> {
  static constexpr int kWidest = First, kNarrowest = WeightWidths<Rest...>::kNarrowest;
  static_assert(First > WeightWidths<Rest...>::kWidest, "widths of weights must fall");
};

template <class Config>
struct FcDerived : Ports<Config> {
  using typename Ports<Config>::BeatData;
  using typename Ports<Config>::WeightRow;
  using Ports<Config>::kStreamBits;
  using Ports<Config>::kRowBits;
  static constexpr int kDataBits = Config::kDataBits, kMidBits = 2 * kDataBits;
  static constexpr int kWeightBits = Config::Widths::kWidest;
  // A row of the narrowest weights feeds all lanes; wider ones leave the last lanes idle.
  static constexpr int kLanes = kRowBits / Config::Widths::kNarrowest;
  static constexpr int kProductBits = kDataBits + kWeightBits;
  static constexpr int kAccumulatorBits = kProductBits + ceil_log2(Config::kInputs);
  static constexpr int kBeatValues = kStreamBits / kDataBits;
  // A word holds a value for each lane. Each of its beats has a memory of its own.
  static constexpr int kWordBeats = kLanes * kDataBits / kStreamBits;
  static constexpr int kInputWords = Config::kInputs / kLanes, kMiddleWords = Config::kMiddle / kLanes;
  static constexpr int kRecordBits = 64, kRowRecords = kRowBits / kRecordBits;

  static_assert(kDataBits == 8 || kDataBits == 16, "vectors have 8 or 16 bits");
  static_assert(kWeightBits <= kDataBits, "a weight must not be wider than a value");
  static_assert(kRowBits % kRecordBits == 0, "a row of the weights must hold whole records of parameters");
  static_assert(Config::kInputs % kLanes == 0, "kInputs must be a multiple of the lanes");
  static_assert(Config::kMiddle % kLanes == 0, "kMiddle must be a multiple of the lanes");
  static_assert(Config::kMiddle <= Config::kInputs, "sums are sized for kInputs terms");
  static_assert(kAccumulatorBits <= 48, "a sum must fit the 48 bits that the requantization is sized for");
  static_assert(kLanes * kDataBits <= 4096, "the values of all lanes must fit a word of 4096 bits");

  using Accumulator = int_t<kAccumulatorBits>;
  using Mid = int_t<kMidBits>;
  using Raw = uint_t<kDataBits>;

  // A beat of the result of each image.
  struct ResultBeats {
    BeatData image[Config::kBatch];
  };

  using BeatStream = hls::stream<BeatData, 512>;
  using RowStream = hls::stream<WeightRow, 512 / Config::kWeightStreams>;
  using ResultStream = hls::stream<ResultBeats, 32>;
};

}  // namespace sumtile

#endif
