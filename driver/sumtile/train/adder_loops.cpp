// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
//
// The two loops of an adder convolution that no matrix product can stand in for: forward and input gradient.
// Maps are NHWC float, already padded with zeros; channel counts are multiples of LANES. Source: Chen et al.,
// "AdderNet: Do We Really Need Multiplications in Deep Learning?", CVPR'20, sections 3.1 and 3.2.

#include <algorithm>
#include <cstdint>
#include <cstring>

// Mirrored by _Geometry in loops.py.
struct Geometry {
  int32_t images, height, width, channels;  // the padded input
  int32_t out_height, out_width, outputs;
  int32_t kernel_height, kernel_width;
  int32_t stride_height, stride_width;
  int32_t dilation_height, dilation_width;
  int32_t threads;
};

namespace {

constexpr int LANES = 16;  // channels that one vector holds
constexpr int PIXELS = 8;  // output pixels that share a weight vector while it is in a register

typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t Bits __attribute__((vector_size(LANES * sizeof(float))));

Vector load(const float* from) {
  Vector value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

void store(float* to, Vector value) { std::memcpy(to, &value, sizeof value); }

Vector magnitude(Vector value) { return (Vector)((Bits)value & 0x7fffffff); }

Vector hard_tanh(Vector value) {
  const Vector one = Vector{} + 1.0f;
  value = value < one ? value : one;
  return value > -one ? value : -one;
}

// Where PIXELS consecutive output pixels lie in an image; past the end the last pixel is repeated.
struct Tile {
  int64_t input[PIXELS];   // first tap of the pixel's window, in floats
  int64_t output[PIXELS];  // index of the pixel
  int count;

  Tile(const Geometry& g, int first) {
    const int total = g.out_height * g.out_width;
    count = std::min(PIXELS, total - first);
    for (int t = 0; t < PIXELS; ++t) {
      const int pixel = std::min(first + t, total - 1);
      const int64_t row = pixel / g.out_width * g.stride_height, column = pixel % g.out_width * g.stride_width;
      input[t] = (row * g.width + column) * g.channels;
      output[t] = pixel;
    }
  }
};

int64_t tap_offset(const Geometry& g, int ky, int kx) {
  return (int64_t(ky) * g.dilation_height * g.width + kx * g.dilation_width) * g.channels;
}

void forward_tile(const Geometry& g, const Tile& tile, const float* x, const float* weights, float* y) {
  for (int block = 0; block < g.outputs; block += LANES) {
    Vector sum[PIXELS] = {};
    for (int ky = 0; ky < g.kernel_height; ++ky)
      for (int kx = 0; kx < g.kernel_width; ++kx) {
        const float* tap = x + tap_offset(g, ky, kx);
        for (int c = 0; c < g.channels; ++c, weights += LANES) {
          const Vector weight = load(weights);
#pragma GCC unroll PIXELS
          for (int t = 0; t < PIXELS; ++t) sum[t] += magnitude(weight - tap[tile.input[t] + c]);
        }
      }
    for (int t = 0; t < PIXELS; ++t) store(y + tile.output[t] * g.outputs + block, -sum[t]);
  }
}

void input_gradient_tile(const Geometry& g, const Tile& tile, const float* x, const float* weights, const float* dy,
                         float* dx) {
  for (int ky = 0; ky < g.kernel_height; ++ky)
    for (int kx = 0; kx < g.kernel_width; ++kx)
      for (int block = 0; block < g.channels; block += LANES) {
        const int64_t tap = tap_offset(g, ky, kx) + block;
        Vector value[PIXELS], sum[PIXELS] = {};
        for (int t = 0; t < PIXELS; ++t) value[t] = load(x + tile.input[t] + tap);
        for (int o = 0; o < g.outputs; ++o, weights += LANES) {
          const Vector weight = load(weights);
#pragma GCC unroll PIXELS
          for (int t = 0; t < PIXELS; ++t) sum[t] += dy[tile.output[t] * g.outputs + o] * hard_tanh(weight - value[t]);
        }
        for (int t = 0; t < tile.count; ++t) {
          float* to = dx + tile.input[t] + tap;
          store(to, load(to) + sum[t]);
        }
      }
}

}  // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))

// y = -sum |x - w|. Weights lie as [outputs / LANES][ky][kx][c][LANES].
EXPORTED void adder_forward(const Geometry* geometry, const float* x, const float* weights, float* y) {
  const Geometry g = *geometry;
  const int pixels = g.out_height * g.out_width;
  const int64_t x_size = int64_t(g.height) * g.width * g.channels, y_size = int64_t(pixels) * g.outputs;
#pragma omp parallel for num_threads(g.threads)
  for (int n = 0; n < g.images; ++n)
    for (int first = 0; first < pixels; first += PIXELS)
      forward_tile(g, Tile(g, first), x + n * x_size, weights, y + n * y_size);
}

// dx += sum dy * clip(w - x, -1, 1). Weights lie as [ky][kx][channels / LANES][o][LANES]; dx starts as zeros.
EXPORTED void adder_input_gradient(const Geometry* geometry, const float* x, const float* weights, const float* dy,
                                   float* dx) {
  const Geometry g = *geometry;
  const int pixels = g.out_height * g.out_width;
  const int64_t x_size = int64_t(g.height) * g.width * g.channels, y_size = int64_t(pixels) * g.outputs;
#pragma omp parallel for num_threads(g.threads)
  for (int n = 0; n < g.images; ++n)
    for (int first = 0; first < pixels; first += PIXELS)
      input_gradient_tile(g, Tile(g, first), x + n * x_size, weights, dy + n * y_size, dx + n * x_size);
}
