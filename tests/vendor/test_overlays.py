# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Every overlay of every board, built by build.tcl with the stand-ins of the tools, and then loaded by stock pynq on the emulated board, where a network classifies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sumtile.compiler import compile_network
from sumtile.emulated import open_board
from sumtile.emulated.device import Metadata, RuntimeMetadataParser
from sumtile.emulated.hwh import hardware_handoff
from sumtile.network.storage import load_network
from sumtile.overlay import Overlay, board_names, overlay_names
from sumtile.overlay.resources import models_folder, overlays_folder
from sumtile.program.golden import run_golden
from sumtile.quantize import Scheme, quantize_network, schemes
from sumtile.runtime import Accelerator
from tests.vendor.tools import SCRIPT, build, needs_tclsh, run

pytestmark = needs_tclsh
PAIRS = [(overlay, board) for overlay in overlay_names() for board in board_names()]
PLAIN = {"compensate": False, "correct_biases": False}


def scheme_for(overlay: Overlay) -> tuple[str, Scheme]:
    """A network of the project and a scheme whose operators the overlay has."""
    first = overlay.engine.arrays[0]
    bits = overlay.engine.data_bits
    if first.operator == "adder":
        return "lenet5_adder_fashion", schemes.covering(bits)
    if first.operator == "mixed":
        return "lenet5_fashion", schemes.msq(fixed_of=first.fixed_lanes, of=overlay.engine.to, **PLAIN)
    return "lenet5_fashion", schemes.sp2(**PLAIN) if first.operator == "sp2" else schemes.dynamic(bits)


@pytest.mark.parametrize("name, board", PAIRS)
def test_an_overlay_is_built_loaded_and_classifies(name: str, board: str, tmp_path: Path) -> None:
    overlay = Overlay.load(name, board)
    bitfile = build(name, board, tmp_path)
    assert_same_design(bitfile.with_suffix(".hwh"), overlay, tmp_path)
    report = json.loads(bitfile.with_suffix(".report.json").read_text())
    assert report["stamp"] == f"0x{overlay.stamp:08X}" and report["part"] == overlay.board.part

    model, scheme = scheme_for(overlay)
    network = load_network(models_folder() / f"{model}.npz")
    images = np.random.default_rng(3).integers(0, 256, (4, 28, 28, 1)).astype(np.uint8)
    program = compile_network(quantize_network(network, images, scheme), overlay)
    features = program.tensors[program.input].format.quantize(network.preprocess.apply(images[:1]).transpose(0, 2, 3, 1))
    golden = run_golden(program, overlay.engine, features)[program.output]
    device = open_board(board)
    try:
        with Accelerator(overlay, device=device, bitfile=bitfile) as accelerator:
            accelerator.load(program)
            np.testing.assert_array_equal(accelerator.infer(features[0]), golden[0])
    finally:
        device.close()


def assert_same_design(hwh: Path, overlay: Overlay, folder: Path) -> None:
    """What pynq reads of the built handoff is what it reads of the one that the emulated board has anyway."""
    generated = folder / "generated.hwh"
    generated.write_bytes(hardware_handoff(overlay))
    built, emulated = facts(hwh), facts(generated)
    assert built["blocks"] == emulated["blocks"]
    assert built["interrupts"] == emulated["interrupts"]
    for dma, parameters in emulated["parameters"].items():
        found = built["parameters"][dma]
        used = [name for name in parameters if "s2mm" not in name or parameters["c_include_s2mm"] == "1"]
        assert {name: found[name] for name in used} == {name: parameters[name] for name in used}, dma


def facts(hwh: Path) -> dict[str, Any]:
    """Blocks with type, addresses and registers, parameters of the DMAs, and interrupts."""
    parser = RuntimeMetadataParser(Metadata(input=str(hwh)))
    blocks, parameters = {}, {}
    for name, ip in parser.ip_dict.items():
        if "phys_addr" in ip:
            registers = {key: (entry["address_offset"], entry["access"], sorted(entry["fields"])) for key, entry in (ip.get("registers") or {}).items()}
            blocks[name] = ip["type"], ip["phys_addr"], ip["addr_range"], registers
        if ":axi_dma:" in ip["type"]:
            parameters[name] = {key: value for key, value in ip["parameters"].items() if key.startswith("c_")}
    interrupts = {pin: (entry["controller"], entry["index"]) for pin, entry in parser.interrupt_pins.items()}
    return {"blocks": blocks, "parameters": parameters, "interrupts": interrupts}


def test_what_does_not_fit_is_refused_with_the_figures(tmp_path: Path) -> None:
    folder = tmp_path / "overlays"
    (folder / "boards").mkdir(parents=True)
    description = json.loads((overlays_folder() / "fixed16.json").read_text())
    description["boards"]["pynq-z2"] = description["boards"]["zcu102"] | {"engines": [{**description["boards"]["zcu102"]["engines"][0], "stream_bits": 64}]}
    (folder / "fixed16.json").write_text(json.dumps(description))
    (folder / "boards" / "pynq-z2.json").write_bytes((overlays_folder() / "boards" / "pynq-z2.json").read_bytes())
    options = {"SUMTILE_OVERLAYS": folder, "SUMTILE_OVERLAY": "fixed16", "SUMTILE_BOARD": "pynq-z2", "SUMTILE_BUILD": tmp_path / "build"}
    refused = run("vitis_hls", SCRIPT, **options)
    assert refused.returncode == 1
    assert "ERROR: build.tcl: overlay 'fixed16' takes " in refused.stderr and "of 220 DSP" in refused.stderr and "does not fit" in refused.stderr
    assert not (tmp_path / "build").exists()
    assert run("vitis_hls", SCRIPT, **options, SUMTILE_FORCE=1).returncode == 0
