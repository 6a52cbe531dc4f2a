# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Entry point: parses the arguments, runs one command, and turns every failure into one sentence and an exit status.

Exit status: 0 success, 1 unexpected failure or an expectation of ``demo`` or ``doctor`` that is not met, 2 a mistake that the sentence explains, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from sumtile.cli import build, classify, compare, demo, doctor, evaluate, explore, plan, quantize, serve
from sumtile.cli import compile as compile_
from sumtile.errors import SumtileError

_EPILOG = """\
a first tour:
  sumtile doctor                                    what is here, what is missing
  sumtile demo                                      classify the sample images
  sumtile plan network.onnx --board pynq-z2         cycles, bytes, budget: before any work
  sumtile explore network.onnx --board pynq-z2      overlays that are worth building for it
  sumtile quantize network.onnx --calibrate photos/ -o network.q
  sumtile compile network.q -o model.tile
  sumtile classify model.tile photo.jpg             on the board, or on an emulated one
  sumtile compare network.onnx network.q photo.jpg  float, golden model, simulation and board
  sumtile evaluate model.tile fashion-mnist         accuracy over a dataset
  sumtile serve                                     a web page that classifies pictures
  sumtile build adder --board pynq-z2               a bitstream, with Vitis HLS and Vivado

'sumtile COMMAND --help' explains a command with examples."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command in ``argv`` (the process's own arguments by default) and returns its exit status."""
    arguments = command_parser().parse_args(argv)
    trace = bool(os.environ.get("SUMTILE_TRACEBACK"))
    try:
        status = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _fail("interrupted.", 130)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has seen enough; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SumtileError as error:
        if trace:
            raise
        return _fail(str(error), 2)
    except Exception as error:
        if trace:
            raise
        return _fail(f"an unexpected {type(error).__name__} stopped the command: {error}; set SUMTILE_TRACEBACK=1 and run it again to see where.", 1)


def _fail(sentence: str, status: int) -> int:
    print(f"sumtile: {sentence}", file=sys.stderr)
    return status


def command_parser() -> argparse.ArgumentParser:
    """What reads the arguments, with a sub-parser for each command."""
    parser = argparse.ArgumentParser(
        prog="sumtile",
        description="Runs convolutional networks on Zynq boards, or on an emulated one, with as few multipliers as possible.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (demo, plan, explore, quantize, compile_, classify, compare, evaluate, serve, build, doctor):
        command.add_parser(commands)
    return parser
