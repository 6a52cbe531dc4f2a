# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""A Sphinx extension that writes the pages nobody writes by hand: one for each package with its modules, and the help of all commands.

What is documented is found by walking the packages: of a package the names in its ``__all__``, of a module its public names but those that its package
has already shown. The command line is left to the page of its help.
"""

from __future__ import annotations

import argparse
import builtins
import importlib
import os
import pkgutil
import re
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.ext.autodoc.mock import mock

import sumtile
from sumtile.cli.entry import command_parser

HIDDEN = ("sumtile.cli.", "sumtile.version.", "sumtile._data.", *(() if find_spec("torch") else ("sumtile.train.",)))
"""Modules that are not documented, with all that is in them. Those of the training dispatch on PyTorch's classes, so that no substitute is enough for them."""


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx: pages are written before sources are looked for."""
    app.connect("builder-inited", _write_pages)
    app.connect("source-read", _link_files)
    app.connect("autodoc-process-docstring", _keep_first_line, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", _elide_factories)
    app.connect("doctree-read", _tidy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _write_pages(app: Any) -> None:
    with mock(app.config.autodoc_mock_imports):
        write_pages(Path(app.srcdir) / "api")


def _link_files(app: Any, page: str, source: list[str]) -> None:
    """A link to a Markdown file outside of the pages leads to the file; by itself it would be taken for a page."""
    source[0] = re.sub(r"\]\((\.\./[^)#]+\.md)\)", r"](path:\1)", source[0])


def _keep_first_line(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Napoleon takes what is before a colon in the first line of a property or constant for its type; here it is a part of the sentence, behind an empty comment."""
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]


def _elide_factories(app: Any, what: str, name: str, value: Any, options: Any, signature: str | None, returned: str | None) -> tuple[str | None, str | None]:
    """A default that a dataclass makes anew is shown as ``...``; ``<factory>`` is no Python, and Sphinx reads what is."""
    return signature and signature.replace("<factory>", "..."), returned


def _tidy(app: Any, document: nodes.document) -> None:
    """A type like ``bytes`` is no link: Sphinx would lead to any attribute that is called so. And that a class has no other base needs no line."""
    for reference in list(document.findall(addnodes.pending_xref)):
        if reference.get("refdomain") == "py" and hasattr(builtins, reference["reftarget"]):
            reference.replace_self(reference.children)
    for paragraph in list(document.findall(nodes.paragraph)):
        if paragraph.astext() == "Bases: object":
            paragraph.parent.remove(paragraph)


def write_pages(folder: Path) -> None:
    """Makes ``folder`` anew with all pages."""
    modules = documented()
    packages = [name for name, is_package in modules.items() if is_package]
    pages = {f"{name}.rst": package_page(name, [module for module in modules if _parent(module) == name and module not in packages]) for name in packages}
    pages |= {"index.rst": index_page(packages), "commands.rst": commands_page()}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


def documented() -> dict[str, bool]:
    """The full name of every package and module that is documented, in order, and whether it is a package."""
    found = {"sumtile": True, **{module.name: module.ispkg for module in pkgutil.walk_packages(sumtile.__path__, "sumtile.")}}
    return {name: found[name] for name in sorted(found) if not name.endswith("__main__") and not f"{name}.".startswith(HIDDEN)}


def package_page(name: str, modules: Sequence[str]) -> str:
    """What a package offers, and then each of its modules."""
    package = importlib.import_module(name)
    offered = {item: getattr(package, item) for item in getattr(package, "__all__", [])}
    lines = [name, "=" * len(name), "", f".. automodule:: {name}", *(["   :imported-members:"] if offered else [])]
    for module in modules:
        shown = [item for item, value in offered.items() if getattr(value, "__module__", None) == module]
        lines += ["", module, "-" * len(module), "", f".. automodule:: {module}"]
        lines += [f"   :exclude-members: {', '.join(shown)}"] if shown else []
        lines += ["   :no-index:"] if module.rpartition(".")[2] in offered else []  # a function has the module's name
    return "\n".join([*lines, ""])


def _parent(module: str) -> str:
    return module.rpartition(".")[0]


def index_page(packages: Sequence[str]) -> str:
    """Leads to the pages of all packages."""
    return "\n".join(["Python packages", "===============", "", ".. toctree::", "   :maxdepth: 1", "", *(f"   {name}" for name in packages), ""])


def commands_page() -> str:
    """The help of ``sumtile`` and of each of its commands, as a terminal of 92 columns shows it; that is what a page has room for."""
    os.environ["COLUMNS"] = "92"
    parser = command_parser()
    (commands,) = (action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    texts = {"sumtile": parser, **{f"sumtile {name}": command for name, command in commands.items()}}
    lines = ["Commands", "========"]
    for title, command in texts.items():
        lines += ["", title, "-" * len(title), "", ".. code-block:: text", "", *(f"   {line}".rstrip() for line in command.format_help().splitlines())]
    return "\n".join([*lines, ""])
