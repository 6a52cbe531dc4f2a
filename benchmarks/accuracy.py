# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What quantization costs: accuracy of the integer programs, and how often they agree with the float network.

    python benchmarks/accuracy.py                                      both studies, where their files are there
    python benchmarks/accuracy.py lenet5 --markdown                    one of them, as a table for a README
    python benchmarks/accuracy.py resnet20 --images 200 --layers       fewer images, and the error of each layer

Each study takes an adder network and an ordinary one through every scheme that fits it. 'lenet5': the repository's two
networks on Fashion-MNIST, through stock pynq on an emulated board. 'resnet20': addernet_resnet20_cifar10.npz and
resnet20_cifar10_akamaster.npz on cifar10_train1000.npz, all three in --data, in the C simulation.

The exit status is 1 when a target is missed on the images that were used (few images say little), or when a study that
was asked for cannot be measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from accuracy_measure import Outcome, measure
from accuracy_studies import FLOAT, STUDIES, Result, Study, Subject

from sumtile.cli.arguments import positive
from sumtile.errors import SumtileError
from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import duration

DATA = Path(os.environ.get("SUMTILE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

Table = Callable[[Screen, Sequence[Column], Sequence[Sequence[str]]], None]

_COLUMNS = (
    Column("network"),
    Column("scheme", style="bold"),
    Column("overlay"),
    Column("accuracy", right=True),
    Column("points lost", right=True),
    Column("agrees with float", right=True),
    Column("worst layer SNR dB", right=True),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the process's exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except SumtileError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    """Measures the studies; gives the exit status."""
    screen = open_screen(sys.stdout)
    sentences = []
    for name in options.studies or STUDIES:
        try:
            study = STUDIES[name](options.data, options.calibration, options.board)
        except SumtileError as error:
            screen.line(f"{name}: left out, since {error}")
            if options.studies:
                sentences.append(f"{name} was asked for, but it could not be measured.")
            continue
        sentences += _report(screen, replace(study, test=study.test.first(options.images), on=options.on or study.on), options)
    for sentence in sentences:
        screen.line(sentence, style="bold red")
    return 1 if sentences else 0


def _report(screen: Screen, study: Study, options: argparse.Namespace) -> list[str]:
    """Measures a study and prints its tables; gives a sentence for each target that is missed."""
    images, rows = len(study.test), sum(1 + len(subject.cases) for subject in study.subjects)
    begin = time.monotonic()
    with open_screen(sys.stderr).progress(study.test.name, rows * images, "images") as advance:
        measured = measure(study, options.board, options.processes, advance)
    seconds = time.monotonic() - begin
    results = [_results(outcomes, study.test.labels) for outcomes in measured]
    table: Table = _markdown if options.markdown else Screen.table
    screen.line(f"{images} images of {study.test.name}, calibrated with {len(study.calibration)}; computed by {study.on} for {options.board} in {duration(seconds)}")
    screen.line()
    table(screen, _COLUMNS, [row for each in zip(study.subjects, measured, results) for row in _rows(*each)])
    screen.line()
    if options.layers:
        for subject, outcomes in zip(study.subjects, measured):
            _show_layers(screen, subject, outcomes, table)
    return [
        f"{subject.network.name} misses a target on {images} images: {clause}."
        for subject, reached in zip(study.subjects, results)
        for clause in (target.missed(reached) for target in subject.targets)
        if clause
    ]


def _results(outcomes: Mapping[str, Outcome], labels: np.ndarray) -> dict[str, Result]:
    reference = outcomes[FLOAT].predictions
    return {name: Result(float(np.mean(found.predictions == labels)), float(np.mean(found.predictions == reference))) for name, found in outcomes.items()}


def _rows(subject: Subject, outcomes: Mapping[str, Outcome], results: Mapping[str, Result]) -> list[list[str]]:
    """A row for the float network and one for each case."""
    reference = results[FLOAT].accuracy
    rows = [[subject.network.name, FLOAT, "", f"{reference:.2%}", "", "", ""]]
    for case in subject.cases:
        result, worst = results[case.name], min(error.snr for error in outcomes[case.name].errors)
        lost = 100 * (reference - result.accuracy)
        rows.append([subject.network.name, case.name, case.overlay, f"{result.accuracy:.2%}", f"{lost:.2f}", f"{result.agreement:.2%}", f"{worst:.1f}"])
    return rows


def _show_layers(screen: Screen, subject: Subject, outcomes: Mapping[str, Outcome], table: Table) -> None:
    """Prints the settings of every case, and how far its weights and results are from the float network, layer by layer."""
    for case in subject.cases:
        screen.line(f"{case.name}: {outcomes[case.name].scheme}")
    columns = [Column("layer"), *(Column(case.name, right=True) for case in subject.cases)]
    errors = [outcomes[case.name].errors for case in subject.cases]
    for title, attribute in (("weights", "weight_snr"), ("result, with the errors of the layers before it", "snr")):
        screen.line()
        screen.line(f"{subject.network.name}, SNR in dB: {title}")
        screen.line()
        table(screen, columns, [[layer[0].name, *(f"{getattr(error, attribute):.1f}" for error in layer)] for layer in zip(*errors)])
    screen.line()


def _markdown(screen: Screen, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table as Markdown."""
    lines = [[column.title for column in columns], ["---:" if column.right else "---" for column in columns], *rows]
    for line in lines:
        screen.line(f"| {' | '.join(line)} |")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="*", metavar="STUDY", type=_study, help=f"{' or '.join(STUDIES)} (default: all)")
    parser.add_argument("--images", metavar="N", type=positive, default=10**9, help="test images to use (default: all)")
    parser.add_argument("--calibration", metavar="N", type=positive, default=128, help="calibration images (default: %(default)s)")
    parser.add_argument("--board", metavar="NAME", default="zcu102", help="board whose overlays compute (default: %(default)s)")
    parser.add_argument("--on", choices=("emulated", "csim", "golden"), help="what computes the integers; all give the same (default: emulated for lenet5, csim for resnet20)")
    parser.add_argument("--processes", metavar="N", type=positive, default=len(os.sched_getaffinity(0)), help="processes that share the rows (default: one a processor core)")
    parser.add_argument("--data", metavar="FOLDER", type=Path, default=DATA, help="folder of the ResNet-20 weights and images (default: %(default)s)")
    parser.add_argument("--layers", action="store_true", help="print every scheme in full, and the error of each layer under it")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    return parser


def _study(name: str) -> str:
    """An argument that names a study."""
    if name not in STUDIES:
        raise argparse.ArgumentTypeError(f"there is no study '{name}'; choose {' or '.join(STUDIES)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
