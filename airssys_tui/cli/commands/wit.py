"""``wit``: the packages of this program and of anybody: vendor, check, show, export and compare."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.export_file import write_whole
from airssys_tui.cli.answering.output import answer, say, warn
from airssys_tui.cli.reaching.options import AS_TEXT, Form
from airssys_tui.core.limits import MAX_WASM
from airssys_tui.core.regular_file import FileError, read_regular

if TYPE_CHECKING:
    from airssys_tui.core.types.package import Difference


class Written(msgspec.Struct, frozen=True):
    """Files that a command wrote or found out of date."""

    files: tuple[str, ...]


class TargetJudgement(msgspec.Struct, frozen=True):
    """One change, for the text and the JSON output.

    Attributes:
        breaks: ``callers``, ``hosts``, both or none.
    """

    change: str
    path: str
    side: str
    breaks: tuple[str, ...]
    reason: str
    before: str | None
    after: str | None
    world: str = ""


def vendor(folder: Path = Path("wit"), /, *, check: bool = False, binary: bool = False, form: Form = AS_TEXT) -> int:
    """Copy each WIT package of a folder into the `deps/` of those that use it, and write `deps.lock`.

    `deps.toml` in the folder lists the packages with path and version. A package that is missing, of another version,
    or part of a circle is an error with file and line.

    Args:
        folder: The folder that holds `deps.toml`.
        check: Change nothing; list what is out of date, and exit 1 if anything is.
        binary: Also write each package's binary form beside its folder, or compare it with `--check`. Needs wasm-tools.
        form: How to answer.
    """
    from airssys_tui.wit.workspace import Workspace  # noqa: PLC0415 - late: `--help` needs none of it

    workspace = Workspace(folder)
    stale = list(workspace.problems())
    if not check:
        workspace.vendor()
    if binary:
        stale += _binaries(workspace.root, [package.path for package in workspace.packages.values()], check=check)
    if form.json:
        answer(Written(tuple(stale)))
    else:
        for line in stale:
            (warn if check else say)(line if check else f"updated: {line}")
    return ExitCode.FAILED if check and stale else ExitCode.OK


def _binaries(root: Path, paths: list[str], *, check: bool) -> list[str]:
    from airssys_tui.wit.tool import resolve  # noqa: PLC0415 - late: see above

    stale = []
    for path in paths:
        target, wanted = root / f"{path}.wasm", resolve(root / path)
        try:
            present = read_regular(target, MAX_WASM)
        except FileError:
            present = None
        if present != wanted:
            stale.append(f"{path}.wasm is out of date")
            if not check:
                write_whole(target, [wanted])
    return stale


def check(*paths: Path, features: tuple[str, ...] = (), form: Form = AS_TEXT) -> int:
    """Check WIT text: syntax, names, packages and versions.

    Each problem is shown with file, line and column. Exit code 0 when all of it is valid, 1 when something is not.

    Args:
        paths: Folders of one package, of many (with `deps.toml`), or single files. Default: the current directory.
        features: Check items of these `@unstable` features, too: names separated by commas, or `all`.
        form: How to answer.
    """
    from airssys_tui.wit.validation import check as check_wit  # noqa: PLC0415 - late: see above

    chosen = tuple(name for names in features for name in names.replace(",", " ").split())
    verdicts = [verdict for path in paths or (Path(),) for verdict in check_wit(path, chosen)]
    if form.json:
        answer(verdicts)
    else:
        for verdict in verdicts:
            if not verdict.problem:
                say(f"valid    {verdict.path}")
                continue
            say(f"invalid  {verdict.path}\n  {verdict.problem}")
            if verdict.remedy:
                say(f"  → {verdict.remedy}")
    return ExitCode.FAILED if any(verdict.problem for verdict in verdicts) else ExitCode.OK


def show(target: str, /, *, form: Form = AS_TEXT) -> int:
    """Show a package, an interface or a world, or what a built component imports and exports.

    Args:
        target: `core-host`, `core-host/storage`, `airssys:core-types/errors`; a folder of WIT; a `.wasm` or `.wat`
            file or a component's folder.
        form: How to answer; JSON is the types.
    """
    if form.json:
        from airssys_tui.wit.target import types_of  # noqa: PLC0415 - late: loads the engine

        answer(types_of(target))
    else:
        say(_text_of(target).rstrip("\n"))
    return ExitCode.OK


def _text_of(target: str) -> str:
    from airssys_tui.wit.target import built, built_text, ours, text_of  # noqa: PLC0415 - late: see above

    path = built(Path(target))
    if path.is_file() and path.suffix != ".wit":
        return built_text(path)
    there = os.path.lexists(path)
    found = None if there else ours(target)
    if found is not None:
        return text_of(*found)
    if there:
        from airssys_tui.wit import tool  # noqa: PLC0415 - late: see above

        return tool.text_of(path)
    from airssys_tui.wit.target import unknown  # noqa: PLC0415 - late: see above

    raise unknown(target)


def export(folder: Path, /, *, form: Form = AS_TEXT) -> int:
    """Write the seven WIT packages into a folder to build against, as text and in binary form.

    Args:
        folder: Folder to write to; it is created if needed. Its other files stay as they are.
        form: How to answer.
    """
    from airssys_tui.wit.shipped import home  # noqa: PLC0415 - late: see above

    source = home()
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for entry in sorted(source.iterdir()):
        if entry.is_dir() and any(entry.glob("*.wit")):
            shutil.copytree(entry, folder / entry.name, dirs_exist_ok=True)
        elif entry.suffix in {".wasm", ".toml", ".lock"}:
            shutil.copyfile(entry, folder / entry.name)
        else:
            continue
        written.append(str(folder / entry.name))
    if form.json:
        answer(Written(tuple(written)))
    else:
        say("\n".join(f"written {path}" for path in written))
    return ExitCode.OK


def diff(old: str, new: str, /, *, form: Form = AS_TEXT) -> int:
    """Compare two components or two WIT packages: what changed, and whom it breaks.

    Callers break when what they call is removed or has other types; hosts when more or other things are imported. Only
    structure counts: a new version within its major breaks nobody. Exit code 0 when nobody breaks, else 1.

    Args:
        old: A `.wasm` file, a component folder, a folder of WIT, or a package of this program.
        new: The same kind of thing as OLD.
        form: How to answer.
    """
    from airssys_tui.wit.comparison import compare  # noqa: PLC0415 - late: loads the engine

    judged = [_judged(difference) for difference in compare(old, new)]
    if form.json:
        answer(judged)
    else:
        for line in judged:
            where = f" in world {line.world}" if line.world else ""
            whom = f"breaks {' and '.join(line.breaks)}" if line.breaks else "breaks nobody"
            reason = f": {line.reason}" if line.reason else ""
            say(f"{whom:<26}{line.side} `{line.path}` {line.change}{where}{reason}")
        if not judged:
            say("no differences")
    return ExitCode.FAILED if any(line.breaks for line in judged) else ExitCode.OK


def _judged(difference: Difference) -> TargetJudgement:
    change = difference.change
    breaks = [whom for whom, broken in (("callers", change.breaking), ("hosts", change.breaks_hosts)) if broken]
    return TargetJudgement(
        change=change.kind,
        path=change.path,
        side=change.side,
        breaks=tuple(breaks),
        reason=change.reason,
        before=change.before,
        after=change.after,
        world=difference.world,
    )
