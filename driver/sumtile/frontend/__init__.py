# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""ONNX and QONNX files as networks, and networks as ONNX files."""

from sumtile.frontend.importer import import_model, import_onnx

__all__ = ["import_model", "import_onnx"]
