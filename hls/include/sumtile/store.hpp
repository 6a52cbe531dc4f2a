// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// store: cuts output words into beats, leaves out the padding beyond the map's last input word, and marks the last
// beat. It runs for the whole layer, so it counts the layer's cycles, and those in which its FIFO had no room because
// the port did not take what is in it. send: drives the port; an AXI4-Stream port has no write that returns when it
// must wait.
#ifndef SUMTILE_STORE_HPP
#define SUMTILE_STORE_HPP

#include "sumtile/config.hpp"

namespace sumtile {

template <class Config>
void store(typename Derived<Config>::OutputStream& words, typename Derived<Config>::MarkedStream& beats, Descriptor d,
           uint_t<32>& layers, uint_t<32>& busy, uint_t<32>& stalled) {
  using D = Derived<Config>;
  constexpr int kTilesPerGroup = D::kTo / D::kTi;
  LoopCounter counter(Loop::store);
  uint_t<32> words_left = uint_t<32>(d.ofm_height) * d.ofm_width * d.groups;
  const int tail_beats = (int(d.ofm_tiles) - (int(d.groups) - 1) * kTilesPerGroup) * D::kInputWordBeats;
  uint_t<12> group = 0;
  uint_t<8> part = 0;
  uint_t<32> cycles = 0, waits = 0;
  bool have_word = false;
  typename D::OutputWord word = 0;

store_beats:
  while (words_left != 0) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    ++cycles;
    if (!have_word) have_word = words.read_nb(word);
    if (have_word) {
      const bool last_group = group + 1 == d.groups;
      const bool word_ends = part + 1 == (last_group ? tail_beats : D::kOutputWordBeats);
      typename D::MarkedBeat beat;
      beat.data = get_part<D::kStreamBits>(word, part);
      beat.last = word_ends && words_left == 1;
      if (beats.write_nb(beat)) {
        part = word_ends ? 0 : int(part) + 1;
        if (word_ends) {
          have_word = false;
          group = last_group ? 0 : int(group) + 1;
          --words_left;
        }
        counter.tick();
      } else {
        ++waits;
      }
    }
  }
  busy = cycles;
  stalled = waits;
  layers = uint_t<32>(d.index) + 1;
}

template <class Config>
void send(typename Derived<Config>::MarkedStream& beats, typename Derived<Config>::Axis& port) {
  LoopCounter counter(Loop::send);
  bool last = false;
send_beats:
  while (!last) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const typename Derived<Config>::MarkedBeat marked = beats.read();
    typename Derived<Config>::Beat beat;
    beat.data = marked.data;
    beat.keep = Derived<Config>::kEveryByte;
    beat.strb = Derived<Config>::kEveryByte;
    beat.last = marked.last;
    port.write(beat);
    last = marked.last;
    counter.tick();
  }
}

}  // namespace sumtile

#endif
