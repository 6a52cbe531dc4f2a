// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// An array of INPUTS x ELEMENTS * OUTPUTS lanes: its elements share the features. The macros LANE and FEATURE name the
// modules of one form of lanes. A lane gives a value and a bit: its sign where SIGNED is set, a carry otherwise.
module array #(
    parameter INPUTS = 16, ELEMENTS = 16, OUTPUTS = 1, DATA = 8, X = 9, W = 8, P = 16, SUM = 24, SIGNED = 0, NEGATIVE = 0
) (
    input clock, clear,
    input [INPUTS*(DATA+1)-1:0] features,
    input [ELEMENTS*INPUTS*OUTPUTS*W-1:0] weights,
    output [ELEMENTS*OUTPUTS*SUM-1:0] sums
);
  wire [INPUTS*X-1:0] x;
  genvar i;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : input_lane
      `FEATURE #(DATA, X) feature (features[i*(DATA+1)+:DATA+1], x[i*X+:X]);
    end
    for (i = 0; i < ELEMENTS; i = i + 1) begin : output_lane
      element #(INPUTS, OUTPUTS, X, W, P, SUM, SIGNED, NEGATIVE) element (
          clock, clear, x, weights[i*INPUTS*OUTPUTS*W+:INPUTS*OUTPUTS*W], sums[i*OUTPUTS*SUM+:OUTPUTS*SUM]);
    end
  endgenerate
endmodule

// The features as they are.
module feature #(
    parameter DATA = 8, X = 9
) (
    input [DATA:0] feature,
    output [X-1:0] x
);
  assign x = feature;
endmodule

// INPUTS lanes, the tree that adds them up and the accumulator, for OUTPUTS outputs that share their lanes.
(* keep_hierarchy *)
module element #(
    parameter INPUTS = 16, OUTPUTS = 1, X = 9, W = 8, P = 16, SUM = 24, SIGNED = 0, NEGATIVE = 0
) (
    input clock, clear,
    input [INPUTS*X-1:0] x,
    input [INPUTS*OUTPUTS*W-1:0] w,
    output [OUTPUTS*SUM-1:0] sums
);
  localparam TOTAL = P + $clog2(INPUTS);
  wire [OUTPUTS*INPUTS*P-1:0] values;
  wire [OUTPUTS*INPUTS-1:0] extras;
  genvar i, o;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : input_lane
      wire [OUTPUTS*P-1:0] value;
      wire [OUTPUTS-1:0] extra;
      `LANE #(X, W, P) lane (x[i*X+:X], w[i*OUTPUTS*W+:OUTPUTS*W], value, extra);
      for (o = 0; o < OUTPUTS; o = o + 1) begin : output_lane
        stage #(P + 1) product (clock, {value[o*P+:P], extra[o]}, {values[(o*INPUTS+i)*P+:P], extras[o*INPUTS+i]});
      end
    end
    for (o = 0; o < OUTPUTS; o = o + 1) begin : output_sum
      wire [TOTAL-1:0] total;
      wire rest;
      wire negate = rest ^ NEGATIVE;
      if (SIGNED) signed_tree #(INPUTS, P) tree (clock, values[o*INPUTS*P+:INPUTS*P], extras[o*INPUTS+:INPUTS], total, rest);
      else sum_tree #(INPUTS, P) tree (clock, values[o*INPUTS*P+:INPUTS*P], extras[o*INPUTS+:INPUTS], total, rest);
      accumulator #(TOTAL, SUM) accumulate (clock, clear, total, SIGNED && negate, negate, sums[o*SUM+:SUM]);
    end
  endgenerate
endmodule
