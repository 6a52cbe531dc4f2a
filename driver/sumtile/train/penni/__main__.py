# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""``python -m sumtile.train.penni``: compresses a trained network file, and says what each stage leaves of its cost and accuracy."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

from sumtile.datasets import Dataset
from sumtile.errors import SumtileError
from sumtile.network.compression import LayerCost, layer_costs
from sumtile.network.graph import Network
from sumtile.network.reference import predict_float
from sumtile.network.storage import load_network, save_network
from sumtile.train.command import open_splits, run_command
from sumtile.train.settings import Epoch, Settings

RATE = 0.02
"""Learning rate of every stage at its highest; the network is trained already."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the process's exit status."""
    return run_command(_parser(), _run, arguments)


def _run(options: argparse.Namespace) -> None:
    try:
        from sumtile.train.penni.stages import Compression, Stage, compress  # torch, which may be absent and is slow to import
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise SumtileError("compression needs torch, which is not installed; run 'pip install sumtile[train]'.") from error
    network = load_network(options.network)
    training, test = open_splits(options.dataset, network.preprocess)
    how = Compression(options.rank, options.retrain, options.turn, options.gamma, options.deviations, options.tune, options.ternary)
    settings = Settings(rate=options.rate, seed=options.seed, threads=options.threads)
    dense = sum(cost.flops for cost in layer_costs(network))

    def print_stage(stage: Stage) -> None:
        share = sum(cost.flops for cost in layer_costs(stage.network)) / dense
        print(f"{stage.words}: {_accuracy(stage.network, test):.2%} right, {share:.1%} of the FLOPs", flush=True)

    began = time.perf_counter()
    print_stage(Stage(f"network '{network.name}' as it was", network))
    compressed = compress(replace(network, name=f"{network.name}-penni"), training, how, settings, _print_epoch, print_stage)
    output = options.output or options.network.with_name(f"{options.network.stem}_penni.npz")
    save_network(compressed, output)
    print()
    print("\n".join(_table(network, compressed)))
    print(f"\n{_accuracy(compressed, test):.2%} of {len(test)} test images right after {time.perf_counter() - began:.0f} s; network saved in {output}")


def _print_epoch(epoch: Epoch) -> None:
    print(f"  epoch {epoch.number:2d}  loss {epoch.loss:.4f}  right in training {epoch.accuracy:.2%}  {epoch.seconds:.0f} s", flush=True)


def _accuracy(network: Network, data: Dataset) -> float:
    return float((predict_float(network, data.images) == data.labels).mean())


def _table(dense: Network, compressed: Network) -> list[str]:
    """Markdown: a row a layer and the sums; what has no bases is counted at 8 bits behind, as quantization makes it."""
    before, after = layer_costs(dense), layer_costs(compressed, weight_bits=8)
    rows = [*zip(before, after), (_sum(before), _sum(after))]
    head = "| layer | channels | density | FLOPs before | FLOPs | | parameters before | parameters | bytes, float32 before | bytes |"
    return [head, "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|", *(_row(*pair, compressed) for pair in rows)]


def _row(before: LayerCost, after: LayerCost, network: Network) -> str:
    bases = network.bases.get(after.name)
    weight = next((node.weight for node in network.nodes if node.name == after.name), None)  # type: ignore[attr-defined]  # only layers have costs
    channels = "" if weight is None else f"{weight.shape[1]} to {weight.shape[0]}" + (f", {bases.rank} bases" if bases else "")
    density = f"{bases.nonzeros / bases.coefficients.size:.1%}" if bases else ""
    numbers = [f"{before.flops:,}", f"{after.flops:,}", f"{after.flops / before.flops - 1:+.1%}", f"{before.parameters:,}", f"{after.parameters:,}"]
    return f"| {' | '.join([after.name, channels, density, *numbers, f'{before.bytes:,.0f}', f'{after.bytes:,.0f}'])} |"


def _sum(costs: list[LayerCost]) -> LayerCost:
    return LayerCost("all", *(sum(getattr(cost, name) for cost in costs) for name in ("multiplications", "additions", "parameters", "bits")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sumtile.train.penni", description="Compress a trained network by shared kernels with ternary coefficients (PENNI, ESCALATE).")
    parser.add_argument("network", metavar="NETWORK", type=Path, help="network file (.npz) of a trained network with ordinary convolutions")
    parser.add_argument("--dataset", default="fashion-mnist", help="name or path of a data set with a train and a test split (default: %(default)s)")
    parser.add_argument("--rank", type=int, default=4, help="kernels that a layer shares (default: %(default)s)")
    parser.add_argument("--retrain", metavar="EPOCHS", type=int, default=4, help="epochs with the L1 norm, coefficients and basis in turns (default: %(default)s)")
    parser.add_argument("--turn", metavar="EPOCHS", type=int, default=2, help="epochs of a turn (default: %(default)s)")
    parser.add_argument("--gamma", type=float, default=1e-4, help="weight of the L1 norm (default: %(default)s)")
    parser.add_argument("--deviations", type=float, default=1.0, help="coefficients below so many standard deviations become zero (default: %(default)s)")
    parser.add_argument("--tune", metavar="EPOCHS", type=int, default=1, help="epochs after that (default: %(default)s)")
    parser.add_argument("--ternary", metavar="EPOCHS", type=int, default=3, help="epochs with ternary coefficients and 8-bit basis (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=RATE, help="learning rate at its highest (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything random (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="processor threads; part of what makes a run repeatable (default: %(default)s)")
    parser.add_argument("-o", "--output", type=Path, help="network file to write (default: NETWORK's name with _penni)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
