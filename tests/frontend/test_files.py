# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What is read: files that are no models, and arrays that lie outside of the model's file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sumtile.errors import SumtileError

onnx = pytest.importorskip("onnx", reason="models are read with the onnx package; install sumtile[compile]")

from onnx import TensorProto, helper  # noqa: E402

from sumtile.frontend import import_model, import_onnx  # noqa: E402
from tests.support.onnx_models import graph_model  # noqa: E402


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "holds no ONNX graph"),
        (b"PK\x03\x04 no zip", "cannot be read"),
        (b"<html></html>", "cannot be read as an ONNX model|holds no"),
        (b"\x08" * 100, "cannot be read|holds no"),
    ],
)
def test_another_file_is_told_in_a_sentence(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(SumtileError, match=reason):
        import_onnx(path)


def test_what_is_no_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "pipe.onnx", "named pipe"), (tmp_path / "absent.onnx", "there is no ONNX model")):
        with pytest.raises(SumtileError, match=reason):
            import_onnx(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.onnx").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(SumtileError, match="but up to 1073741824 are read"):
        import_onnx(tmp_path / "large.onnx")


def external_model(folder: Path, location: str, **entries: str) -> Path:
    """A model in ``folder`` whose weights lie at ``location``."""
    conv = helper.make_node("Conv", ["x", "w"], ["y"], name="first")
    model = graph_model([conv], (1, 2, 4, 4), {"w": np.ones((3, 2, 3, 3), np.float32)})
    array = model.graph.initializer[0]
    data = array.raw_data
    array.ClearField("raw_data")
    array.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        array.external_data.add(key=key, value=value)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "weights.bin").write_bytes(b"begin " + data)
    return folder / "model.onnx"


def test_external_data_beside_the_model_is_read(tmp_path: Path) -> None:
    network = import_onnx(external_model(tmp_path, "weights.bin", offset="6", length="216"))
    np.testing.assert_array_equal(network.node("first").weight, np.ones((3, 2, 3, 3)))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("location", "entries", "reason"),
    [
        ("../weights.bin", {}, "not inside the model's folder"),
        ("/etc/passwd", {}, "not inside the model's folder"),
        ("link/weights.bin", {}, "not inside the model's folder"),
        ("outside.bin", {}, "not inside the model's folder"),
        ("", {}, "no place is known"),
        ("absent.bin", {}, "there is no data of array 'w'"),
        (".", {}, "is a folder"),
        ("pipe", {}, "named pipe"),
        ("weights.bin", {"offset": "7"}, "it is given 216 from 7 of a file of 222"),
        ("weights.bin", {"offset": "-1"}, "from -1"),
        ("weights.bin", {"length": "100"}, "needs 216 bytes, but it is given 100"),
        ("weights.bin", {"offset": "1e3"}, "cannot be read"),
        ("weights\0.bin", {}, "cannot be read"),
        ("loop", {}, "cannot be read|there is no data|not inside"),
    ],
)
def test_external_data_elsewhere_is_refused(location: str, entries: dict[str, str], reason: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "weights.bin").write_bytes(b"x" * 300)
    (folder / "link").symlink_to(tmp_path)
    (folder / "outside.bin").symlink_to(tmp_path / "weights.bin")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    with pytest.raises(SumtileError, match=reason):
        import_onnx(external_model(folder, location, **entries))


def test_external_data_of_a_model_without_a_file_is_refused(tmp_path: Path) -> None:
    model = onnx.load(external_model(tmp_path, "weights.bin", offset="6"), load_external_data=False)
    with pytest.raises(SumtileError, match="no place is known for it"):
        import_model(model)
