# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
"""What the pages say is there: files and headings that they link to, commands that they show, figures that they repeat."""

from __future__ import annotations

import glob
import itertools
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

from sumtile.cli.entry import command_parser, main

ROOT = Path(__file__).resolve().parents[2]
BUILT = {"build", "dist", "node_modules"}
MARKDOWN = MarkdownIt().enable("table")


def pages() -> list[Path]:
    """Every Markdown file and notebook of the checkout."""
    found = [path for suffix in ("md", "ipynb") for path in ROOT.rglob(f"*.{suffix}")]
    return sorted(path for path in found if not any(part in BUILT or part.startswith(".") for part in path.relative_to(ROOT).parts))


def text(page: Path) -> str:
    content = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        return content
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(content)["cells"] if cell["cell_type"] == "markdown")


def links(page: Path) -> Iterator[str]:
    """Targets of links and pictures."""
    for token in MARKDOWN.parse(text(page)):
        for child in token.children or []:
            target = child.attrs.get("href", child.attrs.get("src"))
            if target:
                yield unquote(str(target))


def anchors(page: Path) -> set[str]:
    """The names that GitHub and Sphinx give to the headings."""
    tokens, seen, found = MARKDOWN.parse(text(page)), Counter[str](), set()
    for heading, inline in itertools.pairwise(tokens):
        if heading.type == "heading_open":
            words = "".join(child.content for child in inline.children or [])
            slug = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found


def shown_commands(page: Path) -> list[str]:
    """Lines of code that call sumtile, without what explains them behind two spaces or a #, and what takes their output."""
    blocks = (token.content for token in MARKDOWN.parse(text(page)) if token.type in ("fence", "code_block"))
    lines = (re.split(r"  +|\s[#>|]", line.strip())[0] for block in blocks for line in block.replace("\\\n", " ").splitlines())
    return [line for line in lines if line.startswith("sumtile ")]


def table_rows(page: Path) -> list[Counter[str]]:
    """The figures of each row of each table."""
    rows: list[Counter[str]] = []
    for token in MARKDOWN.parse(text(page)):
        if token.type == "tr_open":
            rows.append(Counter())
        elif token.type == "inline" and token.level == 4 and rows:  # a cell
            rows[-1].update(re.findall(r"−?\d+(?:[.,]\d+)*", token.content))  # noqa: RUF001
    return rows


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = page if not parts.path else (page.parent / parts.path).resolve()
        if not target.exists() or ROOT not in target.parents or (parts.fragment and parts.fragment not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", [page for page in pages() if shown_commands(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_shown_is_one(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in shown_commands(page):
        try:
            command_parser().parse_args(shlex.split(command)[1:])
        except SystemExit:
            pytest.fail(f"{command}\n{capsys.readouterr().err}")


def test_the_readme_leads_from_a_network_to_the_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").symlink_to(ROOT / "models")
    monkeypatch.chdir(tmp_path)
    for command in shown_commands(ROOT / "README.md"):
        name, *arguments = shlex.split(command)[1:]
        if name in ("plan", "quantize", "compile", "classify", "compare"):
            expanded = [word for argument in arguments for word in (sorted(glob.glob(argument)) if "*" in argument else [argument])]
            assert main([name, *expanded]) == 0
    assert (tmp_path / "model.tile").exists()


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    blocks = "\n".join(token.content for token in MARKDOWN.parse(text(page)) if token.type in ("fence", "code_block"))
    named = set(re.findall(r"`make ([a-z-]+)", text(page))) | set(re.findall(r"^\s*make ([a-z-]+)", blocks, re.MULTILINE))
    assert named <= targets


def test_the_readme_repeats_only_figures_of_the_results() -> None:
    readme, results = (set(re.findall(r"[\d,.]*\d ?(?:%|ms)", (ROOT / name).read_text(encoding="utf-8").replace(" %", "%"))) for name in ("README.md", "docs/results.md"))
    assert len(readme) > 10
    assert readme - results == set()


def test_both_languages_of_the_readme_say_the_same() -> None:
    english, chinese = ROOT / "README.md", ROOT / "README.zh.md"
    assert [token.tag for token in MARKDOWN.parse(text(english)) if token.type == "heading_open"] == [
        token.tag for token in MARKDOWN.parse(text(chinese)) if token.type == "heading_open"
    ]
    assert shown_commands(english) == shown_commands(chinese)
    assert table_rows(english) == table_rows(chinese)
    assert sum(map(len, table_rows(english))) > 50
    assert Counter(link for link in links(english) if "#" not in link and "README" not in link) == Counter(
        link for link in links(chinese) if "#" not in link and "README" not in link
    )
