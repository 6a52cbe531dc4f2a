# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The directives of ``#pragma HLS`` with their options and values, as the chapter "HLS Pragmas" of UG1399 documents them (2020.2 to 2025.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Options = Mapping[str, str]
Kind = str | frozenset[str]

NAME = "name"
"""A variable, a member of one, or a function."""
NUMBER = "number"
"""An integer, or an expression of constants."""
COUNT = "count"
"""The same, and at least 1."""
TEXT = "text"
BOOL = frozenset({"true", "false"})


@dataclass(frozen=True)
class Directive:
    """One directive.

    Attributes:
        options: kind of the value of each ``option=value``: one of the kinds above, or the values to choose from.
        flags: words that stand alone.
        bare: options whose value may stand alone as well.
        needs: options that must be there.
        place: ``loop`` when it must begin the body of a loop, ``function`` when it must stand in one's outermost block,
            ``either`` when it begins the body of one of both, ``any`` otherwise.
        check: a sentence about options that do not go together, or None.
    """

    options: Mapping[str, Kind] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    bare: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    place: str = "any"
    check: Callable[[Options], str | None] = lambda options: None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RAM = {
    "ram_1p": _words("bram uram lutram auto"),
    "ram_1wnr": _words("bram uram lutram auto"),
    "ram_2p": _words("bram uram lutram bram_ecc uram_ecc auto"),
    "ram_s2p": _words("bram uram lutram bram_ecc uram_ecc auto"),
    "ram_t2p": _words("bram uram auto"),
    "rom_1p": _words("bram uram lutram auto"),
    "rom_2p": _words("bram uram lutram auto"),
    "rom_np": _words("bram uram lutram auto"),
    "fifo": _words("bram uram lutram srl memory auto"),
}
"""Implementations of each kind of storage."""

OPERATION = {
    **dict.fromkeys(("mul", "add", "sub"), _words("fabric dsp")),
    **dict.fromkeys(("fadd", "fsub"), _words("fabric fulldsp primitivedsp")),
    **dict.fromkeys(("fmul", "dmul"), _words("fabric meddsp fulldsp maxdsp primitivedsp")),
    **dict.fromkeys(("dadd", "dsub", "hadd", "hsub"), _words("fabric fulldsp meddsp")),
    **dict.fromkeys(("fdiv", "ddiv", "hdiv", "fsqrt", "dsqrt", "hsqrt", "frsqrt", "drsqrt", "frecip", "drecip"), _words("fabric fulldsp")),
    **dict.fromkeys(("fexp", "dexp", "flog", "dlog", "hmul"), _words("fabric meddsp fulldsp maxdsp")),
}
"""Implementations of each operation."""

PORT_MODES = _words("ap_none ap_stable ap_vld ap_ack ap_hs ap_ovld ap_memory bram ap_fifo axis s_axilite m_axi")
BLOCK_MODES = _words("ap_ctrl_none ap_ctrl_hs ap_ctrl_chain")

MODE_OPTIONS = {
    "axis": _words("port register register_mode depth name"),
    "s_axilite": _words("port bundle offset clock name register storage_impl interrupt"),
    "m_axi": _words("port bundle offset depth latency name num_read_outstanding num_write_outstanding max_read_burst_length max_write_burst_length max_widen_bitwidth channel"),
}
"""Options that belong to a mode of an interface; other modes take ``OTHER_MODES``."""
OTHER_MODES = _words("port register depth name storage_type storage_impl latency direct_io")


def _check_interface(options: Options) -> str | None:
    mode = options["mode"]
    if mode in PORT_MODES and "port" not in options:
        return f"mode {mode} needs a port"
    stray = set(options) - {"mode"} - MODE_OPTIONS.get(mode, OTHER_MODES)
    return f"mode {mode} has no option '{min(stray)}'" if stray else None


def _check_partition(options: Options) -> str | None:
    kind = options.get("type", "complete")
    if options.get("off") == "true":
        return None
    if kind == "complete" and "factor" in options:
        return "a complete partition has no factor"
    return f"a {kind} partition needs a factor" if kind != "complete" and "factor" not in options else None


def _check_storage(options: Options) -> str | None:
    kind, implementation = options["type"], options.get("impl", "auto")
    return None if implementation in RAM[kind] else f"{kind} is not made of {implementation}, but of one of {', '.join(sorted(RAM[kind]))}"


def _check_operation(options: Options) -> str | None:
    operation, implementation = options["op"], options.get("impl")
    if implementation is None or implementation in OPERATION[operation]:
        return None
    return f"{operation} is not made of {implementation}, but of one of {', '.join(sorted(OPERATION[operation]))}"


def _check_dependence(options: Options) -> str | None:
    if ("variable" in options) == ("class" in options):
        return "it needs either a variable or a class"
    if "dependent" not in options:
        return "it does not say whether the dependence is true or false"
    if options.get("type", "inter") == "intra" and ("direction" in options or "distance" in options):
        return "a direction or a distance lies between iterations, so it needs type inter"
    return "a dependence that is false has no distance" if "distance" in options and options["dependent"] == "false" else None


def _check_range(options: Options) -> str | None:
    least, most = options.get("min", ""), options.get("max", "")
    if not least and not most:
        return "it needs a min or a max"
    return f"min {least} is above max {most}" if least.isdigit() and most.isdigit() and int(least) > int(most) else None


def _check_unroll(options: Options) -> str | None:
    return "an unroll that is off has no factor" if options.get("off") == "true" and "factor" in options else None


_PARTITION: Mapping[str, Kind] = {"variable": NAME, "type": _words("complete cyclic block"), "factor": COUNT, "dim": NUMBER, "off": BOOL}
_RANGE: Mapping[str, Kind] = {"min": NUMBER, "max": NUMBER}

DIRECTIVES: Mapping[str, Directive] = {
    "aggregate": Directive({"variable": NAME, "compact": _words("auto bit byte none")}, needs=("variable",)),
    "alias": Directive({"ports": TEXT, "distance": NUMBER, "offset": TEXT}, needs=("ports",), place="function"),
    "allocation": Directive({"instances": TEXT, "limit": COUNT}, _words("function operation"), needs=("instances", "limit")),
    "array_partition": Directive(_PARTITION, bare=("type",), needs=("variable",), check=_check_partition),
    "array_reshape": Directive({**_PARTITION, "object": BOOL}, _words("object"), bare=("type",), needs=("variable",), check=_check_partition),
    "bind_op": Directive({"variable": NAME, "op": frozenset(OPERATION), "impl": TEXT, "latency": NUMBER}, needs=("variable", "op"), check=_check_operation),
    "bind_storage": Directive({"variable": NAME, "type": frozenset(RAM), "impl": TEXT, "latency": NUMBER}, needs=("variable", "type"), check=_check_storage),
    "cache": Directive({"port": NAME, "lines": COUNT, "depth": COUNT, "ways": COUNT, "users": COUNT, "burst": BOOL}, needs=("port",), place="function"),
    "dataflow": Directive(flags=_words("disable_start_propagation"), place="either"),
    "dependence": Directive(
        {
            "variable": NAME,
            "class": _words("array pointer"),
            "type": _words("inter intra"),
            "direction": _words("raw war waw"),
            "distance": COUNT,
            "dependent": BOOL,
        },
        bare=("class", "type", "direction", "dependent"),
        check=_check_dependence,
    ),
    "disaggregate": Directive({"variable": NAME}, needs=("variable",)),
    "expression_balance": Directive(flags=_words("off")),
    "function_instantiate": Directive({"variable": NAME}, needs=("variable",), place="function"),
    "inline": Directive(flags=_words("off recursive"), place="function"),
    "interface": Directive(
        {
            "mode": PORT_MODES | BLOCK_MODES,
            "port": NAME,
            "bundle": NAME,
            "offset": TEXT,
            "clock": NAME,
            "name": NAME,
            "interrupt": NUMBER,
            "register": BOOL,
            "register_mode": _words("both forward reverse off"),
            "storage_type": frozenset(RAM),
            "storage_impl": TEXT,
            "direct_io": BOOL,
            **dict.fromkeys(("depth", "latency", "max_widen_bitwidth"), NUMBER),
            **dict.fromkeys(("num_read_outstanding", "num_write_outstanding", "max_read_burst_length", "max_write_burst_length"), COUNT),
            "channel": TEXT,
        },
        _words("register"),
        bare=("mode",),
        needs=("mode",),
        place="function",
        check=_check_interface,
    ),
    "latency": Directive(_RANGE, check=_check_range),
    "loop_flatten": Directive(flags=_words("off"), place="loop"),
    "loop_merge": Directive(flags=_words("force")),
    "loop_tripcount": Directive({**_RANGE, "avg": NUMBER}, place="loop", check=_check_range),
    "occurrence": Directive({"cycle": COUNT, "off": BOOL}, _words("off")),
    "performance": Directive(
        {
            "target_ti": NUMBER,
            "target_tl": NUMBER,
            "assume_ti": NUMBER,
            "assume_tl": NUMBER,
            "unit": _words("cycle sec"),
            "scope": _words("loop region function"),
        },
        place="any",
    ),
    "pipeline": Directive({"ii": COUNT, "style": _words("stp flp frp"), "rewind": BOOL}, _words("off rewind"), place="either"),
    "protocol": Directive({"mode": _words("floating fixed")}, bare=("mode",)),
    "reset": Directive({"variable": NAME, "off": BOOL}, _words("off"), needs=("variable",)),
    "stable": Directive({"variable": NAME}, needs=("variable",)),
    "stream": Directive({"variable": NAME, "depth": NUMBER, "type": _words("fifo pipo shared unsync"), "off": BOOL}, _words("off"), bare=("type",), needs=("variable",)),
    "top": Directive({"name": NAME}, place="function"),
    "unroll": Directive({"factor": COUNT, "off": BOOL}, _words("skip_exit_check"), place="loop", check=_check_unroll),
}
