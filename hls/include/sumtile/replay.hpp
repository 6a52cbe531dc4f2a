// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// replay: keeps weight tiles in a ring and emits, for each output tile, the tiles of its group in step with the
// features. While it emits, it loads the tiles that come next, one row an iteration. A tile's place is free again
// after its last use: at once in a fully connected layer, after the group's last output tile otherwise, and only in
// the last stripe when all of the layer's weights stay resident.
#ifndef SUMTILE_REPLAY_HPP
#define SUMTILE_REPLAY_HPP

#include "sumtile/config.hpp"
#include "sumtile/walk.hpp"

namespace sumtile {

template <class Config>
void replay(typename Derived<Config>::RowStream& rows, typename Derived<Config>::TileStream& tiles, Descriptor d) {
  using D = Derived<Config>;
  typename D::BeatData ring[D::kTileBeats][Config::kWeightTiles];
#pragma HLS array_partition variable=ring complete dim=1
#pragma HLS bind_storage variable=ring type=ram_s2p impl=bram
  // A tile is read when it is settled and its slot written again after its last use, so never both in one iteration.
#pragma HLS dependence variable=ring type=inter direction=RAW distance=4 true
#pragma HLS dependence variable=ring type=intra false
  LoopCounter counter(Loop::replay);
  Walk walk = Walk::source(d);
  uint_t<32> loaded = 0, released = 0;  // tiles since the layer began
  Settled<uint_t<32>> settled(0);
  uint_t<16> load_slot = 0, load_row = 0;
  uint_t<32> group_tile = 0;      // number of the group's first tile
  uint_t<16> group_slot = 0;      // and its slot
  uint_t<16> tile = 0, slot = 0;  // tile of the group

replay_steps:
  while (!walk.done) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const bool ready = group_tile + tile < settled.step(loaded);
    if (loaded < d.weight_tiles && loaded - released < Config::kWeightTiles) {
      const typename D::WeightRow row = rows.read();
    store_row:
      for (int i = 0; i < Config::kWeightStreams; ++i) {
#pragma HLS unroll
        ring[int(load_row) * Config::kWeightStreams + i][load_slot] = row.beat[i];
      }
      if (++load_row == D::kTileRows) {
        load_row = 0;
        ++loaded;
        load_slot = load_slot + 1 == Config::kWeightTiles ? 0 : int(load_slot) + 1;
      }
    }
    if (ready) {
      typename D::WeightTile word;
#pragma HLS array_partition variable=word.beat complete
    read_beats:
      for (int i = 0; i < D::kTileBeats; ++i) {
#pragma HLS unroll
        word.beat[i] = ring[i][slot];
      }
      tiles.write(word);
      const bool last_use = walk.last_tile() && (!d.weights_resident || walk.last_stripe(d));
      if (last_use) released = group_tile + tile + 1;
      slot = slot + 1 == Config::kWeightTiles ? 0 : int(slot) + 1;
      if (++tile == d.group_tiles) {
        const bool group_ends = walk.last_tile(), stripe_ends = group_ends && walk.last_group(d);
        tile = 0;
        walk.advance(d);
        if (stripe_ends && d.weights_resident) {
          group_tile = 0, group_slot = 0;
        } else if (group_ends) {
          group_tile += d.group_tiles, group_slot = slot;
        }
        slot = group_slot;
      }
    }
    counter.tick();
  }
}

}  // namespace sumtile

#endif
