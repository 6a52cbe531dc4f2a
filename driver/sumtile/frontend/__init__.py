# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""ONNX and QONNX files as networks, and networks as ONNX files."""

from sumtile.frontend.exporter import export_model, export_onnx
from sumtile.frontend.importer import import_model, import_onnx

__all__ = ["export_model", "export_onnx", "import_model", "import_onnx"]
