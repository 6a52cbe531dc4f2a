// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Lanes of the operator Mac without DSPs: x times a weight in two's complement, or with a sign bit.

// One row of AND gates and one carry chain for each bit of the weight.
(* keep_hierarchy *)
module multiplier_rows #(
    parameter X = 9, W = 8, P = 16
) (
    input signed [X-1:0] x,
    input [W-1:0] w,
    output [P-1:0] value,
    output extra
);
  genvar j;
  generate
    for (j = 0; j < W; j = j + 1) begin : row
      wire signed [X:0] gated = w[j] ? x : 0;
      wire signed [X:0] sum;
      if (j == 0) begin
        assign sum = gated;
      end else begin
        wire signed [X:0] above = row[j-1].sum >>> 1;
        chain #(X + 1) add_or_subtract (above, gated, j == W - 1, j == W - 1, sum);
      end
      assign value[j] = sum[0];
    end
  endgenerate
  assign value[P-1:W] = row[W-1].sum[P-W:1];
  assign extra = 0;
endmodule

// Radix-4 Booth: a row adds -2x to 2x for two bits of the weight. The selection takes five inputs of the LUT that adds.
(* keep_hierarchy *)
module multiplier_booth #(
    parameter X = 9, W = 8, P = 16
) (
    input signed [X-1:0] x,
    input [W-1:0] w,
    output [P-1:0] value,
    output extra
);
  localparam ROWS = W / 2;
  wire [W:0] bits = {w, 1'b0};
  genvar j;
  generate
    for (j = 0; j < ROWS; j = j + 1) begin : row
      wire high = bits[2*j+2], middle = bits[2*j+1], low = bits[2*j];
      wire signed [X+1:0] once = x, twice = x <<< 1;
      wire signed [X+1:0] digit = middle ^ low ? once : high ^ middle ? twice : 0;
      wire signed [X+1:0] above, sum;
      if (j == 0) assign above = 0;
      else assign above = row[j-1].sum >>> 2;
      chain #(X + 2) add_or_subtract (above, digit, high, high, sum);
      if (j < ROWS - 1) assign value[2*j+:2] = sum[1:0];
    end
  endgenerate
  assign value[P-1:W-2] = row[ROWS-1].sum[P-W+1:0];
  assign extra = 0;
endmodule

// The multiples 2x, 2x^3x, 2x^4x and 2x^5x of one feature, for all outputs: sign | 3 bits of magnitude choose among them.
(* keep_hierarchy *)
module multiplier_multiples #(
    parameter DATA = 8, X = 4 * (DATA + 4)
) (
    input signed [DATA:0] feature,
    output [X-1:0] x
);
  wire signed [DATA+3:0] one = feature, two = one <<< 1, four = one <<< 2;
  wire signed [DATA+3:0] three = one + two, five = one + four;
  assign x = {two ^ five, two ^ four, two ^ three, two};
endmodule

// (4 h + l) x = 2x + (2 + l) x where h is set, and -(2x - (2 + l) x) otherwise: one LUT a bit.
(* keep_hierarchy *)
module multiplier_shared #(
    parameter X = 48, W = 4, P = 12
) (
    input [X-1:0] x,
    input [W-1:0] w,
    output [P-1:0] value,
    output extra
);
  choose_and_add #(P) add (x, w[1:0], !w[2], value);
  assign extra = w[3] ^ w[2];
endmodule
