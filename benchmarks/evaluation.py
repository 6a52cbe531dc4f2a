# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What a second worker brings to an evaluation, and what a killed one costs: ``python benchmarks/evaluation.py``.

The adder LeNet-5 of the repository over test images of Fashion-MNIST in the C simulation of the ZCU102: in local processes, and on a
Dask scheduler with workers on this machine. All ways take turns, so ratios hold when the machine's speed drifts; the start of workers is
not counted, the loading of the program is. The last way kills one of two workers after a third of the images. The exit
status is 1 when any way finds another prediction than the first.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
from collections.abc import Callable

import numpy as np
from distributed import Client, LocalCluster

from sumtile.datasets import Dataset, open_dataset
from sumtile.evaluation import Evaluation, evaluate
from sumtile.evaluation.cluster import Cluster
from sumtile.evaluation.samples import sample_program
from sumtile.overlay import Overlay
from sumtile.program import Program
from sumtile.report import Column, open_screen

COLUMNS = (Column("way", style="bold"), Column("seconds", right=True), Column("images/s", right=True), Column("against one", right=True), Column("predictions"))


def main() -> int:
    """Measures, prints the table, and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=2000, help="images, spread over the test set (default: 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way runs (default: 3)")
    arguments = parser.parse_args()
    program, dataset = sample_program(Overlay.load("adder", "zcu102")), open_dataset("fashion-mnist").spread(arguments.images)
    ways: dict[str, tuple[str, Callable[[], Evaluation]]] = {
        "1 process": ("1 process", lambda: evaluate(program, dataset, "csim", 1)),
        "2 processes": ("1 process", lambda: evaluate(program, dataset, "csim", 2)),
        "1 worker": ("1 worker", lambda: on_workers(program, dataset, 1)),
        "2 workers": ("1 worker", lambda: on_workers(program, dataset, 2)),
        "2 workers, one killed": ("1 worker", lambda: on_workers(program, dataset, 2, kill=True)),
    }
    load = os.getloadavg()[0]
    found: dict[str, list[Evaluation]] = {way: [] for way in ways}
    with open_screen(sys.stderr).progress("evaluating", arguments.rounds * len(ways), "runs") as advance:
        for _ in range(arguments.rounds):
            for way, (_, run) in ways.items():
                found[way].append(run())
                advance(1)
    first = found["1 process"][0]
    equal = {way: all(np.array_equal(result.predictions, first.predictions) for result in results) for way, results in found.items()}
    rows = []
    for way, (against, _) in ways.items():
        seconds = statistics.median(result.seconds for result in found[way])
        ratio = statistics.median(one.seconds / this.seconds for one, this in zip(found[against], found[way]))
        rows.append((way, f"{seconds:.1f}", f"{len(dataset) / seconds:.0f}", f"{ratio:.2f}", "equal" if equal[way] else "DIFFER"))
    screen = open_screen(sys.stdout)
    cores = f"{len(os.sched_getaffinity(0))} processor cores with a load of {load:.1f} before"  # a second worker needs a core that is free
    screen.line(f"{len(dataset)} images, {cores}, accuracy {100 * first.accuracy:.2f} %; medians of {arguments.rounds} rounds")
    screen.table(COLUMNS, rows)
    return 0 if all(equal.values()) else 1


def on_workers(program: Program, dataset: Dataset, count: int, kill: bool = False) -> Evaluation:
    """Runs the images on a scheduler with workers of this machine, which end with it; with ``kill``, one is killed after a third."""
    with LocalCluster(n_workers=count, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0", silence_logs=50) as dask:
        with Client(dask, set_as_default=False) as client:
            victim = next(iter(client.run(os.getpid).values()))
        done = 0

        def advance(images: int) -> None:
            nonlocal done
            before, done = done, done + images
            if kill and before < len(dataset) // 3 <= done:
                os.kill(victim, signal.SIGKILL)

        return evaluate(program, dataset, "csim", advance=advance, cluster=Cluster(dask.scheduler_address))


if __name__ == "__main__":
    sys.exit(main())
