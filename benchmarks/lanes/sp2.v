// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Lanes of the operator Sp2 with weights of 4 bits: sign | e1 (2 bits) | e2 (1 bit).

// Two shifted features on one carry chain. The second one, which needs only a gate, feeds the chain directly.
(* keep_hierarchy *)
module sp2_chain #(
    parameter X = 9, W = 4, P = 12
) (
    input signed [X-1:0] x,
    input [W-1:0] w,
    output [P-1:0] value,
    output extra
);
  wire signed [P-1:0] wide = x, shifted = w[2:1] == 1 ? wide <<< 2 : w[2:1] == 2 ? wide <<< 1 : w[2:1] == 3 ? wide : 0;
  wire signed [P-3:0] gated = w[0] ? x : 0;
  chain #(P - 2) add (gated, shifted[P-1:2], 1'b0, 1'b0, value[P-1:2]);
  assign value[1:0] = shifted[1:0];
  assign extra = w[3];
endmodule

// 2x, and 2x ^ 6x, 2x ^ 4x and 2x ^ 3x, of one feature for all outputs.
(* keep_hierarchy *)
module sp2_multiples #(
    parameter DATA = 8, X = 4 * (DATA + 4)
) (
    input signed [DATA:0] feature,
    output [X-1:0] x
);
  wire signed [DATA+3:0] one = feature, two = one <<< 1, four = one <<< 2;
  wire signed [DATA+3:0] three = one + two, six = three <<< 1;
  assign x = {two ^ three, two ^ four, two ^ six, two};
endmodule

// With q1 the first term, the second being 0 or 4: 4 + q1 = 2 + (2 + q1) where e2 is set, and q1 = -(2 - (2 + q1))
// otherwise. So a lane adds or subtracts one of four multiples, (2 + q1) x, and nothing has to be gated: one LUT a bit.
// Written as in hls/include/sumtile/sp2.hpp.
(* keep_hierarchy *)
module sp2_shared #(
    parameter X = 48, W = 4, P = 12
) (
    input [X-1:0] x,
    input [W-1:0] w,
    output [P-1:0] value,
    output extra
);
  wire subtract = !w[0];
  wire [P-1:0] twice = x[P-1:0];
  wire [P-1:0] folded = w[2:1] == 0 ? 0 : w[2:1] == 1 ? x[P+:P] : w[2:1] == 2 ? x[2*P+:P] : x[3*P+:P];
  wire [P-1:0] multiple = twice ^ folded;
  assign value = twice + (multiple ^ {P{subtract}}) + subtract;
  assign extra = w[3] ^ w[0];
endmodule
