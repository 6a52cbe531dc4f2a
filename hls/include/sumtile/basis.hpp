// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The basis array: kernels that are sums of a few basis kernels with coefficients -1, 0 and 1 (PENNI, ICML'20;
// ESCALATE, MICRO'21, section 3). It first adds up input channels and only then multiplies:
//
//   O_n = sum_m B_nm * (sum_c a_nmc I_c)      n outputs, m basis kernels, c input channels
//
//   tiles ---> deal --+--> dilute ---> concentrate (one for each of the kTo rows) ---> basis ---> sums
//   columns --------- | -----^                                                           ^
//                     +------------------------------------------------------------------+
//
// window gives every pixel that the kernels touch once, padding included. For each basis kernel, dilute sends the
// features that meet a coefficient to the row of their output; concentrate adds them, in as many cycles as they need;
// basis multiplies the row's sum with all taps of the basis kernel. So a row whose sums are short waits for none of
// the others until its stream is full.
#ifndef SUMTILE_BASIS_HPP
#define SUMTILE_BASIS_HPP

#include "sumtile/basis_taps.hpp"
#include "sumtile/compute.hpp"
#include "sumtile/concentrate.hpp"
#include "sumtile/gather.hpp"
#include "sumtile/sparse_map.hpp"

namespace sumtile {

// Types of the streams between the stages.
template <class Config, class Array>
struct BasisStreams {
  static constexpr int kTermBits = Config::kDataBits + 1;
  static constexpr int kSumBits = Array::Operator::channel_sum_bits(Config::kReduction);
  static_assert(Config::kTp == 1, "a basis array has one column lane");

  struct Vector {
    TermVector<kTermBits, Config::kTi> terms;
    bool sum_ends, layer_ends;
  };
  using Sum = int_t<kSumBits>;
  using VectorStream = hls::stream<Vector, 16>;
  using SumStream = hls::stream<Sum, 16>;
  using MaskStream = typename SparseMap<Config>::MaskStream;
  using SignStream = typename SparseMap<Config>::SignStream;
  using TapStream = hls::stream<BasisTaps<Config>, 16>;
};

// For each pixel of a group, its tiles of coefficients, which are a tile of signs before every mask_tiles tiles of
// marks, and then one tile of taps for each basis kernel.
template <class Config, class Array>
void deal(typename Derived<Config>::TileStream& tiles, typename BasisStreams<Config, Array>::MaskStream& masks,
          typename BasisStreams<Config, Array>::SignStream& signs,
          typename BasisStreams<Config, Array>::TapStream& taps, Descriptor d) {
  LoopCounter counter(Loop::deal);
  const uint_t<16> coefficient_tiles = int(d.group_tiles) - int(d.bases);
  Walk walk = Walk::source(d);
  uint_t<16> tile = 0, marked = 0;  // tile of the pixel, and of the marks that follow a tile of signs
deal_tiles:
  while (!walk.done) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const typename Derived<Config>::WeightTile word = tiles.read();
    if (tile >= coefficient_tiles) {
      taps.write(BasisTaps<Config>(word));
    } else if (marked == 0) {
      signs.write(word);
    } else {
      masks.write(word);
    }
    const bool pixel_ends = tile + 1 == d.group_tiles;
    tile = pixel_ends ? 0 : int(tile) + 1;
    marked = pixel_ends || marked == d.mask_tiles ? 0 : int(marked) + 1;
    if (pixel_ends) walk.advance(d);
    counter.tick();
  }
}

// The words of a pixel in a ring that all rows share. A word is read once for each basis kernel, by all rows at once,
// and its place is free again after the last one.
template <class Config, class Array>
void dilute(typename Derived<Config>::ColumnStream& columns, typename BasisStreams<Config, Array>::MaskStream& masks,
            typename BasisStreams<Config, Array>::SignStream& signs,
            typename BasisStreams<Config, Array>::VectorStream (&vectors)[Config::kTo], Descriptor d) {
  using S = BasisStreams<Config, Array>;
  constexpr int kLanes = Config::kTi;
  typename Derived<Config>::InputWord ring[Array::kRingWords];
#pragma HLS bind_storage variable=ring type=ram_s2p impl=lutram
  // A word is read when it is settled and its place written again after its last use, so never both in one iteration.
#pragma HLS dependence variable=ring type=inter direction=RAW distance=4 true
#pragma HLS dependence variable=ring type=intra false
  LoopCounter counter(Loop::dilute);
  Walk walk = Walk::source(d), load_walk = Walk::source(d);
  uint_t<16> loaded = 0, load_word = 0;  // words in the ring, and the word of the pixel that comes next
  uint_t<32> arrived = 0, first = 0;     // words since the layer began: those loaded, and the pixel's first one
  uint_t<16> load_slot = 0, first_slot = 0, slot = 0, word = 0;
  uint_t<4> base = 0;
  Settled<uint_t<32>> settled(0);
  SparseMap<Config> coefficients;

dilute_words:
  while (!walk.done) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const bool ready = first + word < settled.step(arrived);
    if (!load_walk.done && loaded < Array::kRingWords) {
      ring[load_slot] = columns.read().column[0];
      ++arrived;
      ++loaded;
      load_slot = load_slot + 1 == Array::kRingWords ? 0 : int(load_slot) + 1;
      const bool pixel_ends = load_word + 1 == d.ifm_tiles;
      load_word = pixel_ends ? 0 : int(load_word) + 1;
      if (pixel_ends) load_walk.advance(d);
    }
    if (ready) {
      coefficients.read_step(masks, signs);
      Term<S::kTermBits> term[kLanes];
#pragma HLS array_partition variable=term complete
      uint_t<kLanes> active = 0;
    read_lanes:
      for (int i = 0; i < kLanes; ++i) {
#pragma HLS unroll
        term[i].value = extend<Config::kDataBits>(get_lane<Config::kDataBits>(ring[slot], i), d.ifm_unsigned);
        if (term[i].value != 0) active = active | uint_t<kLanes>(uint_t<kLanes>(1) << i);
      }
      const bool sum_ends = word + 1 == d.ifm_tiles, pixel_ends = sum_ends && base + 1 == d.bases;
      const bool layer_ends = pixel_ends && walk.last_tile() && walk.last_group(d) && walk.last_stripe(d);
    dilute_rows:
      for (int o = 0; o < Config::kTo; ++o) {
#pragma HLS unroll
        typename S::Vector vector;
#pragma HLS array_partition variable=vector.terms.term complete
        const Gather<kLanes> gather(uint_t<kLanes>(coefficients.marks(o) & active));
        uint_t<1> sign[kLanes];
#pragma HLS array_partition variable=sign complete
        coefficients.take_signs(o, sign);
      sign_lanes:
        for (int i = 0; i < kLanes; ++i) {
#pragma HLS unroll
          vector.terms.term[i].value = term[i].value;
          vector.terms.term[i].sign = -lane_t<2>(sign[i]);
        }
        gather.apply(vector.terms.term);
        vector.terms.count = gather.count();
        vector.sum_ends = sum_ends;
        vector.layer_ends = layer_ends;
        vectors[o].write(vector);
      }
      coefficients.next_step(pixel_ends, d);
      if (base + 1 == d.bases) --loaded;
      const int next_slot = slot + 1 == Array::kRingWords ? 0 : int(slot) + 1;
      if (pixel_ends) {
        first += d.ifm_tiles;
        first_slot = next_slot;
        walk.advance(d);
      }
      slot = sum_ends && !pixel_ends ? int(first_slot) : next_slot;
      word = sum_ends ? 0 : int(word) + 1;
      if (sum_ends) base = pixel_ends ? 0 : int(base) + 1;
    }
    counter.tick();
  }
}

// One row: adds up the terms of a sum, which end with a vector.
template <class Config, class Array>
void concentrate(typename BasisStreams<Config, Array>::VectorStream& vectors,
                 typename BasisStreams<Config, Array>::SumStream& sums) {
  using S = BasisStreams<Config, Array>;
  using Terms = Concentrator<S::kTermBits, Config::kTi, Array::kAdders, Array::kLookAhead, Array::kLookAside>;
  LoopCounter counter(Loop::concentrate);
  Terms terms;
  typename S::Sum sum[1] = {0};
  bool complete = false, last = false, done = false, turned = false;

concentrate_terms:
  while (!done) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    if (!complete && terms.has_room()) {
      const typename S::Vector vector = vectors.read();
      terms.take(vector.terms, turned);
      turned = !turned;
      complete = vector.sum_ends;
      last = vector.layer_ends;
    }
    typename Terms::Sums step;
    terms.step(step);
    step.template accumulate<0>(sum);
    if (complete && terms.empty()) {
      sums.write(sum[0]);
      sum[0] = 0;
      done = last;
      complete = false, turned = false;
    }
    counter.tick();
  }
}

// Starts the row of output lane Row and those that follow it.
template <class Config, class Array, int Row>
struct ConcentrateRows {
  static void start(typename BasisStreams<Config, Array>::VectorStream (&vectors)[Config::kTo],
                    typename BasisStreams<Config, Array>::SumStream (&sums)[Config::kTo]) {
#pragma HLS inline
    SUMTILE_INNER_STAGE("concentrate", concentrate<Config, Array>(vectors[Row], sums[Row]));
    ConcentrateRows<Config, Array, Row + 1 == Config::kTo ? -1 : Row + 1>::start(vectors, sums);
  }
};
template <class Config, class Array>
struct ConcentrateRows<Config, Array, -1> {
  static void start(typename BasisStreams<Config, Array>::VectorStream (&)[Config::kTo],
                    typename BasisStreams<Config, Array>::SumStream (&)[Config::kTo]) {}
};

// compute for a layer of basis kernels.
template <class Config, int DataBits, int Adders, int LookAhead, int LookAside, int Columns>
struct RunArray<Config, BasisArray<DataBits, Adders, LookAhead, LookAside, Columns>> {
  using Array = BasisArray<DataBits, Adders, LookAhead, LookAside, Columns>;
  static void run(typename Derived<Config>::ColumnStream& columns, typename Derived<Config>::TileStream& tiles,
                  typename Derived<Config>::AccumulatorStream (&sums)[Config::kTp], Descriptor d) {
#pragma HLS inline off
#pragma HLS dataflow
    using S = BasisStreams<Config, Array>;
    typename S::MaskStream masks("masks");
    typename S::SignStream signs("signs");
    typename S::TapStream taps("taps");
    typename S::VectorStream vectors[Config::kTo];
    typename S::SumStream channel_sums[Config::kTo];

    SUMTILE_DATAFLOW(array);
    SUMTILE_STAGE(array, "deal", deal<Config, Array>(tiles, masks, signs, taps, d));
    SUMTILE_STAGE(array, "dilute", dilute<Config, Array>(columns, masks, signs, vectors, d));
    ConcentrateRows<Config, Array, 0>::start(vectors, channel_sums);
    SUMTILE_STAGE(array, "basis", basis<Config, Array>(channel_sums, taps, sums[0], d));
  }
};

}  // namespace sumtile

#endif
