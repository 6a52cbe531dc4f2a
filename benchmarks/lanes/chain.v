// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// What the lanes are made of.

// One carry chain: a + b + carry, or a + ~b + carry. a feeds the chain directly and b comes through the LUTs, so whatever
// b is made of belongs to them. It is written as a difference because yosys exchanges the operands of a sum at will,
// with the carry as one more bit below both operands because yosys makes compressors of three.
module chain #(
    parameter W = 16
) (
    input [W-1:0] a, b,
    input invert, carry,
    output [W-1:0] sum
);
  wire unused;
  assign {sum, unused} = {a, carry} - {b ^ {W{!invert}}, !carry};
endmodule

// 2x plus or minus one of the multiples m. They come as 2x ^ m, which is what the LUT of a carry chain needs. The lowest
// bit of 2x is zero, so the chain begins behind it.
module choose_and_add #(
    parameter P = 12
) (
    input [4*P-1:0] x,
    input [1:0] index,
    input subtract,
    output [P-1:0] value
);
  wire [P-1:0] propagate = index == 0 ? 0 : index == 1 ? x[P+:P] : index == 2 ? x[2*P+:P] : x[3*P+:P];
  wire [P-2:0] one = x[P-1:1];
  chain #(P - 1) add (one, one ^ propagate[P-1:1], subtract, subtract && !propagate[0], value[P-1:1]);
  assign value[0] = propagate[0];
endmodule
