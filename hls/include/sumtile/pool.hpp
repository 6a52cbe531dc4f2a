// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// pool: maximum or average over windows of the activated map, or a plain pass. Rows are kept in a ring; each iteration
// takes one beat from the stream and reads up to kPoolRows taps of the current window, one below the other.
//
// Row r lies in bank r % kPoolRows, so each bank is read once an iteration. The host gives the start values and steps
// of the bank and slot counters, so nothing is divided here.
#ifndef SUMTILE_POOL_HPP
#define SUMTILE_POOL_HPP

#include "sumtile/arithmetic.hpp"
#include "sumtile/config.hpp"

namespace sumtile {

constexpr int kPoolRows = 3;

// One window of a beat's channels: a sum or a maximum.
template <class Config>
struct PoolWindow {
  using D = Derived<Config>;
  // 255 x 255 taps of kDataBits each, and such a sum times a 16-bit factor.
  static constexpr int kSumBits = D::kDataBits + 17, kScaledBits = kSumBits + 17;
  using Sum = int_t<kSumBits>;
  using Scaled = int_t<kScaledBits>;
  Sum value[D::kBeatChannels];

  void clear(const Descriptor& d) {
#pragma HLS inline
    const bool lowest = d.pool_kind == kMaxPool && !d.ofm_unsigned;
  clear_lanes:
    for (int c = 0; c < D::kBeatChannels; ++c) {
#pragma HLS unroll
      value[c] = lowest ? Sum(-(Sum(1) << (D::kDataBits - 1))) : Sum(0);
    }
  }

  // Takes the taps that lie inside the map.
  void take(const typename D::BeatData (&beats)[kPoolRows], const bool (&inside)[kPoolRows], const Descriptor& d) {
#pragma HLS inline
  take_lanes:
    for (int c = 0; c < D::kBeatChannels; ++c) {
#pragma HLS unroll
      Sum sum = 0, most = value[c];
    take_rows:
      for (int i = 0; i < kPoolRows; ++i) {
#pragma HLS unroll
        const Sum x = extend<D::kDataBits>(get_lane<D::kDataBits>(beats[i], c), d.ofm_unsigned);
        if (inside[i]) sum += x;
        if (inside[i] && x > most) most = x;
      }
      value[c] = d.pool_kind == kAveragePool ? Sum(value[c] + sum) : most;
    }
  }

  typename D::BeatData result(const Descriptor& d) const {
#pragma HLS inline
    typename D::BeatData beat = 0;
  window_lanes:
    for (int c = 0; c < D::kBeatChannels; ++c) {
#pragma HLS unroll
      Scaled scaled = value[c];
      if (d.pool_kind == kAveragePool) scaled = round_shift<kScaledBits>(scaled * Scaled(d.pool_mul), d.pool_shift);
      set_lane<D::kDataBits>(beat, c, typename D::Raw(saturate<D::kDataBits, kScaledBits>(scaled, d.ofm_unsigned)));
    }
    return beat;
  }
};

template <class Config>
void pass_beats(typename Derived<Config>::OutputStream& beats, typename Derived<Config>::OutputStream& pooled,
                const Descriptor& d) {
  LoopCounter counter(Loop::pool);
  const uint_t<32> count = uint_t<32>(d.conv_height) * d.conv_width * pixel_beats<Config>(d);
pass_beats:
  for (uint_t<32> i = 0; i < count; ++i) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    pooled.write(beats.read());
    counter.tick();
  }
}

// Where a row lies in the ring.
struct PoolSlot {
  uint_t<2> bank;
  uint_t<13> slot;

  void step(const Descriptor& d, int banks, int slots) {
#pragma HLS inline
    const int next = int(bank) + banks;
    const bool carry = next >= kPoolRows;
    bank = carry ? next - kPoolRows : next;
    slot = wrap(int(slot) + slots + int(carry), d);
  }

  static int wrap(int slots, const Descriptor& d) {
#pragma HLS inline
    return slots >= int(d.pool_bank_rows) ? slots - int(d.pool_bank_rows) : slots;
  }
};

// Where the window stands: an output (row, column, beat) and the first (ky, kx) of the taps that are read together.
struct PoolTaps {
  uint_t<13> out_row = 0, out_column = 0;
  uint_t<20> beat = 0, pixel_beats;
  uint_t<8> ky = 0, kx = 0;
  int_t<15> top, left;  // of the window; negative inside the padding
  PoolSlot top_slot, first_slot;
  bool done = false;

  PoolTaps(const Descriptor& d, const uint_t<20>& beats_of_pixel)
      : pixel_beats(beats_of_pixel), top(-int(d.pool_pad_top)), left(-int(d.pool_pad_left)) {
    top_slot.bank = d.pool_bank_origin;
    top_slot.slot = d.pool_slot_origin;
    first_slot = top_slot;
  }

  int column() const { return int(left) + int(kx); }
  bool column_padded(const Descriptor& d) const { return column() < 0 || column() >= int(d.conv_width); }
  bool inside(const Descriptor& d, int tap) const {
    const int row = int(top) + int(ky) + tap;
    return !column_padded(d) && int(ky) + tap < int(d.pool_height) && row >= 0 && row < int(d.conv_height);
  }
  // The lowest row of the map that the taps need, negative for none.
  int last_row(const Descriptor& d) const {
    const int last_tap = smaller(int(ky) + kPoolRows, int(d.pool_height)) - 1;
    return column_padded(d) ? -1 : smaller(int(top) + last_tap, int(d.conv_height) - 1);
  }
  bool rows_end(const Descriptor& d) const { return int(ky) + kPoolRows >= int(d.pool_height); }
  bool window_ends(const Descriptor& d) const { return kx + 1 == d.pool_width && rows_end(d); }

  // Rows below this one are not read again.
  int released(const Descriptor& d) const { return done ? int(d.conv_height) : top < 0 ? 0 : int(top); }

  void advance(const Descriptor& d) {
#pragma HLS inline
    const bool ends = window_ends(d), kx_ends = kx + 1 == d.pool_width;
    kx = kx_ends ? 0 : int(kx) + 1;
    if (kx_ends) ky = ends ? 0 : int(ky) + kPoolRows;
    if (kx_ends) first_slot.step(d, 0, 1);
    if (ends) next_window(d);
  }

  void next_window(const Descriptor& d) {
#pragma HLS inline
    const bool pixel_ends = beat + 1 == pixel_beats, row_ends = pixel_ends && out_column + 1 == d.ofm_width;
    beat = pixel_ends ? 0 : int(beat) + 1;
    if (pixel_ends) {
      out_column = row_ends ? 0 : int(out_column) + 1;
      left = row_ends ? -int(d.pool_pad_left) : int(left) + int(d.pool_stride_width);
    }
    if (row_ends) {
      top = int(top) + int(d.pool_stride_height);
      top_slot.step(d, d.pool_bank_stride, d.pool_slot_stride);
      done = ++out_row == d.ofm_height;
    }
    first_slot = top_slot;
  }
};

// The taps of one iteration: each bank is read once, and the beats are rotated into the order of the rows.
template <class Config>
void read_taps(const typename Derived<Config>::BeatData (&ring)[kPoolRows][Config::kPoolBeats / kPoolRows],
               const PoolTaps& taps, int row_beats, const Descriptor& d,
               typename Derived<Config>::BeatData (&beats)[kPoolRows], bool (&inside)[kPoolRows]) {
#pragma HLS inline
  typename Derived<Config>::BeatData read[kPoolRows];
#pragma HLS array_partition variable=read complete
  const PoolSlot& first = taps.first_slot;
  const int place = taps.column() * int(taps.pixel_beats) + int(taps.beat);
read_banks:
  for (int bank = 0; bank < kPoolRows; ++bank) {
#pragma HLS unroll
    const bool wraps = bank < int(first.bank);
    const int tap = bank - int(first.bank) + (wraps ? kPoolRows : 0);
    const int slot = PoolSlot::wrap(int(first.slot) + int(wraps), d);
    read[bank] = taps.inside(d, tap) ? ring[bank][slot * row_beats + place] : typename Derived<Config>::BeatData(0);
  }
rotate_banks:
  for (int tap = 0; tap < kPoolRows; ++tap) {
#pragma HLS unroll
    const int bank = int(first.bank) + tap;
    beats[tap] = read[bank >= kPoolRows ? bank - kPoolRows : bank];
    inside[tap] = taps.inside(d, tap);
  }
}

template <class Config>
void pool_beats(typename Derived<Config>::OutputStream& beats, typename Derived<Config>::OutputStream& pooled,
                const Descriptor& d) {
  using D = Derived<Config>;
  typename D::BeatData ring[kPoolRows][Config::kPoolBeats / kPoolRows];
#pragma HLS array_partition variable=ring complete dim=1
#pragma HLS bind_storage variable=ring type=ram_s2p impl=bram
  // A row goes into a slot that no remaining window reads (rows - released < pool_ring_rows), and is read when settled.
#pragma HLS dependence variable=ring type=inter direction=RAW distance=4 true
#pragma HLS dependence variable=ring type=intra false
  LoopCounter counter(Loop::pool);
  const uint_t<20> width = pixel_beats<Config>(d);
  const int row_beats = int(d.conv_width) * int(width);
  int rows = 0, row_beat = 0;  // filling side
  PoolSlot filled;
  filled.bank = 0, filled.slot = 0;
  Settled<int> settled(0);
  PoolTaps taps(d, width);
  PoolWindow<Config> window;
#pragma HLS array_partition variable=window.value complete
  window.clear(d);

pool_steps:
  while (!taps.done || rows < int(d.conv_height)) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const int complete_rows = settled.step(rows), released = taps.released(d);
    if (rows < int(d.conv_height) && rows - released < int(d.pool_ring_rows)) {
      ring[filled.bank][int(filled.slot) * row_beats + row_beat] = beats.read();
      if (++row_beat == row_beats) {
        row_beat = 0;
        ++rows;
        filled.step(d, 1, 0);
      }
    }
    if (!taps.done && taps.last_row(d) < complete_rows) {
      typename D::BeatData tap_beats[kPoolRows];
#pragma HLS array_partition variable=tap_beats complete
      bool inside[kPoolRows];
#pragma HLS array_partition variable=inside complete
      read_taps<Config>(ring, taps, row_beats, d, tap_beats, inside);
      window.take(tap_beats, inside, d);
      if (taps.window_ends(d)) {
        pooled.write(window.result(d));
        window.clear(d);
      }
      taps.advance(d);
    }
    counter.tick();
  }
}

template <class Config>
void pool(typename Derived<Config>::OutputStream& beats, typename Derived<Config>::OutputStream& pooled, Descriptor d) {
  if (d.pool_kind == kNoPool) {
    pass_beats<Config>(beats, pooled, d);
  } else {
    pool_beats<Config>(beats, pooled, d);
  }
}

}  // namespace sumtile

#endif
