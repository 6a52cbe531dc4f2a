# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Folded layers give the integers of the layers that they stand for."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from sumtile.compiler import compile_network, fold
from sumtile.compiler.fold import Fold, folds
from sumtile.csim import Simulator
from sumtile.formats import FixedPoint
from sumtile.kernels import golden
from sumtile.kernels.cases import Case, random_case
from sumtile.kernels.host import Unfold
from sumtile.kernels.layer import MapShape
from sumtile.network import Activation, Conv, Network, Pool, Preprocess
from sumtile.network.reference import run_float
from sumtile.overlay import Overlay
from sumtile.program import HostStep
from sumtile.program.golden import run_golden
from sumtile.quantize import quantize_network, schemes
from tests.support.networks import conv, random_images
from tests.support.overlays import small_overlay

ENGINES = {"mac": small_overlay("mac_conv", 8).engine, "adder": small_overlay("adder_conv", 8).engine}
FORMAT = FixedPoint(8, 0)


def cases(operator: str) -> list[Case]:
    """Layers of few channels, and of any stride, dilation and padding."""
    found = (random_case(ENGINES[operator], operator, seed) for seed in range(400))
    return [case for case in found if not case.layer.depthwise][:150]


def run(case: Case, way: Fold, operator: str) -> np.ndarray:
    format = replace(FORMAT, signed=not case.layer.ifm_unsigned)
    features = case.features if way.unfold is None else way.unfold.run([case.features], [format], format)
    return golden.run_layer(ENGINES[operator], way.layer, features, way.weights(case.weights), case.requantization, case.residual)


@pytest.mark.parametrize("operator", ENGINES)
def test_every_fold_gives_the_integers_of_the_layer(operator: str) -> None:
    kinds = set()
    for index, case in enumerate(cases(operator)):
        expected = golden.run_layer(ENGINES[operator], case.layer, case.features, case.weights, case.requantization, case.residual)
        for way in folds(case.layer):
            if way.unfold is not None:
                ifm = way.unfold.ofm(case.layer.ifm)
                assert ifm == way.layer.ifm and way.layer.conv == case.layer.conv, f"case {index}: {way}"
                assert way.layer.weight_shape == way.weights(case.weights).shape
                kinds.add((way.unfold.kernel == case.layer.kernel, way.layer.kernel == (1, 1), way.unfold.stride == way.unfold.kernel))
            np.testing.assert_array_equal(run(case, way, operator), expected, err_msg=f"case {index} of '{operator}': {case.layer} by {way}")
    assert len(kinds) > 3


def test_an_adder_layer_gets_no_taps_of_weight_zero() -> None:
    """Where a fold would need them, it is left out."""
    for case in cases("adder"):
        for way in folds(case.layer):
            assert way.weights(np.ones(case.layer.weight_shape, np.int64)).all()


def stem(kernel: int, stride: int, operator: str = "mac", size: int = 40) -> Network:
    random = np.random.default_rng(kernel)
    nodes = [
        conv("stem", "input", (20, 3, kernel, kernel), random, operator, stride=(stride, stride), padding=(kernel // 2,) * 4),
        Activation("relu", ("stem",)),
        Pool("mean", ("relu",), "average"),
        conv("scores", "mean", (4, 20, 1, 1), random),
    ]
    return Network("stem", Preprocess(size, size, (0.5,) * 3, (0.25,) * 3), list(nodes))


@pytest.mark.parametrize(("kernel", "stride", "operator", "overlay"), [(7, 2, "mac", "fixed8"), (3, 1, "mac", "fixed8"), (5, 2, "adder", "adder")])
def test_a_first_layer_that_folds_gives_the_same_integers_everywhere(kernel: int, stride: int, operator: str, overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = stem(kernel, stride, operator)
    target = Overlay.load(overlay, "pynq-z2")
    images = random_images(network, 8, 1)
    quantized = quantize_network(network, images, schemes.covering())
    monkeypatch.setattr(fold, "HOST_CYCLES_PER_CALL", 1 << 40)
    plain = compile_network(quantized, target)
    monkeypatch.setattr(fold, "HOST_CYCLES_PER_CALL", 0)
    monkeypatch.setattr(fold, "HOST_BYTES_PER_CYCLE", 1 << 40)
    folded = compile_network(quantized, target)
    assert not any("unfolded" in step.target for step in plain.steps)
    assert folded.steps[0].target.endswith(".unfolded") and folded.layers[0].layer.ifm.channels > 3
    features = plain.tensors["input"].format.quantize(network.preprocess.apply(images[:2]).transpose(0, 2, 3, 1))
    expected, found = (run_golden(program, target.engine, features) for program in (plain, folded))
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    with closing(Simulator(folded)) as simulator:
        np.testing.assert_array_equal(simulator.infer(features[0]), expected["scores"][0])


def test_a_kernel_beyond_the_engine_is_folded() -> None:
    network = stem(11, 4)
    target = Overlay.load("fixed8", "pynq-z2")
    program = compile_network(quantize_network(network, random_images(network, 4, 1), schemes.covering()), target)
    first = program.steps[0]
    assert isinstance(first, HostStep) and first.target == "mean.unfolded"
    assert max(program.layers[0].layer.kernel) <= target.engine.kernel_max


@pytest.mark.parametrize("groups", [1, 20])
@pytest.mark.parametrize("padding", [(2, 0, 2, 0), (5, 4, 0, 7)])
def test_padding_beyond_a_kernel_is_made_by_the_processor(padding: tuple[int, int, int, int], groups: int) -> None:
    random, width = np.random.default_rng(3), 3 if groups > 1 else 1
    nodes = [
        conv("first", "input", (20, 3, 3, 3), random),
        conv("far", "first", (20, 20 // groups, 1, width), random, groups=groups, padding=padding),
        Activation("relu", ("far",)),
        Pool("mean", ("relu",), "average"),
    ]
    network = Network("far", Preprocess(9, 8, (0.5,) * 3, (0.25,) * 3), nodes)
    target, images = Overlay.load("fixed16", "pynq-z2"), random_images(network, 8, 0)
    program = compile_network(quantize_network(network, images, schemes.covering(16)), target)
    (border,) = [step for step in program.steps if isinstance(step, HostStep) and step.reads == ("first",)]
    assert isinstance(border.operation, Unfold) and border.operation.padding == padding
    real = network.preprocess.apply(images[:1])
    features = program.tensors["input"].format.quantize(real.transpose(0, 2, 3, 1))[0]
    golden_tensors, expected = run_golden(program, target.engine, features), run_float(network, real)
    found = program.tensors["mean"].format.dequantize(golden_tensors["mean"])
    np.testing.assert_allclose(found, expected["mean"][0].transpose(1, 2, 0), atol=0.01)
    with closing(Simulator(program)) as simulator:
        for name, values in simulator.trace(features).items():
            np.testing.assert_array_equal(values, golden_tensors[name], err_msg=name)


def test_a_large_first_layer_is_folded_where_that_pays() -> None:
    """The stem of a ResNet: 49 steps for each output become 16 by space to depth, or fewer with more bytes."""
    target = Overlay.load("fixed8", "pynq-z2")
    network = Network(
        "stem",
        Preprocess(224, 224, (0.5,) * 3, (0.25,) * 3),
        [Conv("stem", ("input",), np.ones((64, 3, 7, 7), np.float32), stride=(2, 2), padding=(3, 3, 3, 3)), Pool("mean", ("stem",), "max", (112, 112))],
    )
    program = compile_network(quantize_network(network, random_images(network, 1, 1), schemes.covering()), target)
    assert program.tensors["mean.unpooled.unfolded"].shape in (MapShape(115, 115, 12), MapShape(115, 112, 42), MapShape(112, 115, 42))
