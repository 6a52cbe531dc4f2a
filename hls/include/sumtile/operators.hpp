// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The operators of the processing arrays. An operator says
//
//   kWeightBits               how wide a weight is in memory,
//   accumulator_bits(terms)   how wide a sum of so many terms is,
//   channel(lane)             which channel of the output word a lane makes,
//   kZeroAddsNothing          a weight of zero leaves a sum as it is, so that an array can run depthwise layers,
//   Row<Lanes>                the weights between one input lane and Lanes output lanes, as the lanes take them;
//     unpack<First>(raw, ifm_unsigned)   takes them from raw[First] on, once for all output columns,
//   Sums<Lanes, Inputs>       what Inputs input lanes add up to in each of Lanes output lanes:
//     take(i, row, x)                    the i-th of them, a row of weights and a feature,
//     accumulate<First>(accumulator)     adds all of them to accumulator[First] and the following.
//
// Everything else of the engine is shared. DataBits is the width of the features in memory; they come as operands
// with one bit more, so that signed and unsigned features share the lanes.
#ifndef SUMTILE_OPERATORS_HPP
#define SUMTILE_OPERATORS_HPP

#include "sumtile/sp2.hpp"
#include "sumtile/sums.hpp"

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
  static constexpr bool kZeroAddsNothing = false;  // |x - 0| is |x|
  // Features and weights share one format, so a difference has DataBits + 1 bits and its magnitude DataBits.
  static constexpr int accumulator_bits(unsigned long terms) { return DataBits + ceil_log2(terms) + 1; }
  static constexpr int channel(int lane) { return lane; }

  template <int Lanes, int Inputs>
  using Sums = SignedSums<DataBits + 1 + ceil_log2(Inputs), Lanes, Inputs>;

  template <int Lanes>
  struct Row {
    lane_t<DataBits + 1> weight[Lanes];

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

    // -|d| is d, subtracted where it is positive.
    template <class Values, class Signs>
    void make_terms(const int_t<DataBits + 1>& x, Values& value, Signs& sign) const {
#pragma HLS inline
    adder_lanes:
      for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
        const lane_t<DataBits + 1> difference = x - weight[o];
        value[o] = difference;
        sign[o] = difference < 0 ? 0 : -1;
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

// Fixed-point multiply-accumulate. Where two products fit one multiplier, two output lanes share it. Where they do not,
// the last LogicLanes output lanes multiply in LUTs, so that an array can have more lanes than the device has DSPs.
template <int DataBits, int WeightBits, int LogicLanes = 0>
struct Mac {
  static_assert(WeightBits <= DataBits, "a weight must not be wider than a feature");
  using Packed = PackedProducts<DataBits, WeightBits>;
  static_assert(LogicLanes == 0 || !Packed::kFit, "lanes in logic are for products that do not share a multiplier");
  static constexpr int kWeightBits = WeightBits;
  static constexpr bool kZeroAddsNothing = true;
  static constexpr int accumulator_bits(unsigned long terms) { return Packed::kProductBits + ceil_log2(terms); }
  static constexpr int channel(int lane) { return lane; }

  template <int Lanes, int Inputs>
  using Sums = PlainSums<Packed::kProductBits + ceil_log2(Inputs), Lanes>;

  template <int Lanes>
  struct Row {
    // Lane o shares its multiplier with lane o + kPairs; what is left over has one of its own.
    static constexpr int kPairs = Packed::kFit ? Lanes / 2 : 0;
    static constexpr int kSingles = Lanes - 2 * kPairs;
    static_assert(LogicLanes <= Lanes, "an array must have at least the lanes that multiply in logic");
    typename Packed::Pair pair[kPairs + 1];    // one more, since no array is empty
    int_t<DataBits + 1> single[kSingles + 1];  // as wide as a feature, which suits the lanes of a PC

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

    template <class Values>
    void add_products(const int_t<DataBits + 1>& x, Values& value) const {
#pragma HLS inline
    packed_lanes:
      for (int o = 0; o < kPairs; ++o) {
#pragma HLS unroll
        const Packed products(pair[o], x);
        value[o] += products.low;
        value[kPairs + o] += products.high;
      }
    single_lanes:
      for (int o = 0; o < kSingles; ++o) {
#pragma HLS unroll
        const bool logic = o >= kSingles - LogicLanes;  // a constant once the loop is unrolled
        value[2 * kPairs + o] += logic ? product_in_logic(x, single[o]) : product_t(x * single[o]);
      }
    }

   private:
    using product_t = int_t<Packed::kProductBits>;

    static product_t product_in_logic(const int_t<DataBits + 1>& x, const int_t<DataBits + 1>& weight) {
#pragma HLS inline
      const product_t product = x * weight;
#pragma HLS bind_op variable=product op=mul impl=fabric
      return product;
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
  static constexpr bool kZeroAddsNothing = Fixed::kZeroAddsNothing && Shift::kZeroAddsNothing;
  static constexpr int kShiftLanes = AllLanes - FixedLanes;
  static constexpr int accumulator_bits(unsigned long terms) {
    return larger(Fixed::accumulator_bits(terms), Shift::accumulator_bits(terms));
  }
  static constexpr int channel(int lane) {
    return lane < FixedLanes ? ((lane + 1) * AllLanes + FixedLanes - 1) / FixedLanes - 1
                             : (lane - FixedLanes) * AllLanes / kShiftLanes;
  }

  template <int Lanes, int Inputs>
  struct Sums {
    typename Fixed::template Sums<FixedLanes, Inputs> fixed;
    typename Shift::template Sums<kShiftLanes, Inputs> shift;

    template <class Row, class Operand>
    void take(int input, const Row& row, const Operand& x) {
#pragma HLS inline
      fixed.take(input, row.fixed, x);
      shift.take(input, row.shift, x);
    }

    template <int First, class Accumulators>
    void accumulate(Accumulators& accumulator) {
#pragma HLS inline
      fixed.template accumulate<First>(accumulator);
      shift.template accumulate<First + FixedLanes>(accumulator);
    }
  };

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
  };
};

}  // namespace sumtile

#endif
