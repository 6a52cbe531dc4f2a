# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Whole networks through the quantizer: formats, dead channels, reported errors, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.formats import FixedPoint
from sumtile.network import Activation, BatchNorm, Network, Preprocess
from sumtile.network.reference import run_float
from sumtile.quantize import QuantizedNetwork, quantize_network
from sumtile.quantize.activation_rules import Range
from sumtile.quantize.real import run_quantized
from sumtile.quantize.schemes import covering
from tests.support.networks import batch_norm, conv, lenet, normalized, random_images, resnet


def quantized(network: Network, **settings: object) -> QuantizedNetwork:
    return quantize_network(network, random_images(network, 40, 1), covering(**settings))  # type: ignore[arg-type]


def snr(network: Network, result: QuantizedNetwork, seed: int) -> float:
    """Signal to noise of the output on fresh images, in dB."""
    x = network.preprocess.apply(random_images(network, 20, seed))
    expected = run_float(network, x)[network.output].reshape(20, len(result.layers[-1].scale), -1)
    found = result.formats[result.output].dequantize(run_quantized(result, x.transpose(0, 2, 3, 1))[result.output])
    found = found.transpose(0, 3, 1, 2).reshape(expected.shape)
    return 10 * float(np.log10(np.sum(expected**2) / np.sum((expected - found) ** 2)))


@pytest.mark.parametrize("build", [lenet, resnet])
def test_more_bits_bring_the_float_result_closer(build: object) -> None:
    network = build(3)  # type: ignore[operator]
    low, high, highest = (quantized(network, bits=bits).errors[-1].snr for bits in (4, 8, 14))
    assert low + 12 < high and high + 24 < highest and high > 22, f"SNR at 4, 8 and 14 bits: {low:.1f}, {high:.1f}, {highest:.1f} dB"


def test_formats_follow_signs_and_ranges() -> None:
    network = resnet(4)
    result = quantized(network, bits=6)
    x = network.preprocess.apply(random_images(network, 40, 1))
    tensors = run_float(network, x)
    assert all(format.bits == 6 for format in result.formats.values())
    assert {name for name, format in result.formats.items() if not format.signed} == {"relu1", "relu2", "block1", "mean"}
    # The average's format holds what is averaged: an engine saturates no average at 6 bits.
    for name, covered in {"relu1": "relu1", "relu2": "relu2", "block1": "block1", "mean": "block2", "bn_short": "bn_short", "bn5": "bn5"}.items():
        format, largest = result.formats[name], float(np.abs(tensors[covered]).max())
        assert largest <= (format.high + format.signed) * format.scale < 2.2 * largest + format.scale, name
    assert result.formats["input"] == FixedPoint(6, 3)  # (0 - 0.5) / 0.25 = -2 to (1 - 0.4) / 0.2 = 3


def test_a_quantile_narrows_the_range_and_spares_the_output() -> None:
    network = resnet(4)
    images = random_images(network, 70, 1)
    values = run_float(network, network.preprocess.apply(images))["block1"]
    assert np.mean(values <= Range.of(values, 0.99).high) == pytest.approx(0.99, abs=1e-3)
    wide, narrow = quantized(network, bits=8), quantized(network, bits=8, quantile=0.8)
    assert narrow.formats["relu2"].fl > wide.formats["relu2"].fl
    assert narrow.formats["bn5"] == wide.formats["bn5"] and narrow.formats["input"] == wide.formats["input"]
    assert max(error.saturated for error in narrow.errors) > 0.01 > max(error.saturated for error in wide.errors)


def test_the_naive_scale_covers_weights_and_costs_resolution() -> None:
    network = lenet(1)
    network.node("conv2").weight[:, ::2] *= 50  # type: ignore[attr-defined]
    network = normalized(network, 1)
    naive, ours = quantized(network, scale="both"), quantized(network)
    assert naive.formats["pool1"].signed and naive.formats["pool1"].fl <= ours.formats["pool1"].fl - 4
    assert naive.errors[1].clipped_weights == 0 < ours.errors[1].clipped_weights
    assert naive.errors[1].snr < ours.errors[1].snr - 20


def test_dead_channels_become_constants_and_blow_nothing_up() -> None:
    """A channel that never moves has a huge batch normalization factor; the others must not suffer."""
    random = np.random.default_rng(7)
    nodes = [
        conv("conv1", "input", (6, 3, 3, 3), random),
        batch_norm("bn1", "conv1", 6, random),
        Activation("relu1", ("bn1",)),
        conv("conv2", "relu1", (5, 6, 3, 3), random, "adder"),
        batch_norm("bn2", "conv2", 5, random),
        conv("conv3", "bn2", (4, 5, 1, 1), random),
    ]
    network = Network("dead", Preprocess(10, 10, (0.5,) * 3, (0.25,) * 3), nodes)
    first, second = (node for node in nodes if isinstance(node, BatchNorm))
    nodes[0].weight[2] = 0.0  # type: ignore[attr-defined]
    first.variance[2], first.epsilon = 1e-14, 1e-15
    first.gamma[3] = 0.0
    second.gamma[1], second.variance[1] = 1e-9, 1e-13
    nodes[3].weight[4] = 1e-3 * nodes[3].weight[4] - 1000.0  # type: ignore[attr-defined]
    tensors = run_float(network, network.preprocess.apply(random_images(network, 16, 0)))
    second.mean[:], second.variance[:] = tensors["conv2"].mean(axis=(0, 2, 3)), tensors["conv2"].var(axis=(0, 2, 3))
    first_channel = tensors["conv1"][:, 2]
    assert first_channel.max() - first_channel.min() < 1e-6
    result = quantize_network(network, random_images(network, 40, 1), covering())
    layer = result.layers[0]
    assert layer.scale[2] == 0 and layer.offset[2] == pytest.approx(first.beta[2], abs=1e-3)
    assert layer.scale[3] == 0 and layer.offset[3] == pytest.approx(first.beta[3], abs=1e-6)
    assert snr(network, result, 2) > 25


def test_an_adder_layer_whose_input_died_keeps_its_bias() -> None:
    """Its sums are constant, its variance is tiny, and the rounding of its weights must not be multiplied by a thousand."""
    random = np.random.default_rng(8)
    dying, after = batch_norm("bn1", "conv1", 6, random), batch_norm("bn2", "conv2", 5, random)
    dying.beta -= 1000
    adder = conv("conv2", "relu1", (5, 6, 3, 3), random, "adder")
    after.mean, after.variance, after.epsilon = -np.abs(adder.weight).sum(axis=(1, 2, 3)), np.full(5, 1e-6), 1e-12
    nodes = [conv("conv1", "input", (6, 3, 3, 3), random), dying, Activation("relu1", ("bn1",)), adder, after]
    network = Network("died", Preprocess(8, 8, (0.5,) * 3, (0.25,) * 3), nodes)
    result = quantized(network)
    assert not result.layers[1].scale.any()
    np.testing.assert_allclose(result.layers[1].offset, after.beta, atol=0.02)


def test_every_layer_reports_its_error() -> None:
    result = quantized(lenet(2), bits=8)
    assert [error.name for error in result.errors] == [layer.name for layer in result.layers]
    assert all(20 < error.snr < 80 for error in result.errors)
    assert [error.operator for error in result.errors] == ["mac", "adder", "mac", "mac"]
    assert [error.weights for error in result.errors] == ["fixed 8 bit", "as its input", "fixed 8 bit", "fixed 8 bit"]
    assert all(error.weight_snr > 35 for error in result.errors if error.operator == "mac")
    assert result.scheme == str(covering(8)) and "8 bits" in result.scheme


def test_what_saturates_before_an_average_is_reported() -> None:
    """Averages lie far inside of the range of what is averaged, where the largest values were cut."""
    network = resnet(4)
    result = quantized(network, quantile=0.8)
    error, layer = result.errors[-2], result.layers[-2]
    assert error.name == "mean"
    before = run_float(network, network.preprocess.apply(random_images(network, 40, 1)))["block2"]
    expected = np.mean(before > (layer.activated.high + 0.5) * layer.activated.scale)
    assert error.saturated == pytest.approx(expected) and expected > 0.01


def test_a_tensor_that_is_always_zero_is_no_trouble() -> None:
    network = lenet(2)
    network.node("bn1").beta -= 1000  # type: ignore[attr-defined]
    result = quantized(network)
    assert result.formats["pool1"].fl <= 16


def test_refusals() -> None:
    network = lenet(0)
    images = random_images(network, 4, 0)
    for wrong in (images[:0], images[:, 1:], images.astype(np.float32), images[0]):
        with pytest.raises(SumtileError, match="calibration images are"):
            quantize_network(network, wrong, covering())
    for settings in ({"bits": 1}, {"bits": 17}, {"scale": "best"}, {"quantile": 0.0}, {"quantile": 1.5}):
        with pytest.raises(SumtileError):
            covering(**settings)  # type: ignore[arg-type]
    network.node("fc1").weight[0, 0] = np.inf  # type: ignore[attr-defined]
    with pytest.raises(SumtileError, match="'fc1' has parameters that are not finite"):
        quantize_network(network, images, covering())
