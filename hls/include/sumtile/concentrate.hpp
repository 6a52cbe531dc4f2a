// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Concentration: a sum does not care for the order of its terms, so a lane of adders with nothing to add takes a term
// that would come later (ESCALATE, MICRO'21). Terms wait in rows, one place for each lane. A lane takes, in this order,
// its own place of the first row (look-ahead 0) to the LookAhead-th behind it, and then those of the lanes that follow
// it, up to the LookAside-th. So the first row is always used up, and rows that others have emptied are passed over.
#ifndef SUMTILE_CONCENTRATE_HPP
#define SUMTILE_CONCENTRATE_HPP

#include "sumtile/sums.hpp"

namespace sumtile {

// A term of a sum: a magnitude in two's complement and a sign that is all ones where it counts negatively.
template <int Bits>
struct Term {
  lane_t<Bits> value;
  lane_t<1> sign;
};

// Up to Vector terms, gathered at the head.
template <int Bits, int Vector>
struct TermVector {
  Term<Bits> term[Vector];
  uint_t<8> count;
};

template <int Bits, int Vector, int Lanes, int LookAhead, int LookAside>
class Concentrator {
 public:
  static_assert(Vector % Lanes == 0, "a vector fills whole rows of the adders' lanes");
  static_assert(0 <= LookAhead && LookAhead < 8 && 0 <= LookAside && LookAside < Lanes,
                "look-ahead goes up to 7 rows, look-aside to another lane");
  static constexpr int kVectorRows = Vector / Lanes;
  static constexpr int kRows = LookAhead + kVectorRows;
  using Sums = SignedSums<Bits + ceil_log2(Lanes), 1, Lanes>;

  Concentrator() {
#pragma HLS inline
#pragma HLS array_partition variable=row_ complete dim=0
#pragma HLS array_partition variable=filled_ complete dim=0
  clear_rows:
    for (int r = 0; r < kRows; ++r) {
#pragma HLS unroll
    clear_lanes:
      for (int i = 0; i < Lanes; ++i) {
#pragma HLS unroll
        filled_[r][i] = false;
        row_[r][i].value = 0;
        row_[r][i].sign = 0;
      }
    }
  }

  bool empty() const { return pending_ == 0; }
  // A vector fits behind the rows that are waiting.
  bool has_room() const { return pending_ <= LookAhead; }

  // Rows of a vector fill from lane 0 on; those of every other one are turned round, so that the gaps of one meet the
  // terms of the next.
  void take(const TermVector<Bits, Vector>& vector, bool turned) {
#pragma HLS inline
  take_rows:
    for (int r = 0; r < kRows; ++r) {
#pragma HLS unroll
    take_lanes:
      for (int i = 0; i < Lanes; ++i) {
#pragma HLS unroll
        const int part = r - int(pending_);
        if (part >= 0 && part < kVectorRows) {
          const int place = part * Lanes + (turned ? Lanes - 1 - i : i);
          row_[r][i] = vector.term[place];
          filled_[r][i] = place < int(vector.count);
        }
      }
    }
    pending_ = int(pending_) + (int(vector.count) + Lanes - 1) / Lanes;
  }

  // Takes a term, or none, for each lane into `sums`, and closes the ranks.
  void step(Sums& sums) {
#pragma HLS inline
    bool busy[Lanes];
#pragma HLS array_partition variable=busy complete
  start_lanes:
    for (int i = 0; i < Lanes; ++i) {
#pragma HLS unroll
      busy[i] = false;
      sums.value[i][0] = 0;
      sums.sign[i][0] = 0;
    }
  look_aside:
    for (int aside = 0; aside <= LookAside; ++aside) {
#pragma HLS unroll
    look_ahead:
      for (int r = 0; r <= LookAhead; ++r) {
#pragma HLS unroll
      pick_lanes:
        for (int i = 0; i < Lanes; ++i) {
#pragma HLS unroll
          const int lane = (i + aside) % Lanes;
          if (!busy[i] && filled_[r][lane]) {
            sums.value[i][0] = row_[r][lane].value;
            sums.sign[i][0] = row_[r][lane].sign;
            busy[i] = true;
            filled_[r][lane] = false;
          }
        }
      }
    }
    close_ranks();
  }

 private:
  void close_ranks() {
#pragma HLS inline
    int emptied = 0;
    bool all = true;
  count_emptied:
    for (int r = 0; r <= LookAhead; ++r) {
#pragma HLS unroll
      bool some = false;
    any_lane:
      for (int i = 0; i < Lanes; ++i) {
#pragma HLS unroll
        some = some || filled_[r][i];
      }
      all = all && !some && r < int(pending_);
      emptied += all ? 1 : 0;
    }
  move_rows:
    for (int r = 0; r < kRows; ++r) {
#pragma HLS unroll
    move_lanes:
      for (int i = 0; i < Lanes; ++i) {
#pragma HLS unroll
        const int from = r + emptied;
        filled_[r][i] = from < kRows && filled_[from < kRows ? from : 0][i];
        row_[r][i] = row_[from < kRows ? from : 0][i];
      }
    }
    pending_ = int(pending_) - emptied;
  }

  Term<Bits> row_[kRows][Lanes];
  bool filled_[kRows][Lanes];
  uint_t<8> pending_ = 0;  // rows
};

}  // namespace sumtile

#endif
