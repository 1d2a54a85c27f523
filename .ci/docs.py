"""Write what is generated of the commands, keys and interfaces: tables in ``docs/``, completion scripts, the manual.

``python .ci/docs.py`` rewrites what is between the markers of each page, and the scripts; with ``--check`` it changes
nothing and exits 1 when one of them is out of date.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from man_page import man_page

from airssys_tui.cli.answering.completion_script import Shell, script_path
from airssys_tui.cli.answering.exit_code import MEANINGS
from airssys_tui.cli.application import COMMANDS, SCREEN, Entry
from airssys_tui.cli.commands.completion import generated
from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.types.package import WitPackage
from airssys_tui.engine.engine import Engine
from airssys_tui.tui.actions.action import Group
from airssys_tui.tui.actions.table import ACTIONS, key_label
from airssys_tui.tui.actions.view import ALL
from airssys_tui.wit import shipped
from airssys_tui.wit.documentation import documentation
from airssys_tui.wit.target import types_of as read

_CAPABILITY: Final = re.compile(r"[Cc]apability `([a-z]+(?: = [^`]+)?)`")

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"


def commands_table() -> str:
    """Return the table of commands: how each is written, and the first sentence of its help."""
    rows = [f"| `{_usage(entry)}` | {_summary(entry)} |" for entry in (SCREEN, *COMMANDS)]
    return "\n".join(["| Command | What it does |", "|---|---|", *rows])


def exit_codes_table() -> str:
    """Return the table of exit codes, as the help pages have it."""
    return "\n".join(
        ["| Exit code | Meaning |", "|---|---|", *(f"| {code} | {text} |" for code, text in MEANINGS.items())]
    )


def keys_table() -> str:
    """Return the table of keys, group by group in the order of the registry."""
    lines = ["| Key | Action | Where | Id |", "|---|---|---|---|"]
    for group in Group:
        lines.append(f"| | **{group}** | | |")
        for action in ACTIONS:
            if action.group is group:
                keys = " ".join(f"`{key_label(key)}`" for key in action.keys)
                where = "everywhere" if action.everywhere or action.views == ALL else ", ".join(sorted(action.views))
                lines.append(f"| {keys} | {action.title}: {action.help} | {where} | `{action.id}` |")
    return "\n".join(lines)


def interfaces_table() -> str:
    """Return the table of interfaces: the capability that each needs, and components that really use it."""
    used = _users()
    lines = ["| Interface | Needs | Tried by |", "|---|---|---|"]
    for package in shipped.packages().values():
        types = read(package.name)
        for interface in types.interfaces if isinstance(types, WitPackage) else ():
            users = sorted(used.get(interface.name, ()))
            if not users:
                raise ValueError(f"no component of the repository uses {interface.name}")
            needs, tried = _capabilities(interface.name), ", ".join(users)
            lines.append(f"| `{interface.name}` | {needs} | {tried} |")
    return "\n".join(lines)


def _capabilities(interface: str) -> str:
    """Return the lines of a manifest that the functions of an interface need, as their documentation says."""
    told = [text for path, text in documentation().items() if path.startswith(f"{interface}#")]
    found = {match for text in told for match in _CAPABILITY.findall(" ".join(text.split()))}
    return " or ".join(f"`{line}`" for line in sorted(found)) or "nothing"


def _users() -> dict[str, set[str]]:
    """Return which components of the repository import or export which interface."""
    engine = Engine()
    found: dict[str, set[str]] = {}
    for folder in (ROOT / "sample_components", ROOT / "tests" / "fixtures" / "components"):
        for wasm in sorted(folder.glob("*/*.wasm")):
            with contextlib.suppress(AdmissionError):
                code = engine.compile(wasm.read_bytes())
                for item in (*code.interface.imports, *code.interface.exports):
                    found.setdefault(item.name, set()).add(wasm.parent.name)
    engine.close()
    return found


TABLES: Final[dict[str, dict[str, Callable[[], str]]]] = {
    "commands.md": {"commands": commands_table, "exit-codes": exit_codes_table},
    "keys.md": {"keys": keys_table},
    "interfaces.md": {"interfaces": interfaces_table},
}
"""The tables of each page, by the name in their markers."""


def renewed(page: str, text: str) -> str:
    """Return the text of a page with every table as it should be.

    Raises:
        ValueError: A pair of markers is missing.
    """
    for name, make in TABLES[page].items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (opened and closed):
            raise ValueError(f"docs/{page} has no markers for the table {name}")
        text = f"{before}{begin}\n{make()}\n\n{end}{after}"
    return text


def main() -> int:
    """Rewrite or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something is out of date")
    check = parser.parse_args().check
    wanted = {DOCS / page: renewed(page, (DOCS / page).read_text(encoding="utf-8")) for page in TABLES}
    wanted |= {script_path(shell): generated(shell) for shell in Shell}
    wanted[DOCS / "airssys-tui.1"] = man_page()
    stale = [file for file, text in wanted.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    if check:
        for file in stale:
            sys.stderr.write(f"{file.relative_to(ROOT)} is out of date; run: make generate\n")
        return 1 if stale else 0
    for file in stale:
        file.write_text(wanted[file], encoding="utf-8")
    return 0


def _usage(entry: Entry) -> str:
    words = ["airssys-tui", *entry.name.split()]
    for parameter in inspect.signature(entry.function).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            words.append({"paths": "PATH…", "names": "[NAME…]"}.get(parameter.name, "[ARG…]"))
        elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY or parameter.name == "path":
            name = parameter.name.upper()
            words.append(name if parameter.default is inspect.Parameter.empty else f"[{name}]")
    return " ".join(words)


def _summary(entry: Entry) -> str:
    first = (inspect.getdoc(entry.function) or "").split("\n\n")[0]
    return " ".join(first.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
