// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// store: marks the last beat. It runs for the whole layer, so it counts the layer's cycles, and those in which its FIFO
// had no room because the port did not take what is in it. send: drives the port; an AXI4-Stream port has no write that
// returns when it must wait.
#ifndef SUMTILE_STORE_HPP
#define SUMTILE_STORE_HPP

#include "sumtile/config.hpp"

namespace sumtile {

template <class Config>
void store(typename Derived<Config>::OutputStream& outputs, typename Derived<Config>::MarkedStream& beats, Descriptor d,
           uint_t<32>& layers, uint_t<32>& busy, uint_t<32>& stalled) {
  using D = Derived<Config>;
  LoopCounter counter(Loop::store);
  uint_t<32> beats_left = uint_t<32>(d.ofm_height) * d.ofm_width * pixel_beats<Config>(d);
  uint_t<32> cycles = 0, waits = 0;
  bool have_beat = false;
  typename D::MarkedBeat beat;

store_beats:
  while (beats_left != 0) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    ++cycles;
    if (!have_beat) have_beat = outputs.read_nb(beat.data);
    beat.last = beats_left == 1;
    if (have_beat) {
      if (beats.write_nb(beat)) {
        have_beat = false;
        --beats_left;
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
