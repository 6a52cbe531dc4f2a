// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Adder trees with a register behind each level. A node is one carry chain; it stays a module of its own, since yosys
// would otherwise rebuild the tree out of compressors, which take two LUTs a bit.

// Sum of N values and N carries, where N is a power of two. Every node's carry input takes one of the carries; the
// one that is left goes to the accumulator's.
module sum_tree #(
    parameter N = 16, W = 16
) (
    input clock,
    input [N*W-1:0] values,
    input [N-1:0] carries,
    output [W+$clog2(N)-1:0] sum,
    output carry
);
  generate
    if (N == 1) begin
      assign sum = values;
      assign carry = carries;
    end else begin
      localparam HALF = W + $clog2(N) - 1;
      wire [HALF-1:0] low, high;
      wire [HALF:0] node;
      wire low_carry, high_carry;
      sum_tree #(N / 2, W) low_half (clock, values[N/2*W-1:0], carries[N/2-1:0], low, low_carry);
      sum_tree #(N / 2, W) high_half (clock, values[N*W-1:N/2*W], carries[N-1:N/2], high, high_carry);
      sum_node #(HALF) add (low, high, low_carry, node);
      stage #(HALF + 2) level (clock, {node, high_carry}, {sum, carry});
    end
  endgenerate
endmodule

(* keep_hierarchy *)
module sum_node #(
    parameter W = 16
) (
    input signed [W-1:0] a, b,
    input carry,
    output [W:0] sum
);
  wire signed [W:0] wide_a = a, wide_b = b;
  chain #(W + 1) add (wide_a, wide_b, 1'b0, carry, sum);
endmodule

// Sum of N values, each to be negated where its sign is set. The sign of a node is that of its first value, so a node
// adds or subtracts, one LUT a bit, and only the accumulator applies the last sign. The node is written as in
// hls/include/sumtile/sums.hpp.
module signed_tree #(
    parameter N = 16, W = 16
) (
    input clock,
    input [N*W-1:0] values,
    input [N-1:0] signs,
    output [W+$clog2(N)-1:0] sum,
    output sign
);
  generate
    if (N == 1) begin
      assign sum = values;
      assign sign = signs;
    end else begin
      localparam HALF = W + $clog2(N) - 1;
      wire [HALF-1:0] low, high;
      wire [HALF:0] node;
      wire low_sign, high_sign;
      signed_tree #(N / 2, W) low_half (clock, values[N/2*W-1:0], signs[N/2-1:0], low, low_sign);
      signed_tree #(N / 2, W) high_half (clock, values[N*W-1:N/2*W], signs[N-1:N/2], high, high_sign);
      signed_node #(HALF) add (low, high, low_sign, high_sign, node);
      stage #(HALF + 2) level (clock, {node, low_sign}, {sum, sign});
    end
  endgenerate
endmodule

(* keep_hierarchy *)
module signed_node #(
    parameter W = 16
) (
    input signed [W-1:0] a, b,
    input a_sign, b_sign,
    output [W:0] sum
);
  wire signed [W:0] wide_a = a, wide_b = b;
  wire differ = a_sign ^ b_sign;
  assign sum = wide_a + (wide_b ^ {(W + 1) {differ}}) + differ;
endmodule

// The accumulator of one output: adds the value or its inverse, and a carry; clear takes the place of an addition.
(* keep_hierarchy *)
module accumulator #(
    parameter W = 20, SUM = 24
) (
    input clock, clear,
    input signed [W-1:0] value,
    input negate, carry,
    output reg [SUM-1:0] sum
);
  wire signed [SUM-1:0] wide = value;
  wire [SUM-1:0] next;
  chain #(SUM) add_or_subtract (sum, wide, negate, carry, next);
  always @(posedge clock)
    if (clear) sum <= 0;
    else sum <= next;
endmodule

// A pipeline register.
module stage #(
    parameter W = 1
) (
    input clock,
    input [W-1:0] d,
    output reg [W-1:0] q
);
  always @(posedge clock) q <= d;
endmodule
