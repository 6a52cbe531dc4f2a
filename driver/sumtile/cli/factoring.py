# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The options that cut fully connected layers into two factors, and the network that they make."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sumtile.cli.arguments import positive
from sumtile.errors import SumtileError

if TYPE_CHECKING:
    import numpy as np

    from sumtile.network import Network
    from sumtile.network.svd import Decomposition, Factored
    from sumtile.report import Screen

VALIDATION_MAX = 1000
"""Validation images unless the user says how many."""

SVD_HELP = """\
--svd cuts a fully connected layer into two of low rank, which takes rank * (outputs + inputs)
weights instead of outputs * inputs; it can be given for several layers, in order:
  --svd fc6=500           rank 500
  --svd fc6=energy:0.9    the lowest rank with 90 % of the sum of the squared singular values
  --svd fc6=loss:0.5      the lowest rank found that loses at most 0.5 points of accuracy on the
                          images of --validate, against the network before"""


@dataclass(frozen=True)
class SvdSetting:
    """How one layer is to be factored.

    Attributes:
        layer: name of the Linear node.
        rule: ``rank``, ``energy`` or ``loss``.
        value: the rank, the share of the squared singular values, or the points of accuracy.
    """

    layer: str
    rule: str
    value: float


def svd_setting(text: str) -> SvdSetting:
    """Reads ``LAYER=RANK``, ``LAYER=energy:SHARE`` or ``LAYER=loss:POINTS``."""
    layer, _, rest = text.rpartition("=")
    rule, _, number = rest.rpartition(":")
    try:
        value = float(number) if rule else int(number)
    except ValueError:
        layer = ""
    if not layer or rule not in ("", "energy", "loss"):
        raise argparse.ArgumentTypeError(f"'{text}' is none of LAYER=RANK, LAYER=energy:SHARE and LAYER=loss:POINTS")
    return SvdSetting(layer, rule or "rank", value)


def add_svd_options(parser: argparse.ArgumentParser, validates: bool) -> None:
    """Adds ``--svd``, and what a loss is measured on unless the command has no images."""
    group = parser.add_argument_group("factoring")
    rules = "a rank, energy:SHARE or loss:POINTS" if validates else "a rank or energy:SHARE"
    group.add_argument("--svd", metavar="LAYER=RULE", type=svd_setting, action="append", default=[], help=f"cut a fully connected layer into two of low rank; RULE is {rules}")
    if validates:
        group.add_argument("--validate", metavar="DATA", help="labelled images for loss:POINTS: 'fashion-mnist' (of its training part), a folder of class folders, or an .npz file")
        group.add_argument("--validation-images", metavar="N", type=positive, help=f"how many of them, spread over all that there are (default: {VALIDATION_MAX})")


def given_svd_options(arguments: argparse.Namespace) -> list[str]:
    """Those of the options that were given."""
    given = {"--svd": arguments.svd, "--validate": getattr(arguments, "validate", None), "--validation-images": getattr(arguments, "validation_images", None)}
    return [name for name, value in given.items() if value]


def factor_network(arguments: argparse.Namespace, network: Network, screen: Screen) -> tuple[Network, list[Factored]]:
    """The network with the layers of ``--svd`` in two factors, and what that does to each.

    Raises:
        SumtileError: a layer or a rank that there is not, a rank that saves nothing, or validation images that are missing or of other classes.
    """
    from sumtile.network.svd import Decomposition, factor_layer

    _check_options(arguments)
    labelled = _validation(arguments, network) if arguments.validate is not None else None
    done = []
    for setting in arguments.svd:
        decomposition = Decomposition(network, setting.layer)
        rank = int(setting.value) if setting.rule == "rank" else _chosen_rank(setting, network, decomposition, labelled, screen)
        network, factored = factor_layer(network, decomposition, rank)
        done.append(factored)
    return network, done


def factor_without_numbers(arguments: argparse.Namespace, network: Network) -> tuple[Network, list[Factored]]:
    """The same for a plan: shapes only, so that a given rank takes no decomposition."""
    from sumtile.network.svd import Decomposition, factor_blank

    ranks = {}
    for setting in arguments.svd:
        if setting.rule == "loss":
            raise SumtileError(f"a plan sees no images, so it cannot choose a rank by its loss for layer '{setting.layer}'; give a rank or energy:SHARE.")
        ranks[setting.layer] = int(setting.value) if setting.rule == "rank" else Decomposition(network, setting.layer).rank_of_energy(setting.value)
    return factor_blank(network, ranks)


def _check_options(arguments: argparse.Namespace) -> None:
    layers = [setting.layer for setting in arguments.svd]
    measured = [setting.layer for setting in arguments.svd if setting.rule == "loss"]
    if len(set(layers)) < len(layers):
        twice = next(layer for layer in layers if layers.count(layer) > 1)
        raise SumtileError(f"layer '{twice}' has two --svd options; give one.")
    if measured and arguments.validate is None:
        raise SumtileError(f"the rank of layer '{measured[0]}' is to be chosen by its loss, which needs labelled images; name some with --validate.")
    if not measured and (arguments.validate is not None or arguments.validation_images is not None):
        raise SumtileError("--validate and --validation-images are for ranks that are chosen by their loss, but no --svd LAYER=loss:POINTS was given; leave them out.")


def _validation(arguments: argparse.Namespace, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Images in the network's size and the indices of its outputs that are right."""
    from sumtile.datasets import open_dataset
    from sumtile.evaluation import output_labels
    from sumtile.images import read_images
    from sumtile.quantize import fuse

    dataset = open_dataset(arguments.validate, "train").spread(arguments.validation_images or VALIDATION_MAX)
    labels = output_labels(dataset, network.classes, fuse(network)[-1].shape.channels, f"network '{network.name}'")
    return read_images(dataset.images, network.preprocess), labels


def _chosen_rank(setting: SvdSetting, network: Network, decomposition: Decomposition, labelled: tuple[np.ndarray, np.ndarray] | None, screen: Screen) -> int:
    from sumtile.quantize.ranks import RankTrial, smallest_rank

    if setting.rule == "energy":
        return decomposition.rank_of_energy(setting.value)
    assert labelled is not None  # or the options would have been refused
    images, labels = labelled
    with screen.progress(f"choosing the rank of {setting.layer}", len(images), "images") as advance:
        trial = RankTrial(network, decomposition, images, labels, advance)
    rank = smallest_rank(trial, setting.value)
    screen.line(
        f"{setting.layer} at rank {rank}: {trial.right(rank)} of {trial.count} validation images are right, {trial.correct} with the layer as it was ({len(trial.tried)} ranks tried)"
    )
    return rank
