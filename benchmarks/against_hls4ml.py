# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Images per processor second of the C simulations of sumtile and of hls4ml, on one CNN in one run: ``python benchmarks/against_hls4ml.py``.

The network has two 3x3 convolutions (1 to 16 to 32 channels, ReLU) on a 28x28 map. hls4ml simulates it with io_stream and
ap_fixed<16,6>; sumtile with 16-bit features and weights on an engine of 16 x 16 x 4 multipliers. Both results are held
against the float network. Needs ``pip install hls4ml torch``.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable

import numpy as np

from sumtile.compiler import compile_network
from sumtile.csim import Simulator
from sumtile.network import Activation, Conv, Network, Preprocess
from sumtile.network.reference import run_float
from sumtile.overlay import Board, Overlay
from sumtile.quantize import quantize_network, schemes

IMAGES, ROUNDS = 16, 5
ENGINE = {
    "name": "conv",
    "top": "mac_conv",
    "data_bits": 16,
    "stream_bits": 128,
    "lanes": {"ti": 16, "to": 16, "tp": 4},
    "arrays": [{"operator": "mac", "fold": 1, "weight_bits": 16}],
    "limits": {"kernel": 7, "reduction": 65536, "channels": 2048},
    "buffers": {"feature_words": 1024, "weight_tiles": 512, "reorder_words": 2048, "pool_beats": 2048},
}


def two_layers() -> Network:
    """The network with random weights of the usual size."""
    rng = np.random.default_rng(0)
    nodes = []
    source = "input"
    for number, (inputs, outputs) in enumerate([(1, 16), (16, 32)], 1):
        weight = rng.normal(0, (2 / (9 * inputs)) ** 0.5, (outputs, inputs, 3, 3)).astype(np.float32)
        nodes += [
            Conv(f"conv{number}", (source,), weight, bias=rng.normal(0, 0.1, outputs).astype(np.float32), padding=(1, 1, 1, 1)),
            Activation(f"relu{number}", (f"conv{number}",)),
        ]
        source = f"relu{number}"
    return Network("two layers", Preprocess(28, 28, (0.0,), (1.0,)), nodes)


def hls4ml_predictor(network: Network, folder: str) -> Callable[[np.ndarray], np.ndarray]:
    """Compiles the network with hls4ml; the function takes float NCHW and gives float NHWC."""
    import hls4ml
    import torch

    modules: list[torch.nn.Module] = []
    for node in network.nodes:
        if isinstance(node, Conv) and node.bias is not None:
            conv = torch.nn.Conv2d(node.weight.shape[1], node.weight.shape[0], 3, padding=1)
            conv.weight.data, conv.bias.data = torch.tensor(node.weight), torch.tensor(node.bias)
            modules.append(conv)
        else:
            modules.append(torch.nn.ReLU())
    model = torch.nn.Sequential(*modules).eval()
    config = hls4ml.utils.config_from_pytorch_model(model, (1, 28, 28), default_precision="ap_fixed<16,6>", channels_last_conversion="full")
    compiled = hls4ml.converters.convert_from_pytorch_model(model, hls_config=config, io_type="io_stream", output_dir=folder, backend="Vitis")
    compiled.compile()
    return lambda values: compiled.predict(np.ascontiguousarray(values.transpose(0, 2, 3, 1))).reshape(len(values), 28, 28, -1)


def sumtile_predictor(network: Network, images: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Quantizes and compiles the network; the function takes float NCHW and gives float NHWC."""
    overlay = Overlay.from_dict({"name": "mac16", "clock_mhz": 100, "engines": [ENGINE]}, Board.load("zcu102"))
    program = compile_network(quantize_network(network, images, schemes.covering(16)), overlay)
    simulator = Simulator(program, overlay=overlay)
    source, target = program.tensors[program.input].format, program.tensors[program.output].format
    return lambda values: np.stack([target.dequantize(simulator.infer(source.quantize(image.transpose(1, 2, 0)))) for image in values])


def main() -> None:
    network = two_layers()
    images = np.random.default_rng(1).integers(0, 256, (IMAGES, 28, 28, 1)).astype(np.uint8)
    values = network.preprocess.apply(images)
    reference = run_float(network, values)[network.output].transpose(0, 2, 3, 1)
    with tempfile.TemporaryDirectory() as folder:
        predictors = {"hls4ml": hls4ml_predictor(network, folder), "sumtile": sumtile_predictor(network, images)}
        rates: dict[str, list[float]] = {name: [] for name in predictors}
        for _ in range(ROUNDS):
            for name, predict in predictors.items():
                start = time.thread_time()
                result = predict(values)
                rates[name].append(IMAGES / (time.thread_time() - start))
                assert np.abs(result - reference).max() < 0.2, f"{name} differs from the float network"
    for name, values_of in rates.items():
        print(f"{name}: {statistics.median(values_of):.1f} images per processor second (median of {ROUNDS})")
    print(f"sumtile / hls4ml: {statistics.median(a / b for a, b in zip(rates['sumtile'], rates['hls4ml'])):.0f}x")


if __name__ == "__main__":
    main()
