"""``subscribe``: what components publish, as they publish it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer_line, in_one_row, moment, say, warn
from airssys_tui.cli.reaching.completers import topic_patterns
from airssys_tui.cli.reaching.options import HERE, Place, seconds_of
from airssys_tui.cli.reaching.reach import ANSWER, connect
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UsageError

if TYPE_CHECKING:
    from airssys_tui.api.views.messaging import PublicationView

WAIT: Final = 10.0
"""Seconds that one request waits for publications."""

PatternArgument = Annotated[str, Parameter(completer=topic_patterns)]


def subscribe(
    pattern: PatternArgument, /, *, follow: bool = False, within: str | None = None, place: Place = HERE
) -> int:
    """Print what is published from now on: the next publication, or all until ctrl+c.

    Args:
        pattern: Words between dots; `*` is one word, `#` at the end any number of them.
        follow: Keep printing until ctrl+c.
        within: Without --follow, wait for this long at most, such as "30s"; exit code 1 if nothing comes.
        place: Which runtime.
    """
    import contextlib  # noqa: PLC0415 - late: `--help` needs none of it
    import time  # noqa: PLC0415

    from airssys_tui.api.socket.frames import Access  # noqa: PLC0415
    from airssys_tui.cli.reaching.absence import nothing_runs  # noqa: PLC0415

    if follow and within is not None:
        raise UsageError("--follow and --within cannot be used together", remedy="leave one of them out")
    end = None if within is None else time.monotonic() + seconds_of(within)
    site = locate(place.folder, place.state_dir)
    remote = connect(site, access=Access.READ, client="subscribe")
    if remote is None:
        raise nothing_runs(site)
    with contextlib.closing(remote):
        last = remote.publications(pattern).result(ANSWER).last
        warn(f"listening to {pattern}")
        while True:
            left = WAIT if end is None else max(0.0, min(WAIT, end - time.monotonic()))
            page = remote.publications(pattern, last, wait=left, limit=500 if follow else 1).result(ANSWER)
            last = page.last
            if page.missed:
                warn(f"{page.missed} publications were dropped before they could be shown")
            for publication in page.publications:
                _print(publication, place)
            if not follow and (page.publications or (end is not None and time.monotonic() >= end)):
                return ExitCode.OK if page.publications else ExitCode.FAILED


def _print(publication: PublicationView, place: Place) -> None:
    if place.json:
        answer_line(publication)
        return
    sender = publication.sender or "operator"
    say(in_one_row(f"{moment(publication.at)}  {publication.topic}  {sender}  {publication.body.shown}"))
    sys.stdout.flush()
