// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// An operator of the engine behind a C function: the sums of an array without its streams.
#include "sumtile/operators.hpp"

// Adds `steps` steps of TEST_INPUTS features and TEST_INPUTS x TEST_OUTPUTS weights, all as raw memory bits.
extern "C" __attribute__((visibility("default"))) void accumulate(const unsigned* features, const unsigned* weights,
                                                                  long steps, bool is_unsigned, long* sums) {
  using Operator = sumtile::TEST_OPERATOR;
  long(&accumulator)[TEST_OUTPUTS] = *reinterpret_cast<long(*)[TEST_OUTPUTS]>(sums);
  for (long step = 0; step < steps; ++step) {
    Operator::Sums<TEST_OUTPUTS, TEST_INPUTS> sum;
    for (int i = 0; i < TEST_INPUTS; ++i, ++features, weights += TEST_OUTPUTS) {
      sumtile::uint_t<Operator::kWeightBits> raw[TEST_OUTPUTS];
      for (int o = 0; o < TEST_OUTPUTS; ++o) raw[o] = weights[o];
      Operator::Row<TEST_OUTPUTS> row;
      row.unpack<0>(raw, is_unsigned);
      sum.take(i, row, sumtile::extend<TEST_DATA_BITS>(*features, is_unsigned));
    }
    sum.accumulate<0>(accumulator);
  }
}
