"""``send``, ``request`` and ``publish``: messages to components from outside."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, say, warn
from airssys_tui.cli.reaching.completers import plain_topics
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, StreamArgument, component_name, seconds_of
from airssys_tui.cli.reaching.reach import ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UsageError
from airssys_tui.core.message import Guarantee

if TYPE_CHECKING:
    from pathlib import Path

    from airssys_tui.api.views.messaging import MessageBody

TopicArgument = Annotated[str, Parameter(completer=plain_topics)]


def send(
    name: NameArgument,
    text: str | None = None,
    /,
    *,
    file: StreamArgument | None = None,
    codec: int | None = None,
    guarantee: Guarantee = Guarantee.AT_MOST_ONCE,
    deadline: str | None = None,
    correlation: int | None = None,
    place: Place = HERE,
) -> int:
    """Put a message into a running component's mailbox.

    It needs nobody's permission, and keeps to the receiver's bounds: size, codecs and room in the mailbox.

    Args:
        name: The component, as `name` or `namespace/name`.
        text: What it says.
        file: Send the bytes of this file instead; `-` is standard input.
        codec: Number of the encoding in the multicodec table, such as 512 for JSON.
        guarantee: How often it is handled.
        deadline: After this time, such as "5s", it becomes a dead letter instead.
        correlation: A number that the receiver sees.
        place: Which runtime.
    """
    body, within = body_of(text, file, codec), None if deadline is None else seconds_of(deadline)
    to = component_name(name)
    sent = ask(
        locate(place.folder, place.state_dir),
        lambda api: api.send_message(to, body, guarantee=guarantee, deadline=within, correlation=correlation),
    )
    if place.json:
        answer(sent)
    else:
        say(f"sent to {to}: {sent.id}, trace {sent.trace}")
    return ExitCode.OK


def request(
    name: NameArgument,
    text: str | None = None,
    /,
    *,
    file: StreamArgument | None = None,
    codec: int | None = None,
    timeout: str = "5s",
    place: Place = HERE,
) -> int:
    """Send a running component a request, and print its answer.

    Args:
        name: The component, as `name` or `namespace/name`.
        text: What it says.
        file: Send the bytes of this file instead; `-` is standard input.
        codec: Number of the encoding in the multicodec table, such as 512 for JSON.
        timeout: Time to wait for the answer.
        place: Which runtime.
    """
    body, to, seconds = body_of(text, file, codec), component_name(name), seconds_of(timeout)
    found = ask(locate(place.folder, place.state_dir), lambda api: api.ask_component(to, body, seconds))
    if place.json:
        answer(found)
        return ExitCode.OK
    if found.body.binary is not None and not sys.stdout.isatty():
        sys.stdout.buffer.write(found.body.binary)
        sys.stdout.flush()
    else:
        say(found.body.shown)
    warn(f"{to} answered in {found.seconds * 1000:.2f} ms, trace {found.trace}")
    return ExitCode.OK


def publish(
    topic: TopicArgument,
    text: str | None = None,
    /,
    *,
    file: StreamArgument | None = None,
    codec: int | None = None,
    place: Place = HERE,
) -> int:
    """Publish on a topic; the components that have subscribed to it get it.

    Args:
        topic: Words of a-z, 0-9 and hyphens between dots, such as `orders.new`.
        text: What it says.
        file: Publish the bytes of this file instead; `-` is standard input.
        codec: Number of the encoding in the multicodec table, such as 512 for JSON.
        place: Which runtime.
    """
    body = body_of(text, file, codec)
    done = ask(locate(place.folder, place.state_dir), lambda api: api.publish(topic, body))
    if place.json:
        answer(done)
    else:
        say(f"{done.taken} component{'s' if done.taken != 1 else ''} took it, trace {done.trace}")
    return ExitCode.OK


def body_of(text: str | None, file: Path | None, codec: int | None) -> MessageBody:
    """Return what a message says.

    Raises:
        UsageError: Neither text nor a file is named, or both, or the file cannot be read or is larger than any message.
    """
    from airssys_tui.api.views.messaging import MessageBody  # noqa: PLC0415 - late: `--help` needs none of it
    from airssys_tui.cli.answering.export_file import is_stream  # noqa: PLC0415
    from airssys_tui.core.limits import BOUNDS  # noqa: PLC0415

    if (text is None) == (file is None):
        raise UsageError("a message is a text or the bytes of a --file", remedy="name one of them")
    if file is None:
        return MessageBody(text=text, codec=codec)
    most = int(BOUNDS["message_size"].most)
    try:
        if is_stream(file):
            data = sys.stdin.buffer.read(most + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(most + 1)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    if len(data) > most:
        raise UsageError(f"{file} has more than {most} bytes, which no message may have")
    return MessageBody(binary=data, codec=codec)
