// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Runs of STEPS steps through an array, one step a clock; prints the sums of each run. A step without a run's data, whose
// place the accumulators' clear takes, stands before each run.
module testbench;
  parameter INPUTS = 16, ELEMENTS = 1, OUTPUTS = 1, DATA = 8, X = 9, W = 8, P = 16, SUM = 24, SIGNED = 0, NEGATIVE = 0;
  parameter RUNS = 1, STEPS = 1;
  parameter LATENCY = 5;
  localparam PERIOD = STEPS + 1;
  localparam FEATURES = INPUTS * (DATA + 1), WEIGHTS = ELEMENTS * INPUTS * OUTPUTS * W;

  reg clock = 0, clear = 0;
  reg [FEATURES-1:0] features, all_features[0:RUNS*PERIOD+LATENCY-1];
  reg [WEIGHTS-1:0] weights, all_weights[0:RUNS*PERIOD+LATENCY-1];
  wire [ELEMENTS*OUTPUTS*SUM-1:0] sums;
  array #(INPUTS, ELEMENTS, OUTPUTS, DATA, X, W, P, SUM, SIGNED, NEGATIVE) dut (clock, clear, features, weights, sums);

  integer step;
  initial begin
    $readmemh("features.hex", all_features);
    $readmemh("weights.hex", all_weights);
    for (step = 0; step <= RUNS * PERIOD + LATENCY; step = step + 1) begin
      features = all_features[step];
      weights = all_weights[step];
      clear = (step - LATENCY) % PERIOD == 0;
      #1;
      if (clear && step > LATENCY) $display("%h", sums);
      clock = 1;
      #1;
      clock = 0;
    end
  end
endmodule
