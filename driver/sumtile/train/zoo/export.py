# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From a PyTorch module to an ONNX file that says how images become its input."""

from __future__ import annotations

import io
import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from sumtile.errors import SumtileError
from sumtile.files import write_whole
from sumtile.network.graph import Preprocess

OPSET = 17


@dataclass(frozen=True)
class Model:
    """A network with what belongs to it.

    Attributes:
        name: a short name, used in reports.
        module: float32 (N, channels, height, width) to (N, classes), in evaluation mode.
        preprocess: from an image to the module's input.
        classes: names of the classes, in order; empty where they have none but their numbers.
    """

    name: str
    module: nn.Module
    preprocess: Preprocess
    classes: tuple[str, ...] = ()


def export_model(model: Model, path: str | Path) -> None:
    """Writes an ONNX file (opset 17) with the preprocessing and the names of the classes in its metadata.

    Raises:
        SumtileError: the onnx package is missing, or the place cannot be written.
    """
    try:
        import onnx
    except ImportError:
        raise SumtileError("the onnx package is missing, which writes ONNX files; pip install 'sumtile[compile]'.") from None
    preprocess = model.preprocess
    image = torch.zeros(1, preprocess.channels, preprocess.height, preprocess.width)
    content = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constants that are left to the reader, and of the exporter's age
        torch.onnx.export(model.module.eval(), (image,), content, opset_version=OPSET, input_names=["image"], output_names=["scores"], dynamo=False)
    written = onnx.load_model_from_string(content.getvalue())
    written.graph.name = model.name
    metadata = {"sumtile.mean": json.dumps(preprocess.mean), "sumtile.std": json.dumps(preprocess.std)}
    if model.classes:
        metadata["sumtile.classes"] = json.dumps(model.classes)
    onnx.helper.set_model_props(written, metadata)
    try:
        write_whole(Path(path), written.SerializeToString())
    except OSError as error:
        raise SumtileError(f"ONNX file {path} cannot be written ({error.strerror or error}); choose another place.") from None
