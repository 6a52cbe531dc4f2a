// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The fully connected engine: one call computes y = act(U (V x)) or y = act(W x) for one or several vectors x (Qiu et
// al., FPGA'16, sections 4.2 and 5.4). The header at the head of the layer's weights says everything about it.
//
//   vectors -> load ---+
//                      +-> multiply -> send -> result
//   weights -> load ---+
#ifndef SUMTILE_FC_ENGINE_HPP
#define SUMTILE_FC_ENGINE_HPP

#include "sumtile/fc_multiply.hpp"

namespace sumtile {

template <class Config>
void load_fc_rows(typename Ports<Config>::WeightPorts& ports, typename FcDerived<Config>::RowStream& rows,
                  uint_t<32> count) {
  LoopCounter counter(FcLoop::load_weights);
load_rows:
  for (uint_t<32> i = 0; i < count; ++i) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=10000000
    bool last[Config::kWeightStreams];  // of no meaning here: a transfer holds many layers
#pragma HLS array_partition variable=last complete
    rows.write(read_row<Config>(ports, last));
    counter.tick();
  }
}

// Beats leave image by image, as vectors come in; those behind the last output are zeros.
template <class Config>
void send_vectors(typename FcDerived<Config>::ResultStream& results, typename Ports<Config>::Axis& port, FcDescriptor d,
                  uint_t<32>& layers) {
  using D = FcDerived<Config>;
  LoopCounter counter(FcLoop::send);
  const int outputs = d.factors == 1 ? int(d.first_outputs) : int(d.second_outputs);
  uint_t<16> made_left = (outputs + D::kBeatValues - 1) / D::kBeatValues, beats_left = d.result_beats;
  uint_t<8> image = 0;
  typename D::ResultBeats beats;
#pragma HLS array_partition variable=beats.image complete

send_beats:
  while (beats_left != 0) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=100000
    if (image == 0) {
      if (made_left != 0) {
        beats = results.read();
        --made_left;
      } else {
      clear_images:
        for (int b = 0; b < Config::kBatch; ++b) {
#pragma HLS unroll
          beats.image[b] = 0;
        }
      }
    }
    const bool beat_ends = image + 1 == d.images;
    typename D::Beat beat;
    beat.data = beats.image[image];
    beat.keep = D::kEveryByte;
    beat.strb = D::kEveryByte;
    beat.last = beat_ends && beats_left == 1;
    port.write(beat);
    image = beat_ends ? 0 : int(image) + 1;
    if (beat_ends) --beats_left;
    counter.tick();
  }
  layers = uint_t<32>(d.index) + 1;
}

template <class Config>
void run_fc_layer(typename Ports<Config>::Axis& vectors, typename Ports<Config>::WeightPorts& weights,
                  typename Ports<Config>::Axis& result, FcDescriptor d, uint_t<32> beats, uint_t<32>& layers,
                  uint_t<32>& busy, uint_t<32>& starved, uint_t<32>& stalled) {
#pragma HLS dataflow
  using D = FcDerived<Config>;
  typename D::BeatStream vector_beats("vector_beats");
  typename D::RowStream weight_rows("weight_rows");
  typename D::ResultStream results("results");
  uint_t<32> vector_starved;

  SUMTILE_DATAFLOW(layer);
  SUMTILE_STAGE(layer, "load_vectors",
                load<Config>(vectors, vector_beats, beats, FcLoop::load_vectors, vector_starved));
  SUMTILE_STAGE(layer, "load_weights", load_fc_rows<Config>(weights, weight_rows, d.rows));
  SUMTILE_STAGE(layer, "multiply", multiply<Config>(vector_beats, weight_rows, results, d, busy, starved, stalled));
  SUMTILE_STAGE(layer, "send", send_vectors<Config>(results, result, d, layers));
}

// One call of the engine's top function. The registers describe the last call: its status, how many layers of the
// program are finished, the cycles of the multiplication, and those in which no weights were there or no result went.
template <class Config>
void fc_engine(typename Ports<Config>::Axis& vectors, typename Ports<Config>::WeightPorts& weights,
               typename Ports<Config>::Axis& result, uint_t<32>& stamp, uint_t<32>& status, uint_t<32>& layers,
               uint_t<32>& busy, uint_t<32>& starved, uint_t<32>& stalled) {
#pragma HLS inline
  bool last[Config::kWeightStreams];
#pragma HLS array_partition variable=last complete
  uint_t<32> word[kFcHeaderWords];
#pragma HLS array_partition variable=word complete
  read_header<Config>(weights, word, last);
  const FcDescriptor d = unpack_fc_descriptor(word);
  const Status found = d.magic != kFcMagic ? kBadMagic : d.stamp != Config::kStamp ? kBadStamp : kOk;
  stamp = Config::kStamp;
  status = found;
  if (found != kOk) {
    drain<Config>(weights, last);
  } else if (d.opcode == kLayer) {
    const uint_t<32> beats = uint_t<32>(d.vector_beats) * d.images;
    run_fc_layer<Config>(vectors, weights, result, d, beats, layers, busy, starved, stalled);
  } else {
    layers = 0, busy = 0, starved = 0, stalled = 0;
  }
}

}  // namespace sumtile

#endif
