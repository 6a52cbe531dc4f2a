// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Number types of the kernels. The vendor's tools and the vendor-type simulation take ap_int; the native simulation
// (SUMTILE_CSIM without SUMTILE_VENDOR_TYPES) takes the machine integer that is at least as wide. Widths are therefore
// chosen so that no value ever leaves its type: then both give the same bits, and the tests hold one against the other.
#ifndef SUMTILE_TYPES_HPP
#define SUMTILE_TYPES_HPP

#if defined(SUMTILE_CSIM) && !defined(SUMTILE_VENDOR_TYPES)
#define SUMTILE_NATIVE_TYPES
#include <cstdint>
#include <cstring>
#include <type_traits>
#else
#include <ap_int.h>
#endif

namespace sumtile {

#ifndef SUMTILE_NATIVE_TYPES

template <int Bits>
using int_t = ap_int<Bits>;
template <int Bits>
using uint_t = ap_uint<Bits>;
template <int Bits>
using word_t = ap_uint<Bits>;
// A signed number inside a lane. The native simulation gives it 16 bits at least, which is what makes lanes vectors.
template <int Bits>
using lane_t = ap_int<Bits>;

// Lane `index` of a packed word, as raw bits.
template <int LaneBits, int WordBits>
uint_t<LaneBits> get_lane(const word_t<WordBits>& word, int index) {
#pragma HLS inline
  return word.range(LaneBits * index + LaneBits - 1, LaneBits * index);
}

template <int LaneBits, int WordBits>
void set_lane(word_t<WordBits>& word, int index, const uint_t<LaneBits>& value) {
#pragma HLS inline
  word.range(LaneBits * index + LaneBits - 1, LaneBits * index) = value;
}

// Raw bits as a two's complement number of their width.
template <int Bits>
int_t<Bits> as_signed(const uint_t<Bits>& raw) {
#pragma HLS inline
  return int_t<Bits>(raw);
}

// Lanes `first` and the following of words that follow one another, as raw bits.
template <int LaneBits, int WordBits, int Words, int Lanes>
void get_lanes(const word_t<WordBits> (&words)[Words], int first, uint_t<LaneBits> (&lane)[Lanes]) {
#pragma HLS inline
  constexpr int kWordLanes = WordBits / LaneBits;
  static_assert(WordBits % LaneBits == 0, "a lane must not lie across two words");
get_each_lane:
  for (int i = 0; i < Lanes; ++i) {
#pragma HLS unroll
    lane[i] = get_lane<LaneBits>(words[(first + i) / kWordLanes], (first + i) % kWordLanes);
  }
}

template <int LaneBits, int WordBits, int Words, int Lanes>
void set_lanes(word_t<WordBits> (&words)[Words], int first, const uint_t<LaneBits> (&lane)[Lanes]) {
#pragma HLS inline
  constexpr int kWordLanes = WordBits / LaneBits;
set_each_lane:
  for (int i = 0; i < Lanes; ++i) {
#pragma HLS unroll
    set_lane<LaneBits>(words[(first + i) / kWordLanes], (first + i) % kWordLanes, lane[i]);
  }
}

// Part `index` of a packed word, itself a packed word.
template <int PartBits, int WordBits>
void set_part(word_t<WordBits>& word, int index, const word_t<PartBits>& part) {
#pragma HLS inline
  word.range(PartBits * index + PartBits - 1, PartBits * index) = part;
}

#else

namespace native {
template <int Bits>
struct Signed {
  static_assert(Bits >= 1 && Bits <= 64, "native integers have 1 to 64 bits");
  using type = std::conditional_t<
      (Bits <= 8), std::int8_t,
      std::conditional_t<(Bits <= 16), std::int16_t, std::conditional_t<(Bits <= 32), std::int32_t, std::int64_t>>>;
};

// A packed word: little-endian bytes, as the bus carries them.
template <int Bits>
struct Word {
  static_assert(Bits % 8 == 0, "a packed word has whole bytes");
  std::uint8_t bytes[Bits / 8];
  Word() = default;
  Word(int zero) { std::memset(bytes, zero, sizeof bytes); }
};
}  // namespace native

template <int Bits>
using int_t = typename native::Signed<Bits>::type;
template <int Bits>
using uint_t = std::make_unsigned_t<int_t<Bits>>;
template <int Bits>
using word_t = native::Word<Bits>;
template <int Bits>
using lane_t = typename native::Signed<(Bits < 16 ? 16 : Bits)>::type;

// Lane `index` of a packed word, as raw bits.
template <int LaneBits, int WordBits>
uint_t<LaneBits> get_lane(const native::Word<WordBits>& word, int index) {
  uint_t<LaneBits> value;
  std::memcpy(&value, word.bytes + sizeof value * index, sizeof value);
  return value;
}

// Lanes `first` and the following of words that follow one another, as raw bits.
template <int LaneBits, int WordBits, int Words, int Lanes>
void get_lanes(const native::Word<WordBits> (&words)[Words], int first, uint_t<LaneBits> (&lane)[Lanes]) {
  static_assert(LaneBits == 4 ? Lanes % 2 == 0 : LaneBits % 8 == 0, "lanes fill whole bytes");
  const std::uint8_t* bytes = reinterpret_cast<const std::uint8_t*>(words) + first * LaneBits / 8;
  if (LaneBits == 4) {
    for (int i = 0; i < Lanes / 2; ++i) {
      lane[2 * i] = bytes[i] & 15;
      lane[2 * i + 1] = bytes[i] >> 4;
    }
  } else {
    std::memcpy(lane, bytes, sizeof lane);
  }
}

template <int LaneBits, int WordBits, int Words, int Lanes>
void set_lanes(native::Word<WordBits> (&words)[Words], int first, const uint_t<LaneBits> (&lane)[Lanes]) {
  std::uint8_t* bytes = reinterpret_cast<std::uint8_t*>(words) + first * LaneBits / 8;
  if (LaneBits == 4) {
    for (int i = 0; i < Lanes / 2; ++i) bytes[i] = lane[2 * i] | lane[2 * i + 1] << 4;
  } else {
    std::memcpy(bytes, lane, sizeof lane);
  }
}

// Raw bits as a two's complement number of their width.
template <int Bits>
int_t<Bits> as_signed(const uint_t<Bits>& raw) {
  constexpr int kUnused = 8 * sizeof raw - Bits;
  return int_t<Bits>(int_t<Bits>(raw << kUnused) >> kUnused);
}

template <int LaneBits, int WordBits>
void set_lane(native::Word<WordBits>& word, int index, const uint_t<LaneBits>& value) {
  std::memcpy(word.bytes + sizeof value * index, &value, sizeof value);
}

// Part `index` of a packed word, itself a packed word.
template <int PartBits, int WordBits>
void set_part(native::Word<WordBits>& word, int index, const native::Word<PartBits>& part) {
  std::memcpy(word.bytes + sizeof part * index, part.bytes, sizeof part);
}

#endif

constexpr int ceil_log2(unsigned long value) { return value <= 1 ? 0 : 1 + ceil_log2((value + 1) / 2); }

constexpr int larger(int a, int b) { return a > b ? a : b; }

constexpr int smaller(int a, int b) { return a < b ? a : b; }

constexpr int common_divisor(int a, int b) { return b == 0 ? a : common_divisor(b, a % b); }

}  // namespace sumtile

#endif
