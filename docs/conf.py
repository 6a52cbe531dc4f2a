# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""How Sphinx makes a site of these pages, the commands' help and the docstrings: ``make docs``. Reads nothing from a network."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "driver"), str(ROOT / "tools")]

from sumtile.version import __version__  # noqa: E402

project = "sumtile"
author = "The sumtile authors"
project_copyright = "2026 The sumtile authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "generated_pages"]

# Links to headings are written as GitHub makes them.
myst_heading_anchors = 4

# What only some of the package needs. It is never imported here, so that the pages do not depend on what is installed.
autodoc_mock_imports = ["dask", "distributed", "h11", "hls4ml", "IPython", "matplotlib", "onnx", "python_multipart", "rich", "starlette", "uvicorn"]
autodoc_default_options = {"members": True, "member-order": "bysource", "show-inheritance": True}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]  # as a list; Sphinx would link each to any attribute of that name

# Every public name of this package in a docstring leads somewhere. Type variables do not, nor do the libraries' names, whose lists of objects are on a network.
nitpicky = True
nitpick_ignore = [("py:class", "Figure"), ("py:class", "Module"), ("py:exc", "ClientDisconnect")]
nitpick_ignore_regex = [(r"py:.*", r"(?!sumtile\.)\w+\..*"), (r"py:class", r"sumtile\..*\.(_\w+|T)")]

html_theme = "furo"
html_title = f"sumtile {release}"
