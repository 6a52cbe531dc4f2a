// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The operators of the processing arrays. An operator says
//
//   kWeightBits               how wide a weight is in memory,
//   accumulator_bits(terms)   how wide a sum of so many terms is,
//   channel(lane)             which channel of the output word a lane makes,
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

#include <type_traits>

#include "sumtile/types.hpp"

namespace sumtile {

// Raw memory bits to an operand with one bit more.
template <int Bits>
int_t<Bits + 1> extend(const uint_t<Bits>& raw, bool is_unsigned) {
#pragma HLS inline
  return is_unsigned ? int_t<Bits + 1>(raw) : int_t<Bits + 1>(as_signed<Bits>(raw));
}

// Sums of terms that are numbers.
template <int Bits, int Lanes>
struct PlainSums {
  int_t<Bits> value[Lanes];

  PlainSums() {
#pragma HLS array_partition variable=value complete
  clear_lanes:
    for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
      value[o] = 0;
    }
  }

  template <class Row, class Operand>
  void take(int, const Row& row, const Operand& x) {
#pragma HLS inline
    row.add_products(x, value);
  }

  template <int First, class Accumulators>
  void accumulate(Accumulators& accumulator) const {
#pragma HLS inline
  accumulate_lanes:
    for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
      accumulator[First + o] += value[o];
    }
  }
};

// Sums of terms with a sign of their own. A node of their adder tree adds where two signs agree and subtracts where
// they differ, on one carry chain (the second term inverted, and a carry in), and keeps the first sign; only the
// accumulator applies the last one. So a sign costs nothing in its lane. It is all ones where its term counts
// negatively.
template <int Bits, int Lanes, int Inputs>
struct SignedSums {
  lane_t<Bits> value[Inputs][Lanes];
  lane_t<1> sign[Inputs][Lanes];

  SignedSums() {
#pragma HLS array_partition variable=value complete dim=0
#pragma HLS array_partition variable=sign complete dim=0
  }

  template <class Row, class Operand>
  void take(int input, const Row& row, const Operand& x) {
#pragma HLS inline
    row.make_terms(x, value[input], sign[input]);
  }

  template <int First, class Accumulators>
  void accumulate(Accumulators& accumulator) {
#pragma HLS inline
    add_levels<1>();
  accumulate_lanes:
    for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
      accumulator[First + o] =
          accumulator[First + o] + lane_t<Bits>(value[0][o] ^ sign[0][o]) + lane_t<2>(sign[0][o] & 1);
    }
  }

 private:
  // The level of the tree whose nodes join inputs at this distance, and those above; all loop bounds are constants.
  template <int Distance>
  std::enable_if_t<(Distance < Inputs)> add_levels() {
#pragma HLS inline
  tree_nodes:
    for (int i = 0; i + Distance < Inputs; i += 2 * Distance) {
#pragma HLS unroll
      add(i, i + Distance);
    }
    add_levels<2 * Distance>();
  }
  template <int Distance>
  std::enable_if_t<(Distance >= Inputs)> add_levels() {}

  void add(int first, int second) {
#pragma HLS inline
  add_lanes:
    for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
      const lane_t<1> differ = sign[first][o] ^ sign[second][o];
      value[first][o] = value[first][o] + lane_t<Bits>(value[second][o] ^ differ) + lane_t<2>(differ & 1);
    }
  }
};

// AdderNet (Chen et al., CVPR'20, section 3.1): minus the sum of absolute differences, no multiplication.
template <int DataBits>
struct Adder {
  static constexpr int kWeightBits = DataBits;
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

// Fixed-point multiply-accumulate. Where two products fit one multiplier, two output lanes share it.
template <int DataBits, int WeightBits>
struct Mac {
  static_assert(WeightBits <= DataBits, "a weight must not be wider than a feature");
  using Packed = PackedProducts<DataBits, WeightBits>;
  static constexpr int kWeightBits = WeightBits;
  static constexpr int accumulator_bits(unsigned long terms) { return Packed::kProductBits + ceil_log2(terms); }
  static constexpr int channel(int lane) { return lane; }

  template <int Lanes, int Inputs>
  using Sums = PlainSums<Packed::kProductBits + ceil_log2(Inputs), Lanes>;

  template <int Lanes>
  struct Row {
    // Lane o shares its multiplier with lane o + kPairs; what is left over has one of its own.
    static constexpr int kPairs = Packed::kFit ? Lanes / 2 : 0;
    static constexpr int kSingles = Lanes - 2 * kPairs;
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
        value[2 * kPairs + o] += x * single[o];
      }
    }
  };
};

// The code of a weight that is a sum of two powers of two (SP2 of Mix and Match, HPCA'21, arXiv 2012.04240): sign | e1
// | e2. An exponent e stands for 2^-e, and 0 for zero; a unit of the products is 2^-kUnit, so that all shifts go left.
template <int DataBits, int WeightBits>
struct Sp2Code {
  static_assert(WeightBits >= 3, "an SP2 weight has a sign and at least one bit for each of its two exponents");
  static constexpr int kBits2 = (WeightBits - 1) / 2, kBits1 = WeightBits - 1 - kBits2;
  static constexpr int kMax1 = (1 << kBits1) - 1, kMax2 = (1 << kBits2) - 1;
  static constexpr int kUnit = kMax1;
  // A weight reaches 2^-1 + 2^-1, which is 2^kUnit units.
  static constexpr int kProductBits = DataBits + kUnit + 1;

  using Code = lane_t<WeightBits>;
  using Product = lane_t<kProductBits>;
  static Code exponent1(const Code& code) { return code >> kBits2 & kMax1; }
  static Code exponent2(const Code& code) { return code & kMax2; }
  static lane_t<1> sign(const Code& code) { return code < 0 ? -1 : 0; }

  // A multiplexer, as gates: the form that becomes vectors on a PC.
  template <int Count>
  static Product select(const Product (&choice)[Count], const Code& index) {
#pragma HLS inline
    Product chosen = 0;
  select_gates:
    for (int i = 0; i < Count; ++i) {
#pragma HLS unroll
      const Product gate = -int_t<2>(index == i);
      chosen |= choice[i] & gate;
    }
    return chosen;
  }
};

// The products of one feature with all codes: two shifts and an addition. The shifts are wires, and a lane picks of
// them.
template <int DataBits, int WeightBits>
struct Sp2Products {
  using Format = Sp2Code<DataBits, WeightBits>;
  using Product = typename Format::Product;
  Product first[Format::kMax1 + 1], second[Format::kMax2 + 1];  // by exponent

  explicit Sp2Products(const int_t<DataBits + 1>& x) {
#pragma HLS inline
#pragma HLS array_partition variable=first complete
#pragma HLS array_partition variable=second complete
    first[0] = second[0] = 0;
  first_shifts:
    for (int e = 1; e <= Format::kMax1; ++e) {
#pragma HLS unroll
      first[e] = Product(x) << (Format::kUnit - e);
    }
  second_shifts:
    for (int e = 1; e <= Format::kMax2; ++e) {
#pragma HLS unroll
      second[e] = first[e];
    }
  }

  Product value(const typename Format::Code& code) const {
#pragma HLS inline
    return Format::select(first, Format::exponent1(code)) + Format::select(second, Format::exponent2(code));
  }

  lane_t<1> sign(const typename Format::Code& code) const { return Format::sign(code); }
};

// With 4 bits the second term is 4 or nothing, and the product with the first, q1, is written from 2 in the middle:
// 4 + q1 = 2 + (2 + q1), and q1 = -(2 - (2 + q1)). So a lane picks one of four multiples, (2 + q1) x, and adds it to 2x
// or subtracts it; no term is gated. The multiples are kept as 2x ^ multiple, the first of which is zero: then a bit of
// the carry chain depends on six signals, the inputs of one LUT.
template <int DataBits>
struct Sp2Products<DataBits, 4> {
  using Format = Sp2Code<DataBits, 4>;
  using Product = typename Format::Product;
  Product twice, folded[4];  // by the first exponent

  explicit Sp2Products(const int_t<DataBits + 1>& x) {
#pragma HLS inline
#pragma HLS array_partition variable=folded complete
    const Product once = x;
    twice = once << 1;
    folded[0] = 0;
    folded[1] = twice ^ Product(twice + (once << 2));
    folded[2] = twice ^ Product(once << 2);
    folded[3] = twice ^ Product(twice + once);
  }

  Product value(const typename Format::Code& code) const {
#pragma HLS inline
    const lane_t<1> subtract = subtracted(code);
    const Product multiple = twice ^ Format::select(folded, Format::exponent1(code));
    return twice + Product(multiple ^ subtract) + lane_t<2>(subtract & 1);
  }

  lane_t<1> sign(const typename Format::Code& code) const { return Format::sign(code) ^ subtracted(code); }

 private:
  static lane_t<1> subtracted(const typename Format::Code& code) { return Format::exponent2(code) == 0 ? -1 : 0; }
};

// Weights that are sums of two powers of two: no multiplication.
template <int DataBits, int WeightBits>
struct Sp2 {
  using Format = Sp2Code<DataBits, WeightBits>;
  static constexpr int kWeightBits = WeightBits;
  static constexpr int accumulator_bits(unsigned long terms) { return Format::kProductBits + ceil_log2(terms); }
  static constexpr int channel(int lane) { return lane; }

  template <int Lanes, int Inputs>
  using Sums = SignedSums<Format::kProductBits + ceil_log2(Inputs), Lanes, Inputs>;

  template <int Lanes>
  struct Row {
    typename Format::Code code[Lanes];

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

    template <class Values, class Signs>
    void make_terms(const int_t<DataBits + 1>& x, Values& value, Signs& sign) const {
#pragma HLS inline
      const Sp2Products<DataBits, WeightBits> products(x);
    shift_lanes:
      for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
        value[o] = products.value(code[o]);
        sign[o] = products.sign(code[o]);
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
