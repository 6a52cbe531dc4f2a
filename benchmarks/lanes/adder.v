// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Lanes of the operator Adder. Both operands have one bit more than the data, and so has the difference: they are
// signed together or unsigned together.

// Minus |x - w| in the lane: the difference, inverted unless it is negative, and the carry that makes up for the
// inversion.
(* keep_hierarchy *)
module adder_ones_complement #(
    parameter X = 9, W = 9, P = 9
) (
    input signed [X-1:0] x,
    input signed [W-1:0] w,
    output [P-1:0] value,
    output extra
);
  wire [P-1:0] difference = x - w;
  assign extra = !difference[P-1];
  assign value = difference ^ {P{extra}};
endmodule

// The difference alone and its sign, for a tree of additions and subtractions and an accumulator that subtracts, as
// hls/include/sumtile/operators.hpp writes it.
(* keep_hierarchy *)
module adder_signed #(
    parameter X = 9, W = 9, P = 9
) (
    input signed [X-1:0] x,
    input signed [W-1:0] w,
    output [P-1:0] value,
    output extra
);
  assign value = x - w;
  assign extra = value[P-1];
endmodule
