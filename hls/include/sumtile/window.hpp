// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// window: keeps the input rows of a stripe in a ring of rows and emits, for each step, the features that kTp
// neighbouring output columns need. While it emits, it loads the rows of the next stripe, one beat an iteration.
//
// Column c of a row lies in bank (c / stride) % kTp. The kTp columns that one step needs are kTp consecutive values of
// c / stride, so each bank is read exactly once a cycle, for any stride and dilation. The host gives the start values
// and steps of the address counters (phase = c % stride, bank, line = c / stride / kTp), so nothing is divided here.
#ifndef SUMTILE_WINDOW_HPP
#define SUMTILE_WINDOW_HPP

#include "sumtile/config.hpp"
#include "sumtile/walk.hpp"

namespace sumtile {

// Address counters of the ring's writing side: words arrive tile by tile, column by column, row by row.
template <class Config>
struct RingWriter {
  int_t<14> rows = 0;  // rows that are complete
  uint_t<12> slot = 0;
  uint_t<16> tile = 0;
  uint_t<13> column = 0;
  uint_t<4> phase = 0;
  uint_t<8> bank = 0, part = 0;
  uint_t<12> line = 0;
  typename Derived<Config>::InputWord word = 0;

  int address(const Descriptor& d) const {
#pragma HLS inline
    return int(slot) * int(d.row_words) + (int(line) * int(d.column_stride) + int(phase)) * int(d.ifm_tiles) +
           int(tile);
  }

  // Takes one beat; true when it completes a word.
  bool take(const typename Derived<Config>::BeatData& beat) {
#pragma HLS inline
    set_part<Derived<Config>::kStreamBits>(word, part, beat);
    const bool complete = part + 1 == Derived<Config>::kInputWordBeats;
    part = complete ? 0 : int(part) + 1;
    return complete;
  }

  void advance(const Descriptor& d) {
#pragma HLS inline
    const bool pixel_ends = tile + 1 == d.ifm_tiles;
    const bool row_ends = pixel_ends && column + 1 == d.ifm_width;
    const bool phase_ends = phase + 1 == d.column_stride;
    const bool bank_ends = bank + 1 == Config::kTp;
    tile = pixel_ends ? 0 : int(tile) + 1;
    if (row_ends) {
      ++rows;
      slot = slot + 1 == d.ring_rows ? 0 : int(slot) + 1;
      column = 0, phase = 0, bank = 0, line = 0;
    } else if (pixel_ends) {
      ++column;
      phase = phase_ends ? 0 : int(phase) + 1;
      if (phase_ends) bank = bank_ends ? 0 : int(bank) + 1;
      if (phase_ends && bank_ends) ++line;
    }
  }
};

// A position along the input rows: the row (negative inside the padding) and its slot of the ring.
struct RingRow {
  int_t<17> row;
  uint_t<12> slot;

  void step(const Descriptor& d, const uint_t<4>& rows, const uint_t<12>& slots) {
#pragma HLS inline
    row = row + rows;
    const int next = int(slot) + int(slots);
    slot = next >= int(d.ring_rows) ? next - int(d.ring_rows) : next;
  }
};

// A position along the input columns for the first of the kTp outputs.
template <class Config>
struct RingColumn {
  int_t<15> column;
  int_t<14> line;
  uint_t<8> bank;
  uint_t<4> phase;

  explicit RingColumn(const Descriptor& d) { first_tap(d, 0, -int(d.pad_left)); }

  // To the leftmost tap of a tile of outputs.
  void first_tap(const Descriptor& d, int tile, int leftmost) {
#pragma HLS inline
    column = leftmost;
    line = int(d.line_origin) + tile;
    bank = d.bank_origin;
    phase = d.phase_origin;
  }

  void next_tap(const Descriptor& d) {
#pragma HLS inline
    column = column + d.column_dilation;
    int phases = int(phase) + int(d.phase_step), banks = int(bank) + int(d.bank_step),
        lines = int(line) + int(d.line_step);
    if (phases >= int(d.column_stride)) phases -= int(d.column_stride), ++banks;
    if (banks >= Config::kTp) banks -= Config::kTp, ++lines;
    phase = phases, bank = banks, line = lines;
  }
};

// Where the emitting side stands: an output tile (walk) and, for it, kernel row, kernel column and input word.
template <class Config>
struct Taps {
  Walk walk;
  GroupWords<Config> words;
  uint_t<4> ky = 0, kx = 0;
  RingRow stripe_top, next_top, output_row, tap_row;
  RingColumn<Config> tap_column;
  int_t<16> leftmost;  // input column of the leftmost tap

  explicit Taps(const Descriptor& d) : walk(Walk::source(d)), tap_column(d), leftmost(-int(d.pad_left)) {
    stripe_top.row = -int(d.pad_top);
    stripe_top.slot = d.slot_origin;
    next_top = output_row = tap_row = stripe_top;
  }

  bool padded_row(const Descriptor& d) const { return tap_row.row < 0 || tap_row.row >= int(d.ifm_height); }

  // Input rows below this one are not read again once a stripe has ended.
  int released(const Descriptor& d) const {
    return walk.done ? int(d.ifm_height) : stripe_top.row < 0 ? 0 : int(stripe_top.row);
  }

  // To the next step. Returns true when a stripe ends.
  bool advance(const Descriptor& d) {
#pragma HLS inline
    const bool tap_ends = words.group_ends(d);
    const bool kx_ends = tap_ends && kx + 1 == d.kernel_width;
    const bool ky_ends = kx_ends && ky + 1 == d.kernel_height;
    words.next_word(d);
    if (tap_ends) kx = kx_ends ? 0 : int(kx) + 1;
    if (kx_ends) ky = ky_ends ? 0 : int(ky) + 1;
    if (ky_ends) return next_outputs(d);
    if (kx_ends) {
      tap_row.step(d, d.row_dilation, d.slot_dilation);
      tap_column.first_tap(d, walk.column, leftmost);
    } else if (tap_ends) {
      tap_column.next_tap(d);
    }
    return false;
  }

  bool next_outputs(const Descriptor& d) {
#pragma HLS inline
    const bool row_ends = walk.last_column(), group_ends = walk.last_tile();
    const bool stripe_ends = group_ends && walk.last_group(d);
    const bool next_begins = row_ends && walk.row + 1 + walk.overlap == walk.rows;
    walk.advance(d);
    if (row_ends) output_row.step(d, d.row_stride, d.slot_stride);
    if (next_begins) next_top = output_row;
    if (stripe_ends) {
      stripe_top = output_row = next_top;
    } else if (group_ends) {
      output_row = stripe_top;
    }
    if (group_ends) words.next_group(d, stripe_ends);
    leftmost = row_ends ? -int(d.pad_left) : int(leftmost) + Config::kTp * int(d.column_stride);
    tap_row = output_row;
    tap_column.first_tap(d, walk.column, leftmost);
    return stripe_ends;
  }
};

// The features of one step: each bank is read once, and the words are rotated into the order of the outputs.
template <class Config>
typename Derived<Config>::Columns read_columns(
    const typename Derived<Config>::InputWord (&ring)[Config::kTp][Config::kFeatureWords], const Taps<Config>& taps,
    const Descriptor& d) {
#pragma HLS inline
  using D = Derived<Config>;
  const RingColumn<Config>& first = taps.tap_column;
  const int row_base = int(taps.tap_row.slot) * int(d.row_words);
  const int word =
      (int(first.line) * int(d.column_stride) + int(first.phase)) * int(d.ifm_tiles) + taps.words.position();
  const int line_words = int(d.column_stride) * int(d.ifm_tiles);
  const bool inside_map = !taps.padded_row(d);
  typename D::InputWord read[Config::kTp];
#pragma HLS array_partition variable=read complete
  typename D::Columns columns;
#pragma HLS array_partition variable=columns.column complete
read_banks:
  for (int bank = 0; bank < Config::kTp; ++bank) {
#pragma HLS unroll
    const int lane = bank >= int(first.bank) ? bank - int(first.bank) : bank - int(first.bank) + Config::kTp;
    const int column = int(first.column) + lane * int(d.column_stride);
    const bool inside = inside_map && column >= 0 && column < int(d.ifm_width);
    const int address = row_base + word + (bank < int(first.bank) ? line_words : 0);
    read[bank] = inside ? ring[bank][address] : typename D::InputWord(0);
  }
rotate_banks:
  for (int lane = 0; lane < Config::kTp; ++lane) {
#pragma HLS unroll
    const int bank = int(first.bank) + lane;
    columns.column[lane] = read[bank >= Config::kTp ? bank - Config::kTp : bank];
  }
  return columns;
}

template <class Config>
void window(typename Derived<Config>::BeatStream& beats, typename Derived<Config>::ColumnStream& columns,
            Descriptor d) {
  using D = Derived<Config>;
  typename D::InputWord ring[Config::kTp][Config::kFeatureWords];
#pragma HLS array_partition variable=ring complete dim=1
#pragma HLS bind_storage variable=ring type=ram_s2p impl=bram
  // A row goes into a slot that no remaining step reads (writer.rows - released < ring_rows), and is read when settled.
#pragma HLS dependence variable=ring type=inter direction=RAW distance=4 true
#pragma HLS dependence variable=ring type=intra false
  LoopCounter counter(Loop::window);
  RingWriter<Config> writer;
  Taps<Config> taps(d);
  int_t<17> released = 0;
  Settled<int_t<14>> settled(0);

window_steps:
  while (!taps.walk.done || writer.rows < int(d.ifm_height)) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const int complete_rows = settled.step(writer.rows);
    if (writer.rows < int(d.ifm_height) && writer.rows - released < int(d.ring_rows)) {
      if (writer.take(beats.read())) {
        ring[writer.bank][writer.address(d)] = writer.word;
        writer.advance(d);
      }
    }
    if (!taps.walk.done && (taps.padded_row(d) || taps.tap_row.row < complete_rows)) {
      columns.write(read_columns<Config>(ring, taps, d));
      if (taps.advance(d)) released = taps.released(d);
    }
    counter.tick();
  }
}

}  // namespace sumtile

#endif
