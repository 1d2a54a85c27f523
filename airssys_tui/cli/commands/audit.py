"""``audit``: the record of everything about permissions."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, answer_line, moment, say, warn
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, StreamArgument, component_name
from airssys_tui.cli.reaching.reach import ANSWER, Without, ask, reach
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.core.capability.audit_entry import AuditEntry

LAST: Final = 200
"""Entries shown by default."""

PAGE: Final = 1_000
"""Entries of one request."""

POLL: Final = 0.5
"""Seconds between two looks for new entries."""


def audit(
    name: NameArgument | None = None,
    /,
    *,
    follow: bool = False,
    last: int = LAST,
    before: int | None = None,
    place: Place = HERE,
) -> int:
    """Show the audit: answers, first uses and denials, oldest first.

    Args:
        name: Only entries about this component, as `name` or `namespace/name`.
        follow: Keep printing new ones until ctrl+c.
        last: Begin with at most this many of the newest entries, 1 to 1000.
        before: Only entries with a lower number than this.
        place: Which runtime.

    Raises:
        UsageError: Both ends of the audit are named.
    """
    from airssys_tui.api.views.granting import AuditQuery  # noqa: PLC0415 - late: `--help` needs none of it

    if follow and before is not None:
        raise UsageError("--follow and --before cannot be used together", remedy="leave one of them out")
    query = AuditQuery(component=None if name is None else component_name(name), before=before, limit=last)
    site = locate(place.folder, place.state_dir)
    with reach(site, Without.NOTHING if follow else Without.RECORD, client="audit") as api:
        page = api.audit(query).result(ANSWER)
        if place.json and not follow:
            answer(page.entries)
            return ExitCode.OK
        seen = max(page.head.count, *(entry.n for entry in page.entries), 0)
        _print(page.entries, place)
        while follow:
            time.sleep(POLL)
            for entries in _after(api, query.component, seen):
                seen = max(seen, *(entry.n for entry in entries))
                _print(entries, place)
    return ExitCode.OK


def head(*, place: Place = HERE) -> int:
    """Print the number and hash of the last entry, to be kept elsewhere: `audit verify --head` compares with it.

    Args:
        place: Which runtime.
    """
    from airssys_tui.api.views.granting import AuditQuery  # noqa: PLC0415 - late: see above

    site = locate(place.folder, place.state_dir)
    found = ask(site, lambda api: api.audit(AuditQuery(limit=1)), Without.RECORD).head
    if place.json:
        answer({"count": found.count, "hash": found.hash, "head": found.text})
    else:
        say(found.text)
    return ExitCode.OK


def verify(*, head: str = "", place: Place = HERE) -> int:
    """Compare the whole audit with what was written; exit code 1 if it was changed.

    Finds an entry that was changed, removed or inserted, and a cut end. Who can write both the audit and the catalog
    can make both fit: keep the output of `audit head` elsewhere, and compare with it.

    Args:
        head: A head that was kept elsewhere.
        place: Which runtime.
    """
    site = locate(place.folder, place.state_dir)
    verdict = ask(site, lambda api: api.verify_audit(head), Without.RECORD)
    if place.json:
        answer(verdict)
    elif verdict.entry is None:
        since = f", those up to {verdict.base.count} were removed for space" if verdict.base.count else ""
        say(f"the audit is what was written: {verdict.head.count} entries{since}")
    if verdict.entry is not None:
        warn(f"the audit is not what was written: entry {verdict.entry}: {verdict.what}")
        warn("  → everything before that entry can be trusted; compare with a copy: airssys-tui audit export")
    return ExitCode.OK if verdict.entry is None else ExitCode.FAILED


def export(file: StreamArgument, /, *, force: bool = False, place: Place = HERE) -> int:
    """Write the audit to a file, one JSON object per line, oldest first.

    Args:
        file: File to write; `-` is standard output.
        force: Overwrite an existing file.
        place: Which runtime.
    """
    from airssys_tui.api.wire import encode  # noqa: PLC0415 - late: `--help` needs none of it
    from airssys_tui.cli.answering.export_file import require_free, write_out  # noqa: PLC0415

    require_free(file, force=force)
    site = locate(place.folder, place.state_dir)
    with reach(site, Without.RECORD) as api:
        size = write_out(file, (encode(entry) + b"\n" for entry in _whole(api)))
    if size is None:
        return ExitCode.OK
    if place.json:
        answer({"file": str(file), "size": size})
    else:
        say(f"audit written to {file}: {size} bytes")
    return ExitCode.OK


def _whole(api: RuntimeApi) -> Iterator[AuditEntry]:
    """Yield every entry that is kept, oldest first."""
    for entries in _after(api, None, 0):
        yield from entries


def _after(api: RuntimeApi, component: str | None, seen: int) -> Iterator[tuple[AuditEntry, ...]]:
    """Yield the pages after an entry, until there are no more."""
    from airssys_tui.api.views.granting import AuditQuery  # noqa: PLC0415 - late: see above

    while True:
        page = api.audit(AuditQuery(component=component, after=seen, limit=PAGE)).result(ANSWER)
        if not page.entries:
            return
        yield page.entries
        seen = page.entries[-1].n


def _print(entries: tuple[AuditEntry, ...], place: Place) -> None:
    for entry in entries:
        if place.json:
            answer_line(entry)
        else:
            say(_line(entry))
    sys.stdout.flush()


def _line(entry: AuditEntry) -> str:
    revision = f" r{entry.revision}" if entry.revision is not None else ""
    times = f" {entry.count} times" if entry.count > 1 else ""
    by = f" by {one_line(entry.who)}" if entry.who else ""
    until = f" until {moment(entry.expires_at)}" if entry.expires_at is not None else ""
    reason = f" ({entry.reason})" if entry.reason else ""
    text = f": {one_line(entry.text, 400)}" if entry.text else ""
    what = one_line(entry.subject, 400)
    return (
        f"{entry.n:>6}  {moment(entry.at)}  {entry.kind:<10}  {one_line(entry.component)}{revision}  "
        f"{what}{reason}{times}{by}{until}{text}"
    )
