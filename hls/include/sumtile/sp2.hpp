// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The operator Sp2: two shifts and an addition; see operators.hpp.
#ifndef SUMTILE_SP2_HPP
#define SUMTILE_SP2_HPP

#include "sumtile/sums.hpp"

namespace sumtile {

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
  static constexpr bool kZeroAddsNothing = true;  // zero is code 0, e1 = e2 = 0
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

}  // namespace sumtile

#endif
