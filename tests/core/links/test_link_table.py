"""``[links]`` says who provides what; every mistake is told with its line and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airssys_tui.core.capability.permission import permissions_of
from airssys_tui.core.capability.policy_file import read_folder_settings
from airssys_tui.core.errors import ManifestError
from airssys_tui.core.links.link_table import MOST_LINKS, Link, LinkTable
from airssys_tui.core.manifest.document import parse_manifest
from tests.support.places import ROOT

ADDER = "demo:math/adder@1.0.0"


def table(folder: Path, text: str) -> LinkTable:
    (folder / "airssys.toml").write_text(f"[links]\n{text}", encoding="utf-8")
    return read_folder_settings(folder).links


def test_links_are_read(tmp_path: Path) -> None:
    assert read_folder_settings(tmp_path).links == LinkTable()
    found = table(tmp_path, f'calculator."{ADDER}" = "adder"\n"shop/front"."demo:shop/carts" = "local/carts"\n')
    assert found.links == (Link("calculator", ADDER, "adder"), Link("shop/front", "demo:shop/carts", "carts"))


def test_the_nearest_line_decides() -> None:
    some = LinkTable(
        (Link("c", "demo:math/adder", "any"), Link("c", "demo:math/adder@1.2.0", "one"), Link("c", ADDER, "exact"))
    )
    assert some.provider_of("c", ADDER) == "exact"
    assert some.provider_of("c", "demo:math/adder@1.1.0") == "one"
    assert some.provider_of("c", "demo:math/adder@2.0.0") == "any"
    assert some.provider_of("d", ADDER) is None
    assert some.provider_of("c", "demo:math/other@1.0.0") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'calculator."{ADDER}" = 1\n', "expected text in quotes, got 1"),
        (f'calculator."{ADDER}" = "Adder"\n', "is not a valid component name"),
        (f'calculator."{ADDER}" = "calculator"\n', "calculator cannot provide its own import"),
        ('calculator."adder" = "adder"\n', "expected an interface, such as demo:math/adder@1.0.0"),
        ('calculator = "adder"\n', "expected a table"),
        (f'"no no"."{ADDER}" = "adder"\n', "is not a valid component name"),
        ("".join(f'c."a:b/c{n}" = "d"\n' for n in range(MOST_LINKS + 1)), f"at most {MOST_LINKS} links"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ManifestError) as caught:
        table(tmp_path, text)
    (problem, *_) = caught.value.problems
    assert told in problem.message
    assert problem.key.startswith("links.")
    assert problem.file == "airssys.toml"
    assert problem.line >= 2


def test_the_lines_of_the_page_are_read(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "links.md").read_text(encoding="utf-8")
    manifest, folder = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    declared = permissions_of(parse_manifest(manifest, "Component.toml").capabilities)
    assert [str(each) for each in declared] == ["messaging:link:adder"]
    (tmp_path / "airssys.toml").write_text(folder, encoding="utf-8")
    assert read_folder_settings(tmp_path).links.provider_of("calculator", ADDER) == "adder"
