// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// What moves the terms of a basis array, each part alone: the gather network and the concentrator.
#include <cstdint>

#include "sumtile/concentrate.hpp"
#include "sumtile/gather.hpp"

namespace {

using sumtile::uint_t;

// The marked numbers of 0 to Lanes - 1, gathered at the head of `places`; returns how many, or -1 when scattering does
// not bring all of them back.
template <int Lanes>
int gather(std::uint32_t mask, std::int32_t* places) {
  int lane[Lanes];
  for (int i = 0; i < Lanes; ++i) lane[i] = i;
  const sumtile::Gather<Lanes> network{uint_t<Lanes>(mask)};
  network.apply(lane);
  for (int i = 0; i < Lanes; ++i) places[i] = lane[i];
  network.scatter(lane);
  for (int i = 0; i < Lanes; ++i) {
    if (lane[i] != i) return -1;
  }
  return network.count();
}

// Adds up `vectors` vectors of terms, whose values and signs follow one another and of which `counts` tells how many of
// Vector are there. Returns the cycles; `sum` gets the sum.
template <int Vector, int Lanes, int LookAhead, int LookAside>
long long concentrate(const std::int32_t* values, const std::int32_t* signs, const std::int32_t* counts, int vectors,
                      std::int64_t* sum) {
  using Terms = sumtile::Concentrator<9, Vector, Lanes, LookAhead, LookAside>;
  Terms terms;
  sumtile::int_t<32> total[1] = {0};
  long long cycles = 0;
  int taken = 0;
  do {
    if (taken < vectors && terms.has_room()) {
      sumtile::TermVector<9, Vector> vector;
      for (int i = 0; i < Vector; ++i) {
        vector.term[i].value = values[taken * Vector + i];
        vector.term[i].sign = -signs[taken * Vector + i];
      }
      vector.count = counts[taken];
      terms.take(vector, taken % 2 == 1);
      ++taken;
    }
    typename Terms::Sums step;
    terms.step(step);
    step.template accumulate<0>(total);
    ++cycles;
  } while (taken < vectors || !terms.empty());
  *sum = (long long)(total[0]);
  return cycles;
}

}  // namespace

#define SUMTILE_EXPORT extern "C" __attribute__((visibility("default")))

SUMTILE_EXPORT int gather_places(int lanes, std::uint32_t mask, std::int32_t* places) {
  switch (lanes) {
    case 2:
      return gather<2>(mask, places);
    case 4:
      return gather<4>(mask, places);
    case 8:
      return gather<8>(mask, places);
    case 16:
      return gather<16>(mask, places);
    default:
      return gather<32>(mask, places);
  }
}

// Masks of 16 lanes, of all of them, whose gathered bits differ from those taken one by one, or do not come back to
// their lanes when they are scattered.
SUMTILE_EXPORT long long count_wrong_bit_gathers(std::uint32_t bits) {
  long long wrong = 0;
  for (std::uint32_t mask = 0; mask < 1u << 16; ++mask) {
    bool lane[16];
    for (int i = 0; i < 16; ++i) lane[i] = bits >> i & 1;
    const sumtile::Gather<16> network{uint_t<16>(mask)};
    network.apply(lane);
    int count = 0;
    bool same = true;
    for (int i = 0; i < 16; ++i) {
      if (mask >> i & 1) same = same && lane[count++] == bool(bits >> i & 1);
    }
    network.scatter(lane);
    for (int i = 0; i < 16; ++i) same = same && lane[i] == bool(bits >> i & 1);
    wrong += !same || network.count() != count;
  }
  return wrong;
}

SUMTILE_EXPORT long long concentrated(int kind, const std::int32_t* values, const std::int32_t* signs,
                                      const std::int32_t* counts, int vectors, std::int64_t* sum) {
  decltype(&concentrate<16, 4, 2, 1>)
      const kinds[] = {concentrate<4, 2, 1, 1>,   concentrate<16, 4, 2, 1>, concentrate<16, 4, 0, 0>,
                       concentrate<16, 16, 2, 0>, concentrate<32, 8, 2, 1>, concentrate<32, 4, 3, 3>};
  return kinds[kind](values, signs, counts, vectors, sum);
}
