# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From a float network to integers: fusing, calibration, number formats, integer weights, and the error of each layer."""

from sumtile.quantize.file import read_quantized, write_quantized
from sumtile.quantize.fuse import fuse
from sumtile.quantize.quantized import HostLayer, LayerError, QuantizedLayer, QuantizedNetwork
from sumtile.quantize.quantizer import quantize_network
from sumtile.quantize.scheme import LayerSetting, Scheme

__all__ = ["HostLayer", "LayerError", "LayerSetting", "QuantizedLayer", "QuantizedNetwork", "Scheme", "fuse", "quantize_network", "read_quantized", "write_quantized"]
