# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The models of the onnx wheel: each is imported and its stored output reproduced, or refused for the reason given here."""

from __future__ import annotations

import numpy as np
import pytest

from sumtile.errors import SumtileError
from sumtile.network.reference import run_float

onnx = pytest.importorskip("onnx", reason="models are read with the onnx package; install sumtile[compile]")

from sumtile.frontend import import_model, import_onnx  # noqa: E402
from tests.support.onnx_models import BACKEND, LIGHT, light_model, light_path, read_pb  # noqa: E402

UNKNOWN = "is an operator that no layer of a network computes"
SEVERAL = "but a network reads one image"
SPACE = "only maps of channels, height and width, or channels and width, can be imported there"
INTEGERS = "but float32 images are needed"

REFUSED = {
    "test_AvgPool1d": "whose axes were rearranged",
    "test_AvgPool1d_stride": "whose axes were rearranged",
    "test_AvgPool3d": SPACE,
    "test_AvgPool3d_stride": SPACE,
    "test_AvgPool3d_stride1_pad0_gpu_input": SPACE,
    "test_ConstantPad2d": "with 2; only zeros",
    "test_Conv3d": SPACE,
    "test_Conv3d_dilated": SPACE,
    "test_Conv3d_dilated_strided": SPACE,
    "test_Conv3d_groups": SPACE,
    "test_Conv3d_no_bias": SPACE,
    "test_Conv3d_stride": SPACE,
    "test_Conv3d_stride_padding": SPACE,
    "test_ConvTranspose2d": UNKNOWN,
    "test_ConvTranspose2d_no_bias": UNKNOWN,
    "test_ELU": UNKNOWN,
    "test_Embedding": INTEGERS,
    "test_Embedding_sparse": INTEGERS,
    "test_GLU": UNKNOWN,
    "test_GLU_dim": UNKNOWN,
    "test_LogSoftmax": UNKNOWN,
    "test_MaxPool1d_stride_padding_dilation": "1 to 4095 of each",
    "test_MaxPool2d_stride_padding_dilation": "pools with a dilation",
    "test_MaxPool3d": SPACE,
    "test_MaxPool3d_stride": SPACE,
    "test_MaxPool3d_stride_padding": SPACE,
    "test_PixelShuffle": "whose axes were rearranged",
    "test_PoissonNLLLLoss_no_reduce": UNKNOWN,
    "test_ReflectionPad2d": "pads by 'reflect'",
    "test_ReplicationPad2d": "pads by 'edge'",
    "test_SELU": UNKNOWN,
    "test_Sigmoid": UNKNOWN,
    "test_Softplus": UNKNOWN,
    "test_Softsign": UNKNOWN,
    "test_Tanh": UNKNOWN,
    "test_log_softmax_dim3": UNKNOWN,
    "test_log_softmax_lastdim": UNKNOWN,
    "test_softmax_functional_dim3": "only a softmax over the channels",
    "test_operator_add_broadcast": SEVERAL,
    "test_operator_add_size1_broadcast": SEVERAL,
    "test_operator_add_size1_right_broadcast": SEVERAL,
    "test_operator_add_size1_singleton_broadcast": SEVERAL,
    "test_operator_addconstant": "elements of DOUBLE, but float32",
    "test_operator_addmm": SEVERAL,
    "test_operator_basic": SEVERAL,
    "test_operator_chunk": "has 1 axes, but images, channels",
    "test_operator_concat2": SEVERAL,
    "test_operator_convtranspose": UNKNOWN,
    "test_operator_exp": UNKNOWN,
    "test_operator_index": "an axis that holds the batch",
    "test_operator_max": SEVERAL,
    "test_operator_min": SEVERAL,
    "test_operator_mm": SEVERAL,
    "test_operator_non_float_params": INTEGERS,
    "test_operator_pad": "pads by 'reflect'",
    "test_operator_params": "a constant of one value a channel is needed",
    "test_operator_permute2": "only hands its input on",
    "test_operator_pow": SEVERAL,
    "test_operator_reduced_mean": "only the whole height and width",
    "test_operator_reduced_mean_keepdim": "only the whole height and width",
    "test_operator_reduced_sum": UNKNOWN,
    "test_operator_reduced_sum_keepdim": UNKNOWN,
    "test_operator_repeat": UNKNOWN,
    "test_operator_repeat_dim_overflow": UNKNOWN,
    "test_operator_selu": UNKNOWN,
    "test_operator_sqrt": UNKNOWN,
    "test_operator_symbolic_override": UNKNOWN,
    "test_operator_symbolic_override_nested": SEVERAL,
    "test_operator_view": "has 1 axes, but images, channels",
}
MODELS = sorted(path.relative_to(BACKEND).as_posix() for kind in ("pytorch-converted", "pytorch-operator") for path in (BACKEND / kind).iterdir())


def test_the_table_names_models_that_exist() -> None:
    assert set(REFUSED) <= {model.split("/")[1] for model in MODELS}


@pytest.mark.parametrize("model", MODELS)
def test_a_model_of_pytorch_is_reproduced_or_refused(model: str) -> None:
    folder, name = BACKEND / model, model.split("/")[1]
    if name in REFUSED:
        with pytest.raises(SumtileError) as refusal:
            import_onnx(folder / "model.onnx")
        assert REFUSED[name] in str(refusal.value)
        return
    network = import_onnx(folder / "model.onnx")
    x, expected = (read_pb(folder / "test_data_set_0" / file) for file in ("input_0.pb", "output_0.pb"))
    size = network.preprocess
    found = run_float(network, x.reshape(len(x), size.channels, size.height, size.width))[network.output]
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LIGHT)
def test_a_network_of_the_wheel_gives_its_stored_output(name: str) -> None:
    network = import_onnx(light_path(name))
    x = np.arange(3 * 224 * 224, dtype=np.float32).reshape(1, 3, 224, 224) / (3 * 224 * 224)  # what the wheel's own test feeds
    tensors, expected = run_float(network, x), read_pb(light_path(name).with_name(f"{name}_output_0.pb"))
    if name == "light_squeezenet":
        # Its scores are equal numbers around 1e10, of which the softmax sees nothing but rounding.
        scores = tensors[network.nodes[-1].inputs[0]]
        assert scores.shape == expected.shape and np.ptp(scores) <= 1e-5 * scores.max()
    else:
        np.testing.assert_allclose(tensors[network.output], expected, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in LIGHT if name not in ("light_vgg19", "light_zfnet512")])  # 1 GB of weights, and no other layers
def test_a_network_of_the_wheel_computes_what_onnxruntime_computes(name: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="it is the reference of this test")
    seed = LIGHT.index(name)
    model = light_model(name, seed)
    x = np.random.default_rng(seed).normal(0, 1, (1, 3, 224, 224)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {model.graph.input[0].name: x})
    network = import_model(model)
    found = run_float(network, x)[network.output]
    assert found.shape == expected.shape and np.ptp(expected) > 1e-4
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3 * float(np.abs(expected).max()), err_msg=f"light_model({name!r}, {seed})")
