"""``dead-letters``: messages that could not be delivered."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, in_one_row, moment, say, say_pairs, say_table, warn
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.completers import component_names
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, StreamArgument, component_name
from airssys_tui.cli.reaching.reach import ANSWER, ask, reach
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UsageError
from airssys_tui.core.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.views.messaging import DeadLetterView, LetterOutcome

_COLUMNS: Final = (
    PlainColumn("ID"),
    PlainColumn("TO", least=8),
    PlainColumn("FROM", least=8, rank=1),
    PlainColumn("REASON"),
    PlainColumn("ATTEMPTS", rank=2),
    PlainColumn("SIZE", rank=2),
    PlainColumn("WHEN", rank=3),
    PlainColumn("SAYS", least=10, rank=1),
)

EveryOption = Annotated[bool, Parameter(name="--all")]
ForOption = Annotated[str | None, Parameter(name="--to", completer=component_names)]


def letters_list(name: NameArgument | None = None, /, *, place: Place = HERE) -> int:
    """List the dead letters, oldest first; the runtime keeps up to 1000 of them, of 16 MiB together.

    Args:
        name: Only those for this component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    to = "" if name is None else component_name(name)
    found = ask(locate(place.folder, place.state_dir), lambda api: api.dead_letters(to))
    if place.json:
        answer(found)
        return ExitCode.OK
    if not found.letters:
        say("no dead letters")
    else:
        say_table(_COLUMNS, [_row(letter) for letter in found.letters])
    if found.forgotten:
        say(f"{found.forgotten} older ones were dropped: no room for them")
    return ExitCode.OK


def letters_show(letter: str, /, *, place: Place = HERE) -> int:
    """Show one dead letter: why it was not delivered, and all that it says.

    Args:
        letter: Its id, see `dead-letters list`.
        place: Which runtime.
    """
    found = ask(locate(place.folder, place.state_dir), lambda api: api.dead_letter(letter))
    if place.json:
        answer(found)
        return ExitCode.OK
    codec = found.body.codec if found.body is not None else None
    pairs = [
        ("id", found.id),
        ("to", found.to),
        ("from", found.sender or "operator"),
        ("kind", found.kind),
        ("topic", found.topic),
        ("reason", f"{found.reason}: {in_one_row(found.why)}"),
        ("attempts", f"{found.attempts}, {found.guarantee}"),
        ("sent", moment(found.sent_at)),
        ("died", moment(found.at)),
        ("correlation", "" if found.correlation is None else str(found.correlation)),
        ("codec", "" if codec is None else f"{codec:#x}"),
        ("trace", found.trace),
        ("size", format_size(found.size)),
    ]
    say_pairs([(what, value) for what, value in pairs if value])
    if found.body is not None:
        say()
        say(found.body.shown)
    return ExitCode.OK


def letters_replay(*letters: str, every: EveryOption = False, to: ForOption = None, place: Place = HERE) -> int:
    """Send dead letters again to whom they were for; they keep their ids. One that cannot be sent stays.

    Args:
        letters: Their ids, see `dead-letters list`.
        every: All of them.
        to: With --all, only those for this component.
        place: Which runtime.
    """
    return _each(letters, to, place, lambda api, chosen: api.replay_dead_letters(chosen), "sent again", every=every)


def letters_discard(*letters: str, every: EveryOption = False, to: ForOption = None, place: Place = HERE) -> int:
    """Delete dead letters.

    Args:
        letters: Their ids, see `dead-letters list`.
        every: All of them.
        to: With --all, only those for this component.
        place: Which runtime.
    """
    return _each(letters, to, place, lambda api, chosen: api.discard_dead_letters(chosen), "discarded", every=every)


def letters_export(
    file: StreamArgument, name: NameArgument | None = None, /, *, force: bool = False, place: Place = HERE
) -> int:
    """Write the dead letters with all that they say to a file, one JSON object per line, oldest first.

    Args:
        file: File to write; `-` is standard output.
        name: Only those for this component, as `name` or `namespace/name`.
        force: Overwrite an existing file.
        place: Which runtime.
    """
    from airssys_tui.api.wire import encode  # noqa: PLC0415 - late: `--help` needs none of it
    from airssys_tui.cli.answering.export_file import require_free, write_out  # noqa: PLC0415

    require_free(file, force=force)
    to = "" if name is None else component_name(name)
    with reach(locate(place.folder, place.state_dir)) as api:
        size = write_out(file, (encode(letter) + b"\n" for letter in _whole(api, to)))
    if size is None:
        return ExitCode.OK
    if place.json:
        answer({"file": str(file), "size": size})
    else:
        say(f"dead letters written to {file}: {size} bytes")
    return ExitCode.OK


def _row(letter: DeadLetterView) -> tuple[str, ...]:
    return (
        letter.id,
        letter.to,
        letter.sender or "operator",
        letter.reason,
        str(letter.attempts),
        format_size(letter.size),
        moment(letter.at),
        in_one_row(letter.preview) or NOTHING,
    )


def _each(
    letters: tuple[str, ...],
    to: str | None,
    place: Place,
    order: Callable[[RuntimeApi, tuple[str, ...]], Future[tuple[LetterOutcome, ...]]],
    done: str,
    *,
    every: bool,
) -> int:
    if bool(letters) == every or (to is not None and not every):
        raise UsageError("name the dead letters, or --all of them", remedy="see: airssys-tui dead-letters list")
    with reach(locate(place.folder, place.state_dir)) as api:
        if every:
            listed = api.dead_letters("" if to is None else component_name(to)).result(ANSWER).letters
            letters = tuple(letter.id for letter in listed)
        outcomes = order(api, letters).result(ANSWER)
    failed = [outcome for outcome in outcomes if outcome.error]
    if place.json:
        answer(outcomes)
    else:
        say(f"{len(outcomes) - len(failed)} {done}")
    for outcome in failed:
        warn(in_one_row(f"{outcome.id}: {outcome.error}"))
    return ExitCode.FAILED if failed else ExitCode.OK


def _whole(api: RuntimeApi, to: str) -> Iterator[DeadLetterView]:
    """Yield the dead letters with all that they say; one that is gone meanwhile is left out."""
    for letter in api.dead_letters(to).result(ANSWER).letters:
        with contextlib.suppress(UsageError):
            yield api.dead_letter(letter.id).result(ANSWER)
