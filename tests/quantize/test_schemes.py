# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The usual schemes on whole networks."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.formats import Mixed, Sp2, Symmetric, Ternary, Twos
from sumtile.network import Network
from sumtile.network.reference import run_float
from sumtile.quantize import QuantizedNetwork, Scheme, quantize_network
from sumtile.quantize.compensate import RUN
from sumtile.quantize.real import run_quantized
from sumtile.quantize.schemes import covering, dynamic, fixed, msq, sp2, static, ternary
from tests.support.networks import lenet, random_images, resnet

ALL = [covering(8), dynamic(16), dynamic(8, per_filter=False), static(12), fixed(), sp2(), msq(fixed_of=2, of=5), ternary()]


def quantized(network: Network, scheme: Scheme) -> QuantizedNetwork:
    return quantize_network(network, random_images(network, 40, 1), scheme)


@pytest.mark.parametrize("scheme", ALL, ids=str)
@pytest.mark.parametrize("build", [lenet, resnet])
def test_every_scheme_keeps_its_formats_and_follows_the_float_network(build: object, scheme: Scheme) -> None:
    network = build(3)  # type: ignore[operator]
    result = quantized(network, scheme)
    layers = {layer.name: layer for layer in result.layers}
    for layer in result.layers:
        rule = scheme.ends if layer.source == "input" or layer is result.layers[-1] else scheme.weights
        if layer.geometry.operator == "adder":
            assert layer.weight_format is None and layer.operator == "adder"
        else:
            assert layer.weight_format == rule.format and layer.operator == rule.format.operator
            assert np.array_equal(rule.format.nearest(layer.weights.astype(float)), layer.weights)
    assert {format.bits for format in result.formats.values()} == {scheme.activations.bits}
    assert result.scheme == str(scheme) and [error.name for error in result.errors] == list(layers)
    assert result.errors[-1].snr > (3 if isinstance(scheme.weights.format, Ternary) else 8)


@pytest.mark.parametrize("scheme", ALL, ids=str)
def test_reported_errors_are_those_of_the_quantized_network(scheme: Scheme) -> None:
    """The walk's integers equal those of a run over the finished network, and the output's order is the float one's."""
    network = resnet(4)
    result = quantized(network, scheme)
    x = network.preprocess.apply(random_images(network, 40, 1))
    expected = run_float(network, x)[network.output].transpose(0, 2, 3, 1)
    found = result.formats[result.output].dequantize(run_quantized(result, x.transpose(0, 2, 3, 1))[result.output])
    assert 10 * np.log10(np.sum(expected**2) / np.sum((found - expected) ** 2)) == pytest.approx(result.errors[-1].snr, abs=0.01)


def test_corrected_biases_leave_no_mean_error() -> None:
    network = lenet(2)
    plain, corrected = (quantized(network, fixed(3, 12, correct_biases=correct)) for correct in (False, True))
    x = network.preprocess.apply(random_images(network, 40, 1))
    expected = run_float(network, x)[network.output].mean(axis=0)
    off = []
    for result in (plain, corrected):
        scores = result.formats[result.output].dequantize(run_quantized(result, x.transpose(0, 2, 3, 1))[result.output])
        off.append(float(np.abs(scores.mean(axis=(0, 1, 2)) - expected).max()))
    assert off[1] < 2 * corrected.formats[corrected.output].scale < off[0]
    assert "corrected" in corrected.scheme and "as trained" in plain.scheme


def test_dynamic_precision_beats_static_precision_where_layers_differ_in_size() -> None:
    network = lenet(1)
    network.node("bn1").gamma[:] *= 30  # type: ignore[attr-defined]
    network.node("bn1").beta[:] *= 30  # type: ignore[attr-defined]
    network.node("conv2").weight[:] *= 30  # type: ignore[attr-defined]
    network.node("fc2").weight[:] *= 0.01  # type: ignore[attr-defined]
    images = random_images(network, 40, 1)
    dynamic_snr, static_snr = (quantize_network(network, images, scheme(8)).errors[-1].snr for scheme in (dynamic, static))
    assert dynamic_snr > static_snr + 6, f"{dynamic_snr:.1f} and {static_snr:.1f} dB"


def test_static_precision_has_one_length_for_all_tensors() -> None:
    result = quantized(resnet(0), static(10))
    assert len({format.fl for format in result.formats.values()} | {layer.activated.fl for layer in result.layers}) == 1


def test_the_weights_of_the_ends_have_a_rule_of_their_own() -> None:
    network = lenet(0)
    result = quantized(network, sp2(4, 8, ends=6))
    assert [layer.weight_format for layer in result.layers] == [Symmetric(6), None, Sp2(4), Symmetric(6)]
    assert [layer.weight_format for layer in quantized(network, dynamic(8)).layers] == [Twos(8), None, Twos(8), Twos(8)]
    assert quantized(network, msq(4, 8, fixed_of=1, of=3)).layers[2].weight_format == Mixed(Symmetric(4), Sp2(4), 1, 3)


@pytest.mark.parametrize("scheme", [covering, dynamic, static])
def test_weights_of_no_bits_are_refused(scheme: object) -> None:
    with pytest.raises(SumtileError, match="0 bit"):
        scheme(8, weight_bits=0)  # type: ignore[operator]


def test_the_text_tells_every_setting() -> None:
    texts = [str(scheme) for scheme in (*ALL, covering(8, quantile=0.999), covering(8, scale="both"), dynamic(8), dynamic(8, radius=3), static(8), sp2(ends=6), sp2(3), sp2(4, 7))]
    assert len(set(texts)) == len(texts)
    assert f"errors compensated within {RUN} inputs, their power damped by 1%" in str(fixed()) and "damped" not in str(fixed(compensate=False))
    assert str(msq(fixed_of=2, of=5)).startswith("weights: mixed 4 bit, 2 of 5 rows fixed")
