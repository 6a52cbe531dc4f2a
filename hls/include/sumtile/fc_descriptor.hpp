// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The header of a fully connected layer: 32 words of 32 bits at the head of its part of the weight stream. Word i is
// the i-th field below; the driver packs the same list (a test holds the two lists together).
#ifndef SUMTILE_FC_DESCRIPTOR_HPP
#define SUMTILE_FC_DESCRIPTOR_HPP

#include "sumtile/types.hpp"

namespace sumtile {

constexpr int kFcHeaderWords = 32;
constexpr unsigned long kFcMagic = 0x31434653;

// A plain layer has one factor. Of two, the first one's results stay in the engine: they are signed, and rounded by
// middle_shift.
// clang-format off
#define SUMTILE_FC_DESCRIPTOR(FIELD) \
  FIELD(magic, uint_t<32>)          \
  FIELD(stamp, uint_t<32>)          \
  FIELD(opcode, uint_t<2>)          \
  FIELD(index, uint_t<16>)          \
  FIELD(images, uint_t<8>)          \
  FIELD(factors, uint_t<2>)         \
  FIELD(width, uint_t<2>)           \
  FIELD(row_weights, uint_t<16>)    \
  FIELD(ifm_unsigned, uint_t<1>)    \
  FIELD(vector_beats, uint_t<16>)   \
  FIELD(first_words, uint_t<16>)    \
  FIELD(first_outputs, uint_t<16>)  \
  FIELD(middle_shift, uint_t<6>)    \
  FIELD(second_words, uint_t<16>)   \
  FIELD(second_outputs, uint_t<16>) \
  FIELD(rows, uint_t<32>)           \
  FIELD(slope, uint_t<16>)          \
  FIELD(clamp_low, int_t<32>)       \
  FIELD(clamp_high, int_t<32>)      \
  FIELD(out_shift, uint_t<6>)       \
  FIELD(ofm_unsigned, uint_t<1>)    \
  FIELD(result_beats, uint_t<16>)
// clang-format on

struct FcDescriptor {
#define SUMTILE_MEMBER(name, type) type name;
  SUMTILE_FC_DESCRIPTOR(SUMTILE_MEMBER)
#undef SUMTILE_MEMBER
};

inline FcDescriptor unpack_fc_descriptor(const uint_t<32> (&word)[kFcHeaderWords]) {
#pragma HLS inline
  FcDescriptor d;
  int index = 0;
#define SUMTILE_ASSIGN(name, type) d.name = type(word[index++]);
  SUMTILE_FC_DESCRIPTOR(SUMTILE_ASSIGN)
#undef SUMTILE_ASSIGN
  return d;
}

}  // namespace sumtile

#endif
