# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Whole networks through the compiler: the program's integers against the float network and the real-scale integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sumtile.compiler import compile_network
from sumtile.errors import SumtileError
from sumtile.kernels import golden
from sumtile.network import Activation, Conv, Network, Pool, Preprocess
from sumtile.network.reference import run_float
from sumtile.overlay import Engine, Overlay
from sumtile.program import FcStep
from sumtile.program.golden import run_fc_step, run_golden, run_step
from sumtile.program.program import Program
from sumtile.quantize import Scheme, quantize_network
from sumtile.quantize.real import run_quantized
from sumtile.quantize.schemes import covering, dynamic, fixed, msq, sp2, static, ternary
from tests.support.networks import conv, lenet, normalized, random_images, resnet

OVERLAY = Overlay.load("adder", "zcu102")
NETWORKS = [pytest.param(lenet, id="lenet"), pytest.param(resnet, id="resnet")]


def compiled(network: Network, bits: int = 8, overlay: Overlay = OVERLAY) -> Program:
    return compile_network(quantize_network(network, random_images(network, 40, 1), covering(bits)), overlay)


def features(program: Program, images: np.ndarray) -> np.ndarray:
    """Integers of the program's input, (images, height, width, channels)."""
    return program.tensors[program.input].format.quantize(program.preprocess.apply(images).transpose(0, 2, 3, 1))


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("seed", range(3))
def test_programs_follow_the_float_network(build: Callable[[int], Network], seed: int) -> None:
    network = build(seed)
    program = compiled(network)
    images = random_images(network, 40, 1)
    found = run_golden(program, OVERLAY.engine, features(program, images))
    expected = run_float(network, network.preprocess.apply(images))
    for name, tensor in program.tensors.items():
        reference = expected[name].reshape(40, tensor.shape.channels, tensor.shape.height, tensor.shape.width).transpose(0, 2, 3, 1)
        noise = tensor.format.dequantize(found[name]) - reference
        snr = 10 * np.log10(np.sum(reference**2) / np.sum(noise**2))
        assert snr > 20, f"{network.name} seed {seed}: '{name}' has an SNR of {snr:.1f} dB"


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("bits", [6, 8])
def test_integer_requantization_differs_from_the_real_one_by_rounding_only(build: Callable[[int], Network], bits: int) -> None:
    """Each step is fed the real-scale integers, so that no error is carried on."""
    network = build(5)
    quantized = quantize_network(network, random_images(network, 40, 1), covering(bits))
    program = compile_network(quantized, OVERLAY)
    images = random_images(network, 10, 2)
    real = run_quantized(quantized, network.preprocess.apply(images).transpose(0, 2, 3, 1))
    for step in program.steps:
        values = run_step(OVERLAY.engine, step, real[step.source], None if step.residual is None else real[step.residual])
        difference = np.abs(values - real[step.target])
        assert difference.max() <= 1 and np.mean(difference > 0) < 0.1, f"'{step.name}' at {bits} bits: {difference.max()}, {np.mean(difference > 0):.3f}"


@pytest.mark.parametrize("build", NETWORKS)
def test_the_fast_runner_equals_the_golden_layers(build: Callable[[int], Network]) -> None:
    program = compiled(build(1))
    engine: Engine = OVERLAY.engine
    batch = features(program, random_images(build(1), 3, 9))
    fast = run_golden(program, engine, batch)
    single = run_golden(program, engine, batch[2])
    for step in program.steps:
        source = fast[step.source][2]
        if source.shape[2] % engine.ti and step.layer.ifm.height * step.layer.ifm.width == 1 and source.shape[:2] != (1, 1):
            source = np.pad(source, ((0, 0), (0, 0), (0, -source.shape[2] % engine.ti)))
        ifm = step.layer.ifm
        residual = None if step.residual is None else fast[step.residual][2]
        slow = golden.run_layer(engine, step.layer, source.reshape(ifm.height, ifm.width, ifm.channels), step.weights, step.requantization, residual)
        np.testing.assert_array_equal(fast[step.target][2], slow, err_msg=step.name)
        np.testing.assert_array_equal(single[step.target], slow, err_msg=step.name)


def multiplying(network: Network) -> Network:
    """The network with products in place of absolute differences."""
    for node in network.nodes:
        if isinstance(node, Conv) and node.operator == "adder":
            node.operator, node.weight = "mac", node.weight / np.sqrt(np.prod(node.weight.shape[1:]))
    return normalized(network, 0)


SCHEMES = [
    pytest.param("fixed8", covering(8), {("mac", 8)}, id="covering"),
    pytest.param("fixed16", dynamic(16), {("mac", 16)}, id="dynamic 16"),
    pytest.param("fixed8", dynamic(8, per_filter=False), {("mac", 8)}, id="dynamic per layer"),
    pytest.param("fixed8", static(8), {("mac", 8)}, id="static"),
    pytest.param("fixed8", fixed(4), {("mac", 8)}, id="fixed"),
    pytest.param("fixed8", ternary(), {("mac", 8)}, id="ternary"),
    pytest.param("sp2", sp2(4), {("sp2", 4), ("mac", 8)}, id="sp2"),
    pytest.param("msq", msq(4, fixed_of=16, of=40), {("mixed", 4), ("mac", 8)}, id="msq"),
]


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize(("overlay", "scheme", "arrays"), SCHEMES)
def test_every_scheme_runs_on_its_overlay(build: Callable[[int], Network], overlay: str, scheme: Scheme, arrays: set[tuple[str, int]]) -> None:
    """Each step is fed the real-scale integers, so that only the requantization's rounding is left."""
    network = multiplying(build(5))
    target = Overlay.load(overlay, "pynq-z2")
    quantized = quantize_network(network, random_images(network, 40, 1), scheme)
    program = compile_network(quantized, target)
    assert {("mac" if isinstance(step, FcStep) else step.layer.operator, step.layer.weight_bits) for step in program.steps} == arrays
    images = random_images(network, 10, 2)
    real = run_quantized(quantized, network.preprocess.apply(images).transpose(0, 2, 3, 1))
    for step in program.steps:
        maps = [real[name] for name in step.reads]
        made = run_fc_step(target.engine, step, *maps) if isinstance(step, FcStep) else run_step(target.engine, step, *maps)
        difference = np.abs(made - real[step.target])
        # A finer average shows the units by which single values before it differ.
        pool = None if isinstance(step, FcStep) else step.layer.pool
        units, share = (4, 0.5) if pool and pool.kind == "average" else (1, 0.1)
        assert difference.max() <= units and np.mean(difference > 0) < share, f"'{step.name}' by {scheme}: {difference.max()}, {np.mean(difference > 0):.3f}"


def test_weights_lie_in_the_narrowest_integers() -> None:
    network = multiplying(lenet(0))
    images = random_images(network, 40, 1)
    wide = compile_network(quantize_network(network, images, dynamic(16)), Overlay.load("fixed16", "pynq-z2"))
    assert {step.weights.dtype for step in wide.layers} == {np.dtype(np.int16)}
    assert {factor.weights.dtype for step in wide.fc_layers for factor in step.factors} == {np.dtype(np.int16)}
    assert {step.weights.dtype for step in compiled(lenet(0)).steps} == {np.dtype(np.int8), np.dtype(np.uint8)}


def test_an_overlay_without_the_lanes_of_a_scheme_is_refused() -> None:
    network = multiplying(lenet(0))
    images = random_images(network, 8, 1)
    with pytest.raises(SumtileError, match=r"layer 'relu2' .*needs a mixed array .*1 of 3 rows fixed.* but the engine has mixed of 4 bits with 16 of 40 lanes fixed"):
        compile_network(quantize_network(network, images, msq(fixed_of=1, of=3)), Overlay.load("msq", "pynq-z2"))
    with pytest.raises(SumtileError, match=r"needs an sp2 array .* but the engine has adder of 8 bits, mac of 8 bits"):
        compile_network(quantize_network(network, images, sp2(4)), OVERLAY)


def averaging(signed_reader: bool) -> Network:
    """A rectified average that an adder layer reads, whose weights are negative where the tensor is to be signed."""
    random = np.random.default_rng(11)
    last = conv("last", "mean", (4, 8, 1, 1), random, "adder")
    last.weight = np.abs(last.weight) * (-1 if signed_reader else 1)
    nodes = [conv("first", "input", (8, 3, 3, 3), random), Activation("relu", ("first",)), Pool("mean", ("relu",), "average", (2, 2), (2, 2)), last]
    return Network("averaging", Preprocess(12, 12, (0.5,) * 3, (0.25,) * 3), list(nodes))


@pytest.mark.parametrize("scale", ["activations", "both"])
@pytest.mark.parametrize("bits", [5, 8])
@pytest.mark.parametrize("signed_reader", [False, True])
def test_averages_of_the_engine_stay_within_their_tensor_and_equal_the_model(scale: str, bits: int, signed_reader: bool) -> None:
    """Calibrated on dim images, so that the bright ones saturate."""
    network = averaging(signed_reader)
    images = random_images(network, 20, 3)
    quantized = quantize_network(network, images // 4 + 96, covering(bits, scale=scale))
    program = compile_network(quantized, OVERLAY)
    real = run_quantized(quantized, network.preprocess.apply(images).transpose(0, 2, 3, 1))
    step = program.steps[0]
    target, before = program.tensors["mean"].format, quantized.layers[0].activated
    found = run_step(OVERLAY.engine, step, real["input"])
    assert target.signed == before.signed and found.min() >= target.low and found.max() <= target.high
    difference = np.abs(found - real["mean"])
    assert difference.max() <= 1 and np.mean(difference > 0) < 0.1


def test_an_average_that_the_engine_would_not_saturate_is_the_processors() -> None:
    network = averaging(False)
    quantized = quantize_network(network, random_images(network, 20, 3), covering(8))
    mean = quantized.formats["mean"]
    first = replace(quantized.layers[0], activated=replace(mean, fl=mean.fl - 1))
    wide = replace(OVERLAY, engines=(replace(OVERLAY.engine, data_bits=16),))
    program = compile_network(replace(quantized, layers=(first, *quantized.layers[1:])), wide)
    assert [step.name for step in program.steps] == ["mean.unpooled", "mean", "last"]
    assert program.tensors["mean.unpooled"].format == first.activated and program.tensors["mean"].format == mean


def test_a_linear_layer_reads_the_map_as_it_lies_in_memory() -> None:
    program = compiled(lenet(0))
    step = program.steps[2]
    assert step.layer.ifm.pixels == 1 and step.layer.ifm.channels == 3 * 3 * 32 and step.layer.kernel == (1, 1)
    assert program.tensors[step.source].shape.channels == 20
    weights = step.weights.reshape(17, 9, 32)
    assert not weights[:, :, 20:].any() and weights[:, :, :20].any()


@pytest.mark.parametrize(("overlay", "scheme"), [("fixed8", covering()), ("msq", msq(4, fixed_of=16, of=40, compensate=False))])
def test_more_channels_than_the_engine_holds_are_made_in_parts(overlay: str, scheme: Scheme) -> None:
    random = np.random.default_rng(0)
    nodes = [
        conv("first", "input", (8, 3, 3, 3), random),
        Pool("mean", ("first",), "average"),
        conv("wide", "mean", (100, 8, 1, 1), random),
        conv("last", "wide", (4, 100, 1, 1), random),
    ]
    network = Network("wide", Preprocess(9, 9, (0.5,) * 3, (0.25,) * 3), list(nodes))
    target = Overlay.load(overlay, "pynq-z2")
    narrow = replace(target, engines=(replace(target.engine, channels_max=48),))
    quantized = quantize_network(network, random_images(network, 8, 1), scheme)
    whole, parts = compile_network(quantized, target), compile_network(quantized, narrow)
    assert [step.name for step in parts.steps if step.name.startswith("wide")][:3] == ["wide.part0", "wide.part1", "wide.part2"]
    batch = features(whole, random_images(network, 4, 2))
    expected, found = run_golden(whole, target.engine, batch), run_golden(parts, narrow.engine, batch)
    assert all(np.array_equal(found[name], values) for name, values in expected.items())


def test_buffers_are_reused_and_tensors_keep_their_real_shape() -> None:
    program = compiled(resnet(0))
    assert len({tensor.buffer for tensor in program.tensors.values()}) <= 3
    assert (program.input, program.output) == ("input", "bn5")
    assert program.stamp == OVERLAY.stamp and program.classes == tuple("abcde")


def test_sixteen_bits_on_a_sixteen_bit_engine() -> None:
    engine = replace(OVERLAY.engine, data_bits=16, arrays=tuple(replace(array, weight_bits=16) for array in OVERLAY.engine.arrays))
    network = resnet(2)
    program = compiled(network, 16, replace(OVERLAY, engines=(engine,)))
    images = random_images(network, 40, 1)
    found = run_golden(program, engine, features(program, images))[program.output]
    expected = run_float(network, network.preprocess.apply(images))[program.output].transpose(0, 2, 3, 1)
    assert np.abs(program.tensors[program.output].format.dequantize(found) - expected).max() < 0.01


def refusal(*nodes: object, bits: int = 8, classes: tuple[str, ...] = (), channels: int = 3) -> str:
    network = Network("test", Preprocess(12, 12, (0.5,) * channels, (0.25,) * channels), list(nodes), classes)  # type: ignore[arg-type]
    with pytest.raises(SumtileError) as caught:
        compiled(network, bits)
    return str(caught.value)


def test_refusals_name_the_layer_and_the_rule() -> None:
    random = np.random.default_rng(0)
    big = Conv("big", ("input",), np.ones((3, 1, 9, 9)), groups=3)
    assert "layer 'big' (big): the engine cannot run this mac layer: the kernel is (9, 9)" in refusal(big)
    depthwise = Conv("each", ("input",), np.ones((3, 1, 3, 3)), "adder", groups=3)
    assert "layer 'each'" in refusal(depthwise) and "depthwise" in refusal(depthwise)
    assert "has 9 bits, but overlay 'adder' has 8" in refusal(conv("wide", "input", (2, 3, 1, 1), random), bits=9)
    named = (conv("conv", "input", (2, 3, 1, 1), random), Pool("mean", ("conv",), "average"))
    assert "has 3 class names, but its output has 2 channels" in refusal(*named, classes=("a", "b", "c"))
