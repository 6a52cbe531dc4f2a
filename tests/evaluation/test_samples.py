# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""The images that come with sumtile as a data set, and the float network that they were chosen by."""

from __future__ import annotations

import numpy as np
from tests.support.networks import random_images, resnet

from sumtile.evaluation.samples import load_samples, sample_dataset
from sumtile.images import read_images
from sumtile.network.reference import PREDICTED, predict_float, run_float


def test_the_float_network_recognizes_every_sample() -> None:
    network, samples = load_samples()
    dataset = sample_dataset()
    assert [sample.path for sample in samples] == list(dataset.images) and dataset.classes == network.classes
    np.testing.assert_array_equal(np.bincount(dataset.labels), np.full(10, 2))
    np.testing.assert_array_equal(predict_float(network, read_images(dataset.images, network.preprocess)), dataset.labels)


def test_predictions_do_not_depend_on_the_batch() -> None:
    network = resnet(0)
    images = random_images(network, PREDICTED + 3, 1)
    scores = run_float(network, network.preprocess.apply(images))[network.output].reshape(len(images), -1)
    assert len(set(scores.argmax(axis=1))) > 2, "the network should tell some images apart"
    np.testing.assert_array_equal(predict_float(network, images), scores.argmax(axis=1))
    assert predict_float(network, images[:0]).shape == (0,)
