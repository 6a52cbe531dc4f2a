// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The layer descriptor: 80 words of 32 bits at the head of a layer's part of the weight stream. Word i is the i-th
// field below; the driver packs the same list (a test holds the two lists together).
#ifndef SUMTILE_DESCRIPTOR_HPP
#define SUMTILE_DESCRIPTOR_HPP

#include "sumtile/types.hpp"

namespace sumtile {

constexpr int kHeaderWords = 80;
constexpr unsigned long kMagic = 0x314C5453;

enum PoolKind { kNoPool = 0, kMaxPool = 1, kAveragePool = 2 };

// clang-format off
#define SUMTILE_DESCRIPTOR(FIELD) \
  FIELD(magic, uint_t<32>)              \
  FIELD(stamp, uint_t<32>)              \
  FIELD(opcode, uint_t<2>)              \
  FIELD(index, uint_t<16>)              \
  FIELD(array, uint_t<3>)               \
  FIELD(ifm_unsigned, uint_t<1>)        \
  FIELD(ifm_height, uint_t<12>)         \
  FIELD(ifm_width, uint_t<12>)          \
  FIELD(ifm_tiles, uint_t<16>)          \
  FIELD(ifm_beats, uint_t<32>)          \
  FIELD(conv_height, uint_t<13>)        \
  FIELD(conv_width, uint_t<13>)         \
  FIELD(groups, uint_t<12>)             \
  FIELD(column_tiles, uint_t<13>)       \
  FIELD(kernel_height, uint_t<4>)       \
  FIELD(kernel_width, uint_t<4>)        \
  FIELD(taps, uint_t<8>)                \
  FIELD(depthwise, uint_t<1>)           \
  FIELD(tail_folds, uint_t<16>)         \
  FIELD(group_tiles, uint_t<16>)        \
  FIELD(stripe_rows, uint_t<13>)        \
  FIELD(stripes, uint_t<13>)            \
  FIELD(weight_tiles, uint_t<32>)       \
  FIELD(weights_resident, uint_t<1>)    \
  FIELD(ring_rows, uint_t<12>)          \
  FIELD(row_words, uint_t<16>)          \
  FIELD(row_stride, uint_t<4>)          \
  FIELD(row_dilation, uint_t<4>)        \
  FIELD(pad_top, uint_t<8>)             \
  FIELD(slot_origin, uint_t<12>)        \
  FIELD(slot_stride, uint_t<12>)        \
  FIELD(slot_dilation, uint_t<12>)      \
  FIELD(column_stride, uint_t<4>)       \
  FIELD(column_dilation, uint_t<4>)     \
  FIELD(pad_left, uint_t<8>)            \
  FIELD(phase_origin, uint_t<4>)        \
  FIELD(bank_origin, uint_t<8>)         \
  FIELD(line_origin, int_t<9>)          \
  FIELD(phase_step, uint_t<4>)          \
  FIELD(bank_step, uint_t<8>)           \
  FIELD(line_step, uint_t<4>)           \
  FIELD(residual, uint_t<1>)            \
  FIELD(residual_unsigned, uint_t<1>)   \
  FIELD(residual_shift, int_t<7>)       \
  FIELD(residual_beats, uint_t<32>)     \
  FIELD(slope, uint_t<16>)              \
  FIELD(clamp_low, int_t<32>)           \
  FIELD(clamp_high, int_t<32>)          \
  FIELD(out_shift, uint_t<6>)           \
  FIELD(ofm_unsigned, uint_t<1>)        \
  FIELD(pool_kind, uint_t<2>)           \
  FIELD(pool_height, uint_t<8>)         \
  FIELD(pool_width, uint_t<8>)          \
  FIELD(pool_stride_height, uint_t<8>)  \
  FIELD(pool_stride_width, uint_t<8>)   \
  FIELD(pool_pad_top, uint_t<8>)        \
  FIELD(pool_pad_left, uint_t<8>)       \
  FIELD(pool_ring_rows, uint_t<13>)     \
  FIELD(pool_bank_rows, uint_t<13>)     \
  FIELD(pool_bank_origin, uint_t<2>)    \
  FIELD(pool_slot_origin, uint_t<13>)   \
  FIELD(pool_bank_stride, uint_t<2>)    \
  FIELD(pool_slot_stride, uint_t<13>)   \
  FIELD(pool_mul, uint_t<16>)           \
  FIELD(pool_shift, uint_t<6>)          \
  FIELD(ofm_height, uint_t<13>)         \
  FIELD(ofm_width, uint_t<13>)          \
  FIELD(ofm_tiles, uint_t<16>)          \
  FIELD(source_height, uint_t<13>)      \
  FIELD(source_rows, uint_t<13>)        \
  FIELD(source_tiles, uint_t<13>)       \
  FIELD(source_overlap, uint_t<2>)      \
  FIELD(bases, uint_t<4>)               \
  FIELD(basis_height, uint_t<2>)        \
  FIELD(basis_width, uint_t<2>)         \
  FIELD(basis_row_stride, uint_t<2>)    \
  FIELD(basis_column_stride, uint_t<2>) \
  FIELD(mask_tiles, uint_t<16>)
// clang-format on

struct Descriptor {
#define SUMTILE_MEMBER(name, type) type name;
  SUMTILE_DESCRIPTOR(SUMTILE_MEMBER)
#undef SUMTILE_MEMBER
};

inline Descriptor unpack_descriptor(const uint_t<32> word[kHeaderWords]) {
#pragma HLS inline
  Descriptor d;
  int index = 0;
#define SUMTILE_ASSIGN(name, type) d.name = type(word[index++]);
  SUMTILE_DESCRIPTOR(SUMTILE_ASSIGN)
#undef SUMTILE_ASSIGN
  return d;
}

}  // namespace sumtile

#endif
