// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The operators of the processing arrays. An operator says
//
//   kWeightBits               how wide a weight is in memory,
//   accumulator_bits(terms)   how wide a sum of so many terms is,
//   channel(lane)             which channel of the output word a lane makes,
//   Row<Lanes>                the weights between one input lane and Lanes output lanes, as the lanes take them:
//     unpack<First>(raw, ifm_unsigned)   takes them from raw[First] on, once for all output columns,
//     accumulate<First>(sum, x)          adds what they make of the feature x to sum[First] and the following.
//
// Everything else of the engine is shared. DataBits is the width of the features in memory; they come as operands
// with one bit more, so that signed and unsigned features share the lanes.
#ifndef SUMTILE_OPERATORS_HPP
#define SUMTILE_OPERATORS_HPP

#include "sumtile/types.hpp"

namespace sumtile {

// Raw memory bits to an operand with one bit more.
template <int Bits>
int_t<Bits + 1> extend(const uint_t<Bits>& raw, bool is_unsigned) {
#pragma HLS inline
  return is_unsigned ? int_t<Bits + 1>(raw) : int_t<Bits + 1>(as_signed<Bits>(raw));
}

// AdderNet (Chen et al., CVPR'20, section 3.1): minus the sum of absolute differences, no multiplication.
template <int DataBits>
struct Adder {
  static constexpr int kWeightBits = DataBits;
  // Features and weights share one format, so a difference has DataBits + 1 bits and its magnitude DataBits.
  static constexpr int accumulator_bits(unsigned long terms) { return DataBits + ceil_log2(terms) + 1; }
  static constexpr int channel(int lane) { return lane; }

  template <int Lanes>
  struct Row {
    int_t<DataBits + 1> weight[Lanes];

    Row() {
#pragma HLS array_partition variable=weight complete
    }

    template <int First, class RawWeights>
    void unpack(const RawWeights& raw, bool ifm_unsigned) {
#pragma HLS inline
    unpack_weights:
      for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
        weight[o] = extend<DataBits>(raw[First + o], ifm_unsigned);
      }
    }

    // -|d| = d for a negative difference and ~d + 1 otherwise: one inverter row whose carry goes into the sum, in
    // place of a second subtractor and a selector.
    template <int First, class Sums>
    void accumulate(Sums& sum, const int_t<DataBits + 1>& x) const {
#pragma HLS inline
    adder_lanes:
      for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
        const int_t<DataBits + 2> difference = x - weight[o];
        const bool positive = difference >= 0;
        const int_t<DataBits + 2> folded = positive ? int_t<DataBits + 2>(~difference) : difference;
        sum[First + o] += folded + int_t<2>(positive);
      }
    }
  };
};

// Two products that share an operand, in one multiplier of a DSP48: (high * 2^k + low) * x is both at once, where k
// bits hold a product with its sign. The lower k bits are the first product; a negative one has borrowed from the upper
// half, and taking it away gives back what it borrowed (the packing of Xilinx WP486, with an exact correction).
template <int DataBits, int WeightBits>
struct PackedProducts {
  // Features reach 2^DataBits - 1 in magnitude (unsigned), weights 2^(WeightBits - 1).
  static constexpr int kProductBits = DataBits + WeightBits;
  static constexpr int kPairBits = kProductBits + WeightBits + 1;
  // The wider port of a DSP48 has 25 bits (27 on UltraScale+). Both products also stay within the 32 bits that a PC
  // multiplies at once, which leaves out 4-bit weights for 16-bit features.
  static constexpr bool kFit = kPairBits <= 25 && 2 * kProductBits <= 32;

  using Pair = int_t<kPairBits>;
  int_t<kProductBits> low, high;

  static Pair pack(const int_t<WeightBits>& low, const int_t<WeightBits>& high) {
#pragma HLS inline
    return (Pair(high) << kProductBits) + low;
  }

  PackedProducts(const Pair& pair, const int_t<DataBits + 1>& x) {
#pragma HLS inline
    const int_t<2 * kProductBits> both = pair * x;
#pragma HLS bind_op variable=both op=mul impl=dsp
    low = as_signed<kProductBits>(uint_t<kProductBits>(both));
    high = int_t<2 * kProductBits>(both - low) >> kProductBits;
  }
};

// Fixed-point multiply-accumulate. Where two products fit one multiplier, two output lanes share it.
template <int DataBits, int WeightBits>
struct Mac {
  using Packed = PackedProducts<DataBits, WeightBits>;
  static constexpr int kWeightBits = WeightBits;
  static constexpr int accumulator_bits(unsigned long terms) { return Packed::kProductBits + ceil_log2(terms); }
  static constexpr int channel(int lane) { return lane; }

  template <int Lanes>
  struct Row {
    // Lane o shares its multiplier with lane o + kPairs; what is left over has one of its own.
    static constexpr int kPairs = Packed::kFit ? Lanes / 2 : 0;
    static constexpr int kSingles = Lanes - 2 * kPairs;
    typename Packed::Pair pair[kPairs + 1];  // one more, since no array is empty
    lane_t<WeightBits> single[kSingles + 1];

    Row() {
#pragma HLS array_partition variable=pair complete
#pragma HLS array_partition variable=single complete
    }

    template <int First, class RawWeights>
    void unpack(const RawWeights& raw, bool) {
#pragma HLS inline
    unpack_pairs:
      for (int o = 0; o < kPairs; ++o) {
#pragma HLS unroll
        pair[o] = Packed::pack(as_signed<WeightBits>(raw[First + o]), as_signed<WeightBits>(raw[First + kPairs + o]));
      }
    unpack_singles:
      for (int o = 0; o < kSingles; ++o) {
#pragma HLS unroll
        single[o] = as_signed<WeightBits>(raw[First + 2 * kPairs + o]);
      }
    }

    template <int First, class Sums>
    void accumulate(Sums& sum, const int_t<DataBits + 1>& x) const {
#pragma HLS inline
    packed_lanes:
      for (int o = 0; o < kPairs; ++o) {
#pragma HLS unroll
        const Packed products(pair[o], x);
        sum[First + o] += products.low;
        sum[First + kPairs + o] += products.high;
      }
    single_lanes:
      for (int o = 0; o < kSingles; ++o) {
#pragma HLS unroll
        sum[First + 2 * kPairs + o] += x * single[o];
      }
    }
  };
};

// Weights that are a sum of two powers of two (SP2 of Mix and Match, HPCA'21, arXiv 2012.04240): two shifts and one
// addition. A code is sign | e1 | e2. An exponent e stands for 2^-e, and 0 for zero; a unit of the sums is 2^-kUnit,
// so that all shifts go to the left.
template <int DataBits, int WeightBits>
struct Sp2 {
  static_assert(WeightBits >= 3, "an SP2 weight has a sign and at least one bit for each of its two exponents");
  static constexpr int kWeightBits = WeightBits;
  static constexpr int kBits2 = (WeightBits - 1) / 2, kBits1 = WeightBits - 1 - kBits2;
  static constexpr int kMax1 = (1 << kBits1) - 1, kMax2 = (1 << kBits2) - 1;
  static constexpr int kUnit = kMax1;
  // A weight reaches 2^-1 + 2^-1, which is 2^kUnit units.
  static constexpr int kProductBits = DataBits + kUnit + 1;
  static constexpr int accumulator_bits(unsigned long terms) { return kProductBits + ceil_log2(terms); }
  static constexpr int channel(int lane) { return lane; }

  using Product = int_t<kProductBits>;

  // One of the copies of x that are shifted by constants, or zero: a multiplexer, as gates that lanes of a PC share.
  template <int MaxExponent>
  static Product shifted(const int_t<DataBits + 1>& x, const lane_t<WeightBits>& exponent) {
#pragma HLS inline
    Product term = 0;
  shifted_copies:
    for (int e = 1; e <= MaxExponent; ++e) {
#pragma HLS unroll
      const Product copy = Product(x) << (kUnit - e), gate = -int_t<2>(exponent == e);
      term |= copy & gate;
    }
    return term;
  }

  template <int Lanes>
  struct Row {
    lane_t<WeightBits> code[Lanes];

    Row() {
#pragma HLS array_partition variable=code complete
    }

    template <int First, class RawWeights>
    void unpack(const RawWeights& raw, bool) {
#pragma HLS inline
    unpack_codes:
      for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
        code[o] = as_signed<WeightBits>(raw[First + o]);
      }
    }

    // The sign inverts the product's bits, and its carry goes into the sum, as in the adder lanes.
    template <int First, class Sums>
    void accumulate(Sums& sum, const int_t<DataBits + 1>& x) const {
#pragma HLS inline
    shift_lanes:
      for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
        const lane_t<WeightBits> exponent1 = code[o] >> kBits2 & kMax1, exponent2 = code[o] & kMax2;
        const Product product = shifted<kMax1>(x, exponent1) + shifted<kMax2>(x, exponent2);
        const bool negative = code[o] < 0;
        const Product folded = negative ? Product(~product) : product;
        sum[First + o] += folded + int_t<2>(negative);
      }
    }
  };
};

// Rows of two kinds side by side (the two cores of Mix and Match, HPCA'21, arXiv 2012.04240): the first FixedLanes of
// AllLanes output lanes multiply, the others shift and add. The channels that multiply are spread evenly over the
// output word, so that every part of it has both kinds in their ratio: channel c multiplies where floor((c + 1) *
// FixedLanes / AllLanes) steps up.
template <class Fixed, class Shift, int FixedLanes, int AllLanes>
struct Mixed {
  static_assert(Fixed::kWeightBits == Shift::kWeightBits, "both kinds of lanes read weights of one width");
  static_assert(0 < FixedLanes && FixedLanes < AllLanes, "mixed lanes need at least one lane of each kind");
  static constexpr int kWeightBits = Fixed::kWeightBits;
  static constexpr int kShiftLanes = AllLanes - FixedLanes;
  static constexpr int accumulator_bits(unsigned long terms) {
    return larger(Fixed::accumulator_bits(terms), Shift::accumulator_bits(terms));
  }
  static constexpr int channel(int lane) {
    return lane < FixedLanes ? ((lane + 1) * AllLanes + FixedLanes - 1) / FixedLanes - 1
                             : (lane - FixedLanes) * AllLanes / kShiftLanes;
  }

  template <int Lanes>
  struct Row {
    static_assert(Lanes == AllLanes, "a mixed array has the output lanes that its ratio was given for");
    typename Fixed::template Row<FixedLanes> fixed;
    typename Shift::template Row<kShiftLanes> shift;

    template <int First, class RawWeights>
    void unpack(const RawWeights& raw, bool ifm_unsigned) {
#pragma HLS inline
      fixed.template unpack<First>(raw, ifm_unsigned);
      shift.template unpack<First + FixedLanes>(raw, ifm_unsigned);
    }

    template <int First, class Sums, class Operand>
    void accumulate(Sums& sum, const Operand& x) const {
#pragma HLS inline
      fixed.template accumulate<First>(sum, x);
      shift.template accumulate<First + FixedLanes>(sum, x);
    }
  };
};

}  // namespace sumtile

#endif
