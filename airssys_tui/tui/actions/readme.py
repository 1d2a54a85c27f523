"""The key table of the README: ``python -m airssys_tui.tui.actions.readme --table``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby

from airssys_tui.tui.actions.action import ALL, Action, Danger
from airssys_tui.tui.actions.table import ACTIONS, key_label


def table() -> str:
    """Return every action with its keys as a Markdown table."""
    rows = ["| keys | action | where | |", "|---|---|---|---|"]
    for group, actions in groupby(ACTIONS, key=lambda action: action.group):
        rows.append(f"| | **{group.value}** | | |")
        rows.extend(map(_row, actions))
    return "\n".join(rows) + "\n"


def _row(action: Action) -> str:
    keys = " ".join(f"`{key_label(key)}`" for key in action.keys)
    where = "everywhere" if action.views == ALL else ", ".join(sorted(action.views))
    mark = "" if action.danger is Danger.VIEW else "not in `--readonly`"
    return f"| {keys} | {action.help} | {where} | {mark} |"


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    if list(arguments) not in ([], ["--table"]):
        sys.stderr.write("usage: python -m airssys_tui.tui.actions.readme [--table]\n")
        return 2
    sys.stdout.write(table())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
