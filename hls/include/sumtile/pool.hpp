// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// pool: maximum or average over windows of the activated map, or a plain pass. Rows are kept in a ring; each iteration
// takes one beat from the stream and reads one tap of the current window.
#ifndef SUMTILE_POOL_HPP
#define SUMTILE_POOL_HPP

#include "sumtile/arithmetic.hpp"
#include "sumtile/config.hpp"

namespace sumtile {

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

  void take(const typename D::BeatData& beat, const Descriptor& d) {
#pragma HLS inline
  take_lanes:
    for (int c = 0; c < D::kBeatChannels; ++c) {
#pragma HLS unroll
      const Sum x = extend<D::kDataBits>(get_lane<D::kDataBits>(beat, c), d.ofm_unsigned);
      if (d.pool_kind == kAveragePool) {
        value[c] += x;
      } else if (x > value[c]) {
        value[c] = x;
      }
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

// Where the window stands: an output (row, column, beat) and a tap (ky, kx), with the ring slot of each row.
struct PoolTaps {
  uint_t<13> out_row = 0, out_column = 0;
  uint_t<20> beat = 0, pixel_beats;
  uint_t<8> ky = 0, kx = 0;
  int_t<15> top, left;  // of the window; negative inside the padding
  uint_t<13> top_slot, slot;
  bool done = false;

  PoolTaps(const Descriptor& d, const uint_t<20>& beats_of_pixel)
      : pixel_beats(beats_of_pixel),
        top(-int(d.pool_pad_top)),
        left(-int(d.pool_pad_left)),
        top_slot(d.pool_slot_origin),
        slot(top_slot) {}

  int row() const { return int(top) + int(ky); }
  int column() const { return int(left) + int(kx); }
  bool padded(const Descriptor& d) const {
    return row() < 0 || row() >= int(d.conv_height) || column() < 0 || column() >= int(d.conv_width);
  }
  bool window_ends(const Descriptor& d) const { return kx + 1 == d.pool_width && ky + 1 == d.pool_height; }

  static int wrap(int slots, const Descriptor& d) {
#pragma HLS inline
    return slots >= int(d.pool_ring_rows) ? slots - int(d.pool_ring_rows) : slots;
  }

  // Rows below this one are not read again.
  int released(const Descriptor& d) const { return done ? int(d.conv_height) : top < 0 ? 0 : int(top); }

  void advance(const Descriptor& d) {
#pragma HLS inline
    const bool ends = window_ends(d), kx_ends = kx + 1 == d.pool_width;
    kx = kx_ends ? 0 : int(kx) + 1;
    if (kx_ends) ky = ends ? 0 : int(ky) + 1;
    if (kx_ends) slot = wrap(int(slot) + 1, d);
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
      top_slot = wrap(int(top_slot) + int(d.pool_slot_stride), d);
      done = ++out_row == d.ofm_height;
    }
    slot = top_slot;
  }
};

template <class Config>
void pool_beats(typename Derived<Config>::OutputStream& beats, typename Derived<Config>::OutputStream& pooled,
                const Descriptor& d) {
  using D = Derived<Config>;
  typename D::BeatData ring[Config::kPoolBeats];
#pragma HLS bind_storage variable=ring type=ram_s2p impl=bram
  // A row goes into a slot that no remaining window reads (rows - released < pool_ring_rows), and is read when settled.
#pragma HLS dependence variable=ring type=inter direction=RAW distance=4 true
#pragma HLS dependence variable=ring type=intra false
  LoopCounter counter(Loop::pool);
  const uint_t<20> width = pixel_beats<Config>(d);
  const int row_beats = int(d.conv_width) * int(width);
  int rows = 0, row_beat = 0, slot = 0;  // filling side
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
      ring[slot * row_beats + row_beat] = beats.read();
      if (++row_beat == row_beats) {
        row_beat = 0;
        ++rows;
        slot = PoolTaps::wrap(slot + 1, d);
      }
    }
    const bool padded = taps.padded(d);
    if (!taps.done && (padded || taps.row() < complete_rows)) {
      if (!padded) window.take(ring[int(taps.slot) * row_beats + taps.column() * int(width) + int(taps.beat)], d);
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
