// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// multiply: keeps the vectors of all images, and sums up one output after the other. A row of weights is used in the
// iteration in which it arrives, by all images at once, and is never stored. Of two factors, the first one's results
// become the vectors of the second.
//
// In the stream, kRowRecords outputs are a block: a row with their parameters, then the rows of each. The last block of
// a factor has the rows of as many outputs as there are left.
#ifndef SUMTILE_FC_MULTIPLY_HPP
#define SUMTILE_FC_MULTIPLY_HPP

#include "sumtile/activate.hpp"
#include "sumtile/fc_lanes.hpp"

namespace sumtile {

// In the order of the names in fc_kernel.cpp.
enum class FcLoop { load_vectors, load_weights, fill, multiply, send };

// Words of vectors: a bank for each beat of a word, for each image.
template <class Config, int Words>
struct FcMemory {
  using D = FcDerived<Config>;
  typename D::BeatData bank[Config::kBatch][D::kWordBeats][Words];

  FcMemory() {
#pragma HLS array_partition variable=bank complete dim=1
#pragma HLS array_partition variable=bank complete dim=2
  }

  void read(int image, int index, typename D::BeatData (&word)[D::kWordBeats]) const {
#pragma HLS inline
  read_banks:
    for (int i = 0; i < D::kWordBeats; ++i) {
#pragma HLS unroll
      word[i] = bank[image][i][index];
    }
  }
};

// The shape and the arithmetic of one factor.
template <class Config>
struct FcFactor {
  uint_t<16> words, outputs, slope;
  int_t<32> clamp_low, clamp_high;
  uint_t<6> out_shift;
  bool ifm_unsigned, ofm_unsigned, is_last;

  FcFactor(const FcDescriptor& d, bool second) {
#pragma HLS inline
    is_last = second || d.factors == 1;
    words = second ? d.second_words : d.first_words;
    outputs = second ? d.second_outputs : d.first_outputs;
    ifm_unsigned = !second && d.ifm_unsigned != 0;
    ofm_unsigned = is_last && d.ofm_unsigned != 0;
    slope = is_last ? d.slope : uint_t<16>(1 << kSlopeBits);
    clamp_low = is_last ? d.clamp_low : int_t<32>(-(1ll << (2 * Config::kDataBits - 1)));
    clamp_high = is_last ? d.clamp_high : int_t<32>((1ll << (2 * Config::kDataBits - 1)) - 1);
    out_shift = is_last ? d.out_shift : d.middle_shift;
  }
};

// The parameters of the outputs of a block. In memory an output has two words of 32 bits: the addend; then the
// multiplier in 16 bits, the shift in 8, and 8 zeros.
template <class Config>
struct FcParameters {
  using D = FcDerived<Config>;
  int_t<32> add[D::kRowRecords];
  int_t<16> mul[D::kRowRecords];
  uint_t<6> shift[D::kRowRecords];

  FcParameters() {
#pragma HLS array_partition variable=add complete
#pragma HLS array_partition variable=mul complete
#pragma HLS array_partition variable=shift complete
  }

  void take(const typename D::WeightRow& row) {
#pragma HLS inline
  take_records:
    for (int i = 0; i < D::kRowRecords; ++i) {
#pragma HLS unroll
      add[i] = int_t<32>(word(row, 2 * i));
      const uint_t<32> scale = word(row, 2 * i + 1);
      mul[i] = int_t<16>(uint_t<16>(scale));
      shift[i] = uint_t<6>(scale >> 16);
    }
  }

  typename D::Mid requantized(const typename D::Accumulator& sum, const uint_t<8>& record) const {
#pragma HLS inline
    return requantize<D::kMidBits, D::kAccumulatorBits>(sum, mul[record], shift[record], add[record]);
  }

 private:
  static uint_t<32> word(const typename D::WeightRow& row, int index) {
#pragma HLS inline
    return get_lane<32>(row.beat[index / D::kBeatWords], index % D::kBeatWords);
  }
};

// Where the walk over the rows of a factor stands.
struct FcWalk {
  uint_t<16> word = 0, output = 0;
  uint_t<8> record = 0;        // of the row of parameters
  bool at_parameters = true;   // the next row has parameters
  uint_t<16> memory_word = 0;  // that the row meets, and its first lane there
  int first = 0;

  // On to the next row of weights, which has `own` of them.
  void advance(bool output_ends, int records, int own, int lanes) {
#pragma HLS inline
    const bool memory_word_ends = first + own >= lanes;
    first = output_ends || memory_word_ends ? 0 : first + own;
    memory_word = output_ends ? 0 : int(memory_word) + int(memory_word_ends);
    word = output_ends ? 0 : int(word) + 1;
    if (!output_ends) return;
    ++output;
    at_parameters = record + 1 == records;
    record = at_parameters ? 0 : int(record) + 1;
  }
};

// The sum of each image's current output.
template <class Config>
struct FcSums {
  using D = FcDerived<Config>;
  typename D::Accumulator value[Config::kBatch];

  FcSums() {
#pragma HLS array_partition variable=value complete
  clear_sums:
    for (int b = 0; b < Config::kBatch; ++b) {
#pragma HLS unroll
      value[b] = 0;
    }
  }

  // Both factors share the lanes: what differs is the memory that a word comes from.
  template <class Inputs, class Middle>
  void add(const typename D::WeightRow& row, const Inputs& inputs, const Middle& middle, bool is_first,
           const FcWalk& walk, const FcDescriptor& d, bool is_unsigned) {
#pragma HLS inline
    FcWeights<Config> weights;
    weights.template unpack<0>(row, d.width, walk.first, typename Config::Widths());
  add_images:
    for (int b = 0; b < Config::kBatch; ++b) {
#pragma HLS unroll
      if (b < d.images) {
        typename D::BeatData word[D::kWordBeats];
#pragma HLS array_partition variable=word complete
        if (is_first) {
          inputs.read(b, int(walk.memory_word), word);
        } else {
          middle.read(b, int(walk.memory_word), word);
        }
        const typename D::Accumulator terms = weights.times(word, is_unsigned);
        value[b] = walk.word == 0 ? terms : typename D::Accumulator(value[b] + terms);
      }
    }
  }
};

// The outputs that become a beat, image by image, and where it goes.
template <class Config>
struct FcBeats {
  using D = FcDerived<Config>;
  typename D::ResultBeats beats;
  uint_t<8> slot = 0, bank = 0;
  uint_t<16> word = 0;
  bool waits = false;  // for room in the stream of results

  FcBeats() {
#pragma HLS array_partition variable=beats.image complete
    clear();
  }

  void clear() {
#pragma HLS inline
  clear_images:
    for (int b = 0; b < Config::kBatch; ++b) {
#pragma HLS unroll
      beats.image[b] = 0;
    }
  }

  // The next output of each image.
  void take(const FcSums<Config>& sums, const FcParameters<Config>& parameters, const uint_t<8>& record,
            const FcFactor<Config>& factor) {
#pragma HLS inline
  take_images:
    for (int b = 0; b < Config::kBatch; ++b) {
#pragma HLS unroll
      const typename D::Mid mid = parameters.requantized(sums.value[b], record);
      set_lane<D::kDataBits>(beats.image[b], int(slot), activate<D::kDataBits>(mid, factor));
    }
    ++slot;
  }

  bool full() const { return slot == D::kBeatValues; }

  // False where the stream of results has no room.
  bool leave(typename D::ResultStream& results) {
#pragma HLS inline
    if (!results.write_nb(beats)) return false;
    waits = false;
    clear();
    return true;
  }

  // The beat is complete: to the memory of middle vectors, or to the stream.
  template <class Memory>
  void finish(Memory& middle, bool is_last) {
#pragma HLS inline
    slot = 0;
    if (is_last) {
      waits = true;
      return;
    }
  store_images:
    for (int b = 0; b < Config::kBatch; ++b) {
#pragma HLS unroll
      middle.bank[b][bank][word] = beats.image[b];
    }
    clear();
    const bool word_ends = bank + 1 == D::kWordBeats;
    bank = word_ends ? 0 : int(bank) + 1;
    if (word_ends) ++word;
  }
};

// Beats of vectors come image by image: the first beat of each, then the second of each.
template <class Config, class Memory>
void fill(typename FcDerived<Config>::BeatStream& beats, Memory& memory, const FcDescriptor& d) {
#pragma HLS inline
  LoopCounter counter(FcLoop::fill);
  uint_t<8> image = 0, bank = 0;
  uint_t<16> word = 0;
  const uint_t<32> count = uint_t<32>(d.vector_beats) * d.images;
fill_beats:
  for (uint_t<32> i = 0; i < count; ++i) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=100000
    memory.bank[image][bank][word] = beats.read();
    const bool beat_ends = image + 1 == d.images, word_ends = beat_ends && bank + 1 == FcDerived<Config>::kWordBeats;
    image = beat_ends ? 0 : int(image) + 1;
    bank = word_ends ? 0 : int(bank) + int(beat_ends);
    if (word_ends) ++word;
    counter.tick();
  }
}

template <class Config>
void multiply(typename FcDerived<Config>::BeatStream& vectors, typename FcDerived<Config>::RowStream& rows,
              typename FcDerived<Config>::ResultStream& results, FcDescriptor d, uint_t<32>& busy, uint_t<32>& starved,
              uint_t<32>& stalled) {
  using D = FcDerived<Config>;
  FcMemory<Config, D::kInputWords> inputs;
  FcMemory<Config, D::kMiddleWords> middle;
  fill<Config>(vectors, inputs, d);
  LoopCounter counter(FcLoop::multiply);
  uint_t<32> cycles = 0, starving = 0, stalling = 0;

factors:
  for (int f = 0; f < int(d.factors); ++f) {
#pragma HLS loop_tripcount min=1 max=2
    const FcFactor<Config> factor(d, f != 0);
    FcWalk walk;
    FcParameters<Config> parameters;
    FcSums<Config> sums;
    FcBeats<Config> beats;
  multiply_rows:
    while (walk.output != factor.outputs || beats.waits) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=10000000
// The first factor only writes the middle vectors, and the second only reads them.
#pragma HLS dependence variable=middle.bank inter false
      ++cycles;
      if (beats.waits && !beats.leave(results)) ++stalling;
      typename D::WeightRow row;
#pragma HLS array_partition variable=row.beat complete
      const bool wants_row = !beats.waits && walk.output != factor.outputs;
      const bool has_row = wants_row && rows.read_nb(row);
      if (wants_row && !has_row) ++starving;
      if (has_row) counter.tick();
      if (has_row && walk.at_parameters) {
        parameters.take(row);
        walk.at_parameters = false;
      } else if (has_row) {
        const bool output_ends = walk.word + 1 == factor.words;
        sums.add(row, inputs, middle, f == 0, walk, d, factor.ifm_unsigned);
        if (output_ends) beats.take(sums, parameters, walk.record, factor);
        if (output_ends && (beats.full() || walk.output + 1 == factor.outputs)) beats.finish(middle, factor.is_last);
        walk.advance(output_ends, D::kRowRecords, int(d.row_weights), D::kLanes);
      }
    }
  }
  busy = cycles;
  starved = starving;
  stalled = stalling;
}

}  // namespace sumtile

#endif
