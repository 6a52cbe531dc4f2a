# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""Images of every kind become the network's pixels, and bad ones one sentence."""

from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from sumtile import SumtileError
from sumtile.formats import FixedPoint
from sumtile.images import MAX_PIXELS, pixel_table, read_image, read_images, to_integers
from sumtile.network import Preprocess

RGB = Preprocess(6, 8, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
GREY = Preprocess(6, 8, (0.5,), (0.25,))


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


def test_path_image_and_array_give_the_same_pixels(pixels, tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(pixels).save(path)
    for image in (path, str(path), Image.fromarray(pixels), pixels, pixels[:, ::-1][:, ::-1]):
        assert np.array_equal(read_image(image, RGB), pixels)


def test_grey_and_colour_become_what_the_network_takes(pixels):
    grey = pixels[:, :, 0]
    assert np.array_equal(read_image(grey, GREY)[:, :, 0], grey)
    assert np.array_equal(read_image(grey[:, :, None], GREY)[:, :, 0], grey)
    assert np.array_equal(read_image(grey, RGB), np.repeat(grey[:, :, None], 3, axis=2))
    assert read_image(pixels, GREY).shape == (6, 8, 1)


def test_resize_keeps_a_flat_image_flat():
    image = np.full((301, 77, 3), (10, 200, 30), np.uint8)
    assert np.array_equal(read_image(image, RGB), np.full((6, 8, 3), (10, 200, 30), np.uint8))


def test_every_mode_of_pillow_that_holds_a_picture(pixels):
    colour = Image.fromarray(pixels)
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LA", "I", "I;16"):
        image = colour.convert("L").convert(mode) if mode in ("LA", "I", "I;16") else colour.convert("RGB").convert(mode)
        assert read_image(image, RGB).shape == (6, 8, 3), mode
        assert read_image(image, GREY).shape == (6, 8, 1), mode


def test_sixteen_bit_grey_keeps_its_upper_bits(tmp_path):
    deep = (np.arange(48, dtype=np.uint16).reshape(6, 8) * 1300).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert np.array_equal(read_image(tmp_path / "deep.png", GREY)[:, :, 0], deep >> 8)


def test_transparent_pixels_lie_on_white(pixels):
    clear = np.dstack([pixels, np.full((6, 8), 255, np.uint8)])
    clear[:3, :, 3] = 0
    result = read_image(clear, RGB)
    assert (result[:3] == 255).all() and np.array_equal(result[3:], pixels[3:])


def test_photo_taken_sideways_is_turned(pixels, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate clockwise to see it upright
    Image.fromarray(np.rot90(pixels)).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(read_image(tmp_path / "turned.png", RGB), pixels)


def test_table_equals_preprocessing_and_quantization(pixels):
    for target in (FixedPoint(8, 5), FixedPoint(8, 9), FixedPoint(6, 3, signed=False), FixedPoint(16, 12)):
        expected = target.quantize(RGB.apply(pixels[None])[0].transpose(1, 2, 0))
        assert np.array_equal(to_integers(pixels, pixel_table(RGB, target)), expected)


@pytest.mark.parametrize("content, sentence", [
    (b"no image at all", r"bad\.png is not an image that pillow can read; convert it"),
    (b"", r"bad\.png is not an image that pillow can read"),
    (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, r"bad\.png"),
])  # fmt: skip
def test_unreadable_file(tmp_path, content, sentence):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(SumtileError, match=sentence):
        read_image(path, RGB)


def test_truncated_files_of_many_kinds(tmp_path):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    for suffix in ("png", "jpg", "bmp", "tif", "gif", "webp", "ppm"):
        path = tmp_path / f"cut.{suffix}"
        noise.save(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(SumtileError, match=rf"cut\.{suffix}"):
            read_image(path, RGB)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(SumtileError, match=r"there is no image .*none\.png; check the path"):
        read_image(tmp_path / "none.png", RGB)
    with pytest.raises(SumtileError, match=r"is a folder, but a file is needed"):
        read_image(tmp_path, RGB)
    with pytest.raises(SumtileError, match=r"cannot be read"):
        read_image("a\0b.png", RGB)


def test_pipes_and_devices_are_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", tmp_path / "link.png", "/dev/zero"):
        with pytest.raises(SumtileError, match=r"is not a regular file but a named pipe, a socket or a device; copy the image into a file first"):
            read_image(path, RGB)


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(tmp_path):
    path, sideways = tmp_path / "large.jpg", Image.Exif()
    sideways[0x0112] = 6
    picture = Image.new("L", (10_016, 10_000))
    assert picture.width * picture.height > MAX_PIXELS
    picture.paste(200, (0, 0, 10_016, 5_000))
    picture.save(path, exif=sideways)
    grey = read_image(path, GREY)[:, :, 0]  # upright, the light half is on the right
    assert np.ptp(grey, axis=0).max() <= 2 and abs(int(grey[0, 0]) - 0) <= 2 and abs(int(grey[0, -1]) - 200) <= 2
    picture.save(path, progressive=True)
    with pytest.raises(SumtileError, match="is the limit"):
        read_image(path, GREY)


def test_several_images_are_read_as_each_of_them_is(pixels, tmp_path):
    Image.fromarray(pixels).save(tmp_path / "image.png")
    images = [tmp_path / "image.png", pixels[:3], Image.fromarray(pixels).convert("L")]
    assert np.array_equal(read_images(images, RGB), np.stack([read_image(image, RGB) for image in images]))


@pytest.mark.parametrize("side", [10_001, 60_000])
def test_decompression_bomb_is_refused_before_it_is_decoded(tmp_path, side):
    assert side * side > MAX_PIXELS
    path = tmp_path / "bomb.png"
    path.write_bytes(_png_of(side, side))
    with pytest.raises(SumtileError, match=r"bomb\.png (has|is too large)"):
        read_image(path, RGB)


@pytest.mark.parametrize("array", [
    np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros((4,), np.uint8), np.zeros((0, 4, 3), np.uint8), np.zeros((1, 4, 4, 3), np.uint8),
])  # fmt: skip
def test_array_of_another_kind(array):
    with pytest.raises(SumtileError, match=r"an image array of .* was given; give uint8 pixels of shape"):
        read_image(array, RGB)


def test_what_is_no_image_at_all():
    with pytest.raises(SumtileError, match=r"an image of type list was given"):
        read_image([1, 2, 3], RGB)
    for mode in ("F", "LAB"):
        with pytest.raises(SumtileError, match=rf"pixels of mode {mode}, but greyscale or RGB is needed"):
            read_image(Image.new(mode, (4, 4)), RGB)
    with pytest.raises(SumtileError, match=r"takes 4 channels"):
        read_image(np.zeros((4, 4), np.uint8), Preprocess(6, 8, (0.5,) * 4, (1.0,) * 4))


def _png_of(width, height):
    """A tiny PNG whose header claims any size."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
