// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Lanes of the operator Mac on DSP48E1 multipliers, whose ports take 25 and 18 bits.

// Two products that share x in one multiplier. A negative lower product has borrowed from the upper one: the carry
// gives it back.
(* keep_hierarchy *)
module dsp_packed #(
    parameter X = 9, W = 8, P = 16
) (
    input signed [X-1:0] x,
    input [2*W-1:0] w,
    output [2*P-1:0] value,
    output [1:0] extra
);
  wire signed [W-1:0] low = w[W-1:0], high = w[2*W-1:W];
  wire signed [P+W:0] packed_weights = $signed({high, {P{1'b0}}}) + low;
  assign value = packed_weights * x;
  assign extra = {value[P-1], 1'b0};
endmodule

// One product, where two do not fit.
(* keep_hierarchy *)
module dsp_single #(
    parameter X = 17, W = 16, P = 32
) (
    input signed [X-1:0] x,
    input signed [W-1:0] w,
    output [P-1:0] value,
    output extra
);
  assign value = x * w;
  assign extra = 0;
endmodule
