"""The documentation names what is there: modules, files, links; and the README stands by itself on a package index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airssys_tui.core.gates import Gate
from airssys_tui.core.manifest.document import parse_manifest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"])

MODULE = re.compile(r"\bairssys_tui/[\w/.-]*\w/?")
FILE = re.compile(r"`((?:docs|tests|wit|sample_components|\.ci|benchmarks)/[\w/.-]*)`|`(\w+\.md|LICENSE|Makefile)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FLOOR = re.compile(r"^\| `(airssys_tui/\w+)/` \|(.*)$", re.MULTILINE)
TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)

LARGEST = 12 * 1024


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", text(page), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The names that a link can point at."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_is_named_is_there(page: Path) -> None:
    missing = sorted({name for name in MODULE.findall(text(page)) if not (ROOT / name).exists()})
    assert not missing, f"{page.name} names what is not there: {missing}"


def test_the_table_of_floors_names_every_room() -> None:
    """Each package inside a floor, and no other."""
    told = {}
    for floor, row in FLOOR.findall(text(ROOT / "docs" / "architecture.md")):
        told[floor] = set(re.findall(r"`(\w+)/`", row))
    there = {
        f"airssys_tui/{floor.name}": {room.parent.name for room in floor.glob("*/__init__.py")}
        for floor in (ROOT / "airssys_tui").iterdir()
        if (floor / "__init__.py").is_file()
    }
    assert told == there


def test_the_picture_of_the_way_names_the_gates_in_their_order() -> None:
    _, _, below = text(ROOT / "docs" / "architecture.md").partition("the gates\n")
    named = [part.strip() for part in re.split(r"[·\n]", below.partition("│")[0]) if part.strip()]
    assert named == [gate for gate in Gate if gate not in {Gate.FILE, Gate.STORE, Gate.START}]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    names = {one or other for one, other in FILE.findall(text(page))} - {"docs/"}
    missing = sorted(name for name in names if not any((base / name).exists() for base in (ROOT, ROOT / "docs")))
    assert not missing, f"{page.name} names what is not there: {missing}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.is_file(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(there), f"{page.name} links to {target}"


def test_the_readme_is_short_and_names_the_two_commands() -> None:
    readme = text(ROOT / "README.md")
    assert len(readme.encode()) <= LARGEST
    assert "make run" in readme
    assert "make test" in readme


def test_the_readme_stands_by_itself() -> None:
    """A package index shows it alone: a relative link or picture would be broken there."""
    relative = [target for target in LINK.findall(prose(ROOT / "README.md")) if not target.startswith("https://")]
    assert not relative
    picture = text(ROOT / "README.md").partition("<!-- picture:begin -->")[2].partition("<!-- picture:end -->")[0]
    assert "▸ counter" in picture


def test_every_page_is_named_in_the_readme() -> None:
    readme = text(ROOT / "README.md")
    assert not [page.name for page in (ROOT / "docs").glob("*.md") if f"docs/{page.name}`" not in readme]


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "manifest.md"], ids=lambda page: page.name)
def test_manifests_in_the_documentation_are_read(page: Path) -> None:
    examples = [example for example in TOML.findall(text(page)) if "[package]" in example]
    assert examples
    for example in examples:
        parse_manifest(example, page.name)
