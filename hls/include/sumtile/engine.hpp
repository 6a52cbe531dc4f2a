// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The engine: one call runs one layer. The descriptor at the head of the layer's weights says everything about it.
//
//   features -> load -> window --+
//                                +-> compute -> scale -> reorder -> combine -> pool -> store -> send -> result
//   weights  -> load -> replay --+                                     |
//   residual -> load --------------------------------------------------+
#ifndef SUMTILE_ENGINE_HPP
#define SUMTILE_ENGINE_HPP

#include "sumtile/basis.hpp"
#include "sumtile/combine.hpp"
#include "sumtile/compute.hpp"
#include "sumtile/load.hpp"
#include "sumtile/pool.hpp"
#include "sumtile/reorder.hpp"
#include "sumtile/replay.hpp"
#include "sumtile/scale.hpp"
#include "sumtile/store.hpp"
#include "sumtile/window.hpp"

namespace sumtile {

template <class Config>
void run_layer(typename Derived<Config>::Axis& features, typename Derived<Config>::WeightPorts& weights,
               typename Derived<Config>::Axis& residual, typename Derived<Config>::Axis& result, Descriptor d,
               uint_t<32>& layers, uint_t<32>& busy, uint_t<32>& starved, uint_t<32>& stalled) {
#pragma HLS dataflow
  using D = Derived<Config>;
  typename D::BeatStream feature_beats("feature_beats"), residual_beats("residual_beats");
  typename D::RowStream weight_rows("weight_rows");
  typename D::ParameterStream parameters("parameters");
  typename D::ColumnStream columns("columns");
  typename D::TileStream tiles("tiles");
  typename D::AccumulatorStream sums[D::kTp];
  typename D::MidStream mids("mids"), ordered("ordered");
  typename D::OutputStream outputs("outputs"), pooled("pooled");
  typename D::MarkedStream result_beats("result_beats");
  uint_t<32> residual_starved;

  SUMTILE_DATAFLOW(layer);
  SUMTILE_STAGE(layer, "load_features",
                load<Config>(features, feature_beats, d.ifm_beats, Loop::load_features, starved));
  SUMTILE_STAGE(layer, "load_weights", load_weights<Config>(weights, parameters, weight_rows, d));
  SUMTILE_STAGE(layer, "load_residual",
                load<Config>(residual, residual_beats, d.residual_beats, Loop::load_residual, residual_starved));
  SUMTILE_STAGE(layer, "window", window<Config>(feature_beats, columns, d));
  SUMTILE_STAGE(layer, "replay", replay<Config>(weight_rows, tiles, d));
  SUMTILE_STAGE(layer, "compute", compute<Config>(columns, tiles, sums, d));
  SUMTILE_STAGE(layer, "scale", scale<Config>(parameters, sums, mids, d));
  SUMTILE_STAGE(layer, "reorder", reorder<Config>(mids, ordered, d));
  SUMTILE_STAGE(layer, "combine", combine<Config>(ordered, residual_beats, outputs, d));
  SUMTILE_STAGE(layer, "pool", pool<Config>(outputs, pooled, d));
  SUMTILE_STAGE(layer, "store", store<Config>(pooled, result_beats, d, layers, busy, stalled));
  SUMTILE_STAGE(layer, "send", send<Config>(result_beats, result));
}

// One call of an engine's top function. The registers describe the last call: its status, how many layers of the
// program are finished, the layer's cycles, and those in which the feature port was empty or the result port full.
template <class Config>
void engine(typename Derived<Config>::Axis& features, typename Derived<Config>::WeightPorts& weights,
            typename Derived<Config>::Axis& residual, typename Derived<Config>::Axis& result, uint_t<32>& stamp,
            uint_t<32>& status, uint_t<32>& layers, uint_t<32>& busy, uint_t<32>& starved, uint_t<32>& stalled) {
#pragma HLS inline
  bool last[Config::kWeightStreams];
#pragma HLS array_partition variable=last complete
  uint_t<32> word[kHeaderWords];
#pragma HLS array_partition variable=word complete
  read_header<Config>(weights, word, last);
  const Descriptor d = unpack_descriptor(word);
  const Status found = d.magic != kMagic ? kBadMagic : d.stamp != Config::kStamp ? kBadStamp : kOk;
  stamp = Config::kStamp;
  status = found;
  if (found != kOk) {
    drain<Config>(weights, last);
  } else if (d.opcode == kLayer) {
    run_layer<Config>(features, weights, residual, result, d, layers, busy, starved, stalled);
  } else {
    layers = 0, busy = 0, starved = 0, stalled = 0;
  }
}

}  // namespace sumtile

#endif
