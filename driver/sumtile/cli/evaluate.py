# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``sumtile evaluate``: the accuracy of a program over a labelled data set."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from sumtile.cli.arguments import positive
from sumtile.errors import SumtileError
from sumtile.report import Column, Screen, open_screen
from sumtile.report.text import duration

if TYPE_CHECKING:
    from sumtile.datasets import Dataset
    from sumtile.evaluation import Evaluation
    from sumtile.evaluation.cluster import Cluster
    from sumtile.evaluation.journal import Journal, Subject

_EPILOG = """\
examples:
  sumtile evaluate model.tile fashion-mnist
  sumtile evaluate model.tile fashion-mnist --limit 500 --on emulated
  sumtile evaluate model.tile photos/ --processes 8       a folder with one folder of images for each class
  sumtile evaluate model.tile images.npz --json           arrays x (images) and y (labels)
  sumtile evaluate model.tile photos/ --cluster tcp://desk:8786    on the workers of a Dask scheduler: PCs, boards, or both

The result does not depend on --on, on --processes or on --cluster: all targets compute the same integers.
What was found before an interruption is kept: the same command goes on from there.
docs/evaluate.md tells how to start a scheduler and workers."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a program's accuracy over a data set",
        description="Runs every image of a labelled data set and counts how often the most probable class is the right one.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("program", metavar="PROGRAM", help="a compiled network, from 'sumtile compile'")
    parser.add_argument("dataset", metavar="DATASET", help="'fashion-mnist', a folder of class folders, a folder of IDX files, or an .npz file")
    parser.add_argument(
        "--on",
        choices=("board", "emulated", "csim", "golden"),
        help="what runs it (default: the board if there is one, the C simulation otherwise; on a cluster, each worker's own)",
    )
    places = parser.add_mutually_exclusive_group()
    places.add_argument("--processes", metavar="N", type=positive, help="processes that share the images (default: one a processor core, one on a board)")
    places.add_argument("--cluster", metavar="ADDRESS", help="run the images on the workers of this Dask scheduler, such as tcp://desk:8786")
    parser.add_argument("--journal", metavar="FILE", help="where to keep what is found until the end (default: in sumtile's folder of the user's cache)")
    parser.add_argument("--restart", action="store_true", help="forget what an interrupted run has found")
    parser.add_argument("--limit", metavar="N", type=positive, help="only N images, spread evenly over the data set")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    from sumtile.datasets import open_dataset
    from sumtile.evaluation import evaluate, prepare
    from sumtile.evaluation.cluster import Cluster
    from sumtile.evaluation.journal import Subject
    from sumtile.evaluation.targets import default_target
    from sumtile.program import read_program

    program = read_program(arguments.program)
    dataset = open_dataset(arguments.dataset)
    if arguments.limit is not None:
        dataset = dataset.spread(arguments.limit)
    notes = open_screen(sys.stderr)
    cluster = Cluster(arguments.cluster, notes.line) if arguments.cluster else None
    target = arguments.on or (None if cluster else default_target())
    processes = arguments.processes or (1 if target == "board" else len(os.sched_getaffinity(0)))
    with _journal(arguments, Subject.of(program, dataset, target), notes) as journal:
        where = cluster.address if cluster else prepare(program, target)
        left = len(dataset) - (journal.count if journal else 0)
        with notes.progress("evaluating", left, "images") as advance:
            result = evaluate(program, dataset, target, processes, advance, cluster=cluster, journal=journal)
    summary = {
        "program": arguments.program,
        "dataset": dataset.name,
        "images": len(dataset),
        "correct": result.correct,
        "accuracy": result.accuracy,
        "where": where,
        "seconds": result.seconds,
        "before": result.before,
    }
    summary |= {"workers": {worker: asdict(share) for worker, share in cluster.shares.items()}} if cluster else {"processes": processes}
    if arguments.json:
        print(json.dumps(summary, indent=2))
    else:
        _show(open_screen(sys.stdout), dataset, result, where, processes, cluster)
    return 0


@contextmanager
def _journal(arguments: argparse.Namespace, subject: Subject, notes: Screen) -> Iterator[Journal | None]:
    """The journal of this evaluation, removed at its end; or None where the usual place cannot be had."""
    from sumtile.evaluation.journal import Journal

    try:
        journal = Journal(arguments.journal or subject.place, subject, arguments.restart)
    except SumtileError as error:
        if arguments.journal:
            raise
        notes.line(f"no journal is kept, so an interruption would lose all: {error}", style="yellow")
        yield None
        return
    if journal.count:
        notes.line(f"{journal.count} of {subject.images} images were done before an interruption; going on from there (--restart would not)", style="dim")
    done = False
    try:
        yield journal
        done = True
    except BaseException:
        if journal.count:
            notes.line(f"{journal.count} of {subject.images} images are kept in {journal.path}; the same command goes on from there", style="dim")
        raise
    finally:
        journal.close(done)


def _show(screen: Screen, dataset: Dataset, result: Evaluation, where: str, processes: int, cluster: Cluster | None) -> None:
    screen.line(f"accuracy {100 * result.accuracy:.2f} %: {result.correct} of {len(dataset)} images of {dataset.name}", style="bold")
    who = f"{len(cluster.shares)} worker{'' if len(cluster.shares) == 1 else 's'}" if cluster else f"{processes} process{'es' if processes > 1 else ''}"
    rate = (len(dataset) - result.before) / result.seconds
    screen.line(f"{where}; {who}, {duration(result.seconds)}, {rate:.1f} images/s", style="dim")
    if cluster:
        columns = [Column("worker"), Column("batches", right=True), Column("ran on")]
        screen.table(columns, [(worker, str(share.chunks), share.where) for worker, share in cluster.shares.items()], indent=2)
