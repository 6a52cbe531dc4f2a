# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""From an image file, a pillow image or an array of pixels to the integers of a network's input tensor."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from sumtile.errors import SumtileError
from sumtile.files import regular_file
from sumtile.formats import FixedPoint
from sumtile.network.graph import Preprocess

MAX_PIXELS = 100_000_000
"""Larger images are refused before they are decoded: a small file can claim any size. A JPEG counts as it is decoded, at a
half, a quarter or an eighth of its size where that is enough for the network."""

UPLOADS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
"""Formats of images from unknown people. Pillow reads more, but some of these run programs (EPS) or are seldom used and seldom tested."""

ImageLike = str | Path | Image.Image | np.ndarray


class ImageSizeError(SumtileError):
    """An image of more pixels than the limit."""


def read_image(image: ImageLike, preprocess: Preprocess) -> np.ndarray:
    """An upright image in the size and the channels that a network takes.

    Transparent pixels lie on white, and 16-bit greyscale keeps its upper 8 bits.

    Args:
        image: a file that pillow reads, a pillow image, or uint8 pixels of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4).
        preprocess: size and number of channels; one is greyscale, three are RGB.

    Returns:
        uint8 array of (height, width, channels).

    Raises:
        SumtileError: no such file, not an image, a damaged or an enormous one, or an array of another kind.
    """
    if isinstance(image, (str, Path)):
        with _open(Path(image)) as opened:
            _decode_smaller(opened, preprocess)
            return _pixels(opened, preprocess, str(image), MAX_PIXELS)
    if isinstance(image, np.ndarray):
        image = _from_array(image)
    if not isinstance(image, Image.Image):
        raise SumtileError(f"an image of type {type(image).__name__} was given; give a path, a pillow image or a uint8 array.")
    return _pixels(image, preprocess, "the image", MAX_PIXELS)


def decode_image(content: bytes, preprocess: Preprocess, max_pixels: int) -> np.ndarray:
    """What :func:`read_image` makes of a file with this content, which anybody may have sent: one of the formats :data:`UPLOADS`.

    Args:
        content: the bytes of the file.
        preprocess: size and number of channels.
        max_pixels: larger images are refused, in the way of :data:`MAX_PIXELS`.

    Returns:
        uint8 array of (height, width, channels).

    Raises:
        ImageSizeError: more pixels than that.
        SumtileError: not an image of these formats, or a damaged one.
    """
    with _open(content, UPLOADS) as opened:
        _decode_smaller(opened, preprocess)
        return _pixels(opened, preprocess, "the picture", max_pixels)


def read_images(images: Iterable[ImageLike], preprocess: Preprocess) -> np.ndarray:
    """Several images, at least one, as :func:`read_image` reads each of them: uint8 (images, height, width, channels)."""
    if isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.shape[1:] == (preprocess.height, preprocess.width, preprocess.channels):
        return images  # a data set in memory that has the right size already
    return np.stack([read_image(image, preprocess) for image in images])


def pixel_table(preprocess: Preprocess, target: FixedPoint) -> np.ndarray:
    """What each of the 256 values of a pixel becomes in the input tensor: int64 of shape (256, channels)."""
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[:, None], (256, preprocess.channels))
    real = preprocess.apply(np.ascontiguousarray(ramp)[None, :, None, :])  # (1, channels, 256, 1)
    return target.quantize(real[0, :, :, 0].T)


def to_integers(pixels: np.ndarray, table: np.ndarray) -> np.ndarray:
    """uint8 (..., channels) through :func:`pixel_table`: int64 of the same shape."""
    return table[pixels, np.arange(table.shape[1])]


def _open(source: Path | bytes, formats: tuple[str, ...] | None = None) -> Image.Image:
    name = "the picture" if isinstance(source, bytes) else f"image {regular_file(source, 'image')}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # _pixels checks the size itself
            return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=formats)
    except Image.DecompressionBombError as error:
        raise ImageSizeError(f"{name} is too large ({error}); use one of at most {MAX_PIXELS:,} pixels.") from None
    except Image.UnidentifiedImageError:
        known = "convert it to PNG or JPEG" if formats is None else f"send {', '.join(formats[:-1])} or {formats[-1]}"
        raise SumtileError(f"{name.removeprefix('image ')} is not an image that pillow can read; {known}.") from None
    except OSError as error:
        raise SumtileError(f"{name} cannot be read ({error.strerror or error}); check the file.") from None
    except Exception as error:  # a hostile header may raise anything inside a pillow plugin
        raise SumtileError(f"{name} has a damaged header ({type(error).__name__}: {error}); use another copy of it.") from None


def _decode_smaller(image: Image.Image, preprocess: Preprocess) -> None:
    """Has a large JPEG decoded at a fraction of its size, twice the network's or more; other formats have no such thing."""
    if "progressive" not in image.info:  # a progressive one takes the memory of its full size all the same
        side = 2 * max(preprocess.width, preprocess.height)  # of both axes, since the photo may lie on its side
        image.draft(None, (side, side))


def _from_array(array: np.ndarray) -> Image.Image:
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
    if array.dtype != np.uint8 or not fits or 0 in array.shape:
        raise SumtileError(f"an image array of {array.dtype} and shape {array.shape} was given; give uint8 pixels of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4).")
    plain = np.ascontiguousarray(array)
    return Image.fromarray(plain[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else plain)


def _pixels(image: Image.Image, preprocess: Preprocess, name: str, max_pixels: int) -> np.ndarray:
    width, height = image.size
    if width * height > max_pixels:
        raise ImageSizeError(f"{name} has {width} x {height} pixels, but {max_pixels:,} is the limit; scale it down first.")
    try:
        image = _to_mode(ImageOps.exif_transpose(image) or image, preprocess)
        if image.size != (preprocess.width, preprocess.height):
            image = image.resize((preprocess.width, preprocess.height), Image.BILINEAR)  # type: ignore[attr-defined]
    except SumtileError:
        raise
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more on damaged data
        raise SumtileError(f"{name} is damaged or truncated ({type(error).__name__}: {error}); use another copy of it.") from None
    return np.asarray(image, np.uint8).reshape(preprocess.height, preprocess.width, preprocess.channels)


def _to_mode(image: Image.Image, preprocess: Preprocess) -> Image.Image:
    if preprocess.channels not in (1, 3):
        raise SumtileError(f"the network takes {preprocess.channels} channels, but an image gives 1 (greyscale) or 3 (RGB); use infer() with features of your own.")
    if image.mode in ("F", "LAB"):
        raise SumtileError(f"the image holds pixels of mode {image.mode}, but greyscale or RGB is needed; save it with 8 bits a channel.")
    if image.mode.startswith("I"):
        deep = np.asarray(image).astype(np.int64)
        shift = 8 if image.mode != "I" or deep.max(initial=0) > 255 else 0
        image = Image.fromarray(np.clip(deep >> shift, 0, 255).astype(np.uint8))
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image)
        image = white
    return image.convert("L" if preprocess.channels == 1 else "RGB")
