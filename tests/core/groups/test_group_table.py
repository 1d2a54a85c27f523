"""``[groups]`` says who is supervised together; every mistake is told with its line and key, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.core.capability.policy_file import read_folder_settings
from airssys_tui.core.errors import ManifestError
from airssys_tui.core.groups.group_table import (
    MOST_DEPTH,
    MOST_GROUPS,
    MOST_MEMBERS,
    Group,
    GroupStrategy,
    GroupTable,
    Member,
)


def table(folder: Path, text: str) -> GroupTable:
    (folder / "airssys.toml").write_text(text, encoding="utf-8")
    return read_folder_settings(folder).groups


def test_groups_are_read(tmp_path: Path) -> None:
    assert read_folder_settings(tmp_path).groups == GroupTable()
    found = table(
        tmp_path,
        '[groups.pipeline]\nstrategy = "rest-for-one"\nmembers = ["parse", "shop/cart", "local/site"]\n'
        'max_restarts = 5\nwindow = "1m"\n[groups.site]\nmembers = ["pipeline", "front"]\n',
    )
    assert found.groups == (
        Group(
            name="pipeline",
            strategy=GroupStrategy.REST_FOR_ONE,
            members=(Member("parse"), Member("shop/cart"), Member("site")),
            max_restarts=5,
            window=60.0,
        ),
        Group(name="site", members=(Member("pipeline", is_group=True), Member("front"))),
    )


NESTED = (
    "".join(f'[groups.g{n}]\nmembers = ["g{n + 1}"]\n' for n in range(MOST_DEPTH))
    + f'[groups.g{MOST_DEPTH}]\nmembers = ["c"]\n'
)


@pytest.mark.parametrize(
    ("text", "line", "key", "told"),
    [
        (
            '[groups.a]\nmembres = ["b"]\nmembers = ["b"]\n',
            2,
            "groups.a.membres",
            "unknown key; did you mean 'members'?",
        ),
        (
            '[groups.a]\nstrategy = "all"\nmembers = ["b"]\n',
            2,
            "groups.a.strategy",
            "expected one of 'one-for-one', 'one",
        ),
        ('[groups.a]\nmembers = ["b"]\nwindow = "0s"\n', 3, "groups.a.window", "out of bounds: 0.1 s to 86400 s"),
        ('[groups.a]\nmembers = ["b"]\nmax_restarts = 1001\n', 3, "groups.a.max_restarts", "out of bounds: 0 to 1000"),
        ("[groups.a]\n", 1, "groups.a.members", 'is required, such as members = ["parse", "store"]'),
        ('[groups.a]\nmembers = ["B"]\n', 2, "groups.a.members[0]", "is not a valid component name"),
        ('[groups.A]\nmembers = ["b"]\n', 1, "groups.A", "is not a valid component name"),
        ("[groups]\na = 1\n", 2, "groups.a", "expected a table, got 1"),
        ('[groups.a]\nmembers = ["b", "b"]\n', 2, "groups.a.members", "b is a member of a already"),
        (
            '[groups.a]\nmembers = ["c"]\n[groups.b]\nmembers = ["a", "c"]\n',
            4,
            "groups.b.members",
            "the component c is a member of a already; it can be in one group only",
        ),
        (
            '[groups.a]\nmembers = ["b"]\n[groups.b]\nmembers = ["a"]\n',
            2,
            "groups.a.members",
            "circle of groups: a -> b -> a",
        ),
        ('[groups.a]\nmembers = ["a"]\n', 2, "groups.a.members", "circle of groups: a -> a"),
        (NESTED, 2, "groups.g0.members", f"at most {MOST_DEPTH} groups in one another, got {MOST_DEPTH + 1}"),
        (
            "".join(f'[groups.g{n}]\nmembers = ["c{n}"]\n' for n in range(MOST_GROUPS + 1)),
            2 * MOST_GROUPS + 1,
            f"groups.g{MOST_GROUPS}",
            f"at most {MOST_GROUPS} groups",
        ),
        (
            f"[groups.a]\nmembers = {[f'c{n}' for n in range(MOST_MEMBERS + 1)]}\n",
            2,
            "groups.a.members",
            f"at most {MOST_MEMBERS} members",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("groups.") else "",
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, line: int, key: str, told: str) -> None:
    with pytest.raises(ManifestError) as caught:
        table(tmp_path, text)
    found = {(problem.line, problem.key): problem.message for problem in caught.value.problems}
    assert told in found[line, key]
    assert caught.value.problems[0].file == "airssys.toml"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        table(tmp_path, '[groups.a]\nstrategy = 1\nmembers = ["B", "c", "c"]\nsize = 1\n[linkz]\n')
    assert [problem.key for problem in caught.value.problems] == [
        "groups.a.strategy",
        "groups.a.members",
        "groups.a.members[0]",
        "groups.a.size",
        "linkz",
    ]
