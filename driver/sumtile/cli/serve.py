# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile serve``: the classifier as a web page and a JSON interface."""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sumtile.cli.arguments import positive
from sumtile.errors import SumtileError
from sumtile.report import Screen, open_screen
from sumtile.report.text import duration

if TYPE_CHECKING:
    from sumtile.program import Program

_EPILOG = """\
examples:
  sumtile serve
  sumtile serve adder.tile msq.tile --port 8080
  sumtile serve model.tile --host 0.0.0.0 --rate 2
  curl -F image=@photo.jpg 'http://127.0.0.1:8000/api/classify?program=adder'
  sumtile serve model.tile --host 0.0.0.0 --systemd | sudo tee /etc/systemd/system/sumtile-serve.service

Without programs it quantizes and compiles LeNet-5 for Fashion-MNIST, which comes with sumtile, in
three kinds: adder, msq and fixed. With programs, each is known by the name of its file. There is
one accelerator: pictures wait in line for it, and a program for another overlay changes the overlay.

It listens on this machine only unless --host says otherwise. Pictures are held in memory, never on
disk. docs/serve.md has the JSON interface, the limits, and how to run it on a board. End it with
Ctrl-C or SIGTERM."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "serve",
        help="the classifier as a web page and a JSON interface",
        description="Serves compiled programs as a web page for phone and desktop, and as a JSON interface.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("programs", metavar="PROGRAM", nargs="*", help="compiled networks, from 'sumtile compile' (default: three that come with sumtile)")
    parser.add_argument("--host", metavar="ADDRESS", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all networks (default: 127.0.0.1)")
    parser.add_argument("--port", metavar="N", type=_port, default=8000, help="TCP port; 0 takes a free one (default: 8000)")
    parser.add_argument("--board", metavar="NAME", help="board to emulate without programs (default: zcu102); a program says itself which it was compiled for")
    parser.add_argument("--timeout", metavar="S", type=_above_zero, default=30.0, help="seconds from the arrival of a picture to its result (default: 30)")
    parser.add_argument("--queue", metavar="N", type=positive, default=16, help="requests that may wait (default: 16)")
    parser.add_argument("--rate", metavar="R", type=_above_zero, help="pictures a second from one address, in the long run (default: 10; no limit on the loopback)")
    parser.add_argument("--systemd", action="store_true", help="print a systemd unit that starts this command, and do nothing else")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    try:
        from sumtile.serve import Limits, ProgramSwitch, server
    except ModuleNotFoundError as error:
        raise SumtileError(f"the page needs the package {error.name}, which is missing; pip install 'sumtile[serve]'.") from None

    if arguments.systemd:
        print(_unit(arguments), end="")
        return 0
    screen = open_screen(sys.stdout)
    listener = server.listen(arguments.host, arguments.port)  # a taken port is told before anything takes long
    try:
        programs = _programs(arguments, screen)
        switch = ProgramSwitch(programs)
        for name in reversed(programs):  # the first one stays loaded
            screen.line(f"opening overlay {programs[name].overlay} for program '{name}'; the first time, an emulated board compiles its kernels ...", style="dim")
            sys.stdout.flush()
            where = switch.check(name)
    except BaseException:
        listener.close()
        raise
    local = server.is_loopback(listener)
    limits = Limits(timeout_s=arguments.timeout, queue=arguments.queue, rate=arguments.rate or (None if local else 10.0))
    screen.line(f"ready on: {where}", style="dim")
    screen.line(f"serving {', '.join(programs)} at {server.address(listener)}" + ("" if local else f", and to all who reach {arguments.host}") + "; Ctrl-C ends it", style="bold")
    sys.stdout.flush()
    server.run(switch, limits, listener)
    screen.line("ended", style="dim")
    return 0


def _unit(arguments: argparse.Namespace) -> str:
    """A systemd unit that runs this command with these arguments from anywhere."""
    from sumtile.serve import read_programs
    from sumtile.serve.unit import systemd_unit

    read_programs(arguments.programs)  # a wrong file is told now, and not by the next start of the machine
    options = {"--host": arguments.host, "--port": arguments.port, "--board": arguments.board, "--timeout": arguments.timeout, "--queue": arguments.queue, "--rate": arguments.rate}
    given = [word for option, value in options.items() if value is not None for word in (option, f"{value:g}" if isinstance(value, float) else str(value))]
    return systemd_unit([sys.executable, "-m", "sumtile.cli", "serve", *given, *(str(Path(program).resolve()) for program in arguments.programs)])


def _programs(arguments: argparse.Namespace, screen: Screen) -> dict[str, Program]:
    from sumtile.overlay.host import on_real_board, own_board
    from sumtile.serve import own_programs, read_programs

    if arguments.programs:
        if arguments.board is not None:
            raise SumtileError(f"--board {arguments.board} was given with programs, but a program runs on the board that it was compiled for; leave --board out.")
        return read_programs(arguments.programs)
    programs, begin = {}, time.monotonic()
    board = own_board(arguments.board) if on_real_board() else arguments.board or "zcu102"
    for name, program in own_programs(board):
        screen.line(
            f"program '{name}': {program.name} for overlay {program.overlay} on {program.board}, quantized and compiled in {duration(time.monotonic() - begin)}", style="dim"
        )
        sys.stdout.flush()
        programs[name], begin = program, time.monotonic()
    return programs


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:6]) < 65536):
        raise argparse.ArgumentTypeError(f"'{text}' is no port; give a number from 0 to 65535")
    return int(text)


def _above_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above zero")
    return value
