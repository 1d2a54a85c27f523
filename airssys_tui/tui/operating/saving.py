"""Asking for the name of a file, and writing it; an existing file is replaced only after asking.

In a browser it is a download instead: the machine of the screen's process is not the one that the operator sits at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

from airssys_tui.core.errors import AirssysError
from airssys_tui.tui.dialogs.modal import Confirm
from airssys_tui.tui.dialogs.prompt import Prompt
from airssys_tui.tui.operating.background import in_background
from airssys_tui.tui.operating.operator import Operator
from airssys_tui.tui.operating.transcript import FileThereError, keep


async def ask_and_write(operator: Operator, data: bytes, suggested: Path, about: Sequence[str]) -> None:
    """Ask for a name, write the file and report its path; a browser downloads it under the suggested name."""
    if operator.session.browser:
        operator.app.deliver_binary(
            BytesIO(data), save_filename=suggested.name, mime_type="application/octet-stream", open_method="download"
        )
        operator.say(f"download: {suggested.name}")
        return
    prompt = Prompt(operator.session, "Save to a file", "Save", about, value=str(suggested), longest=1_000)
    answer = await operator.app.push_screen_wait(prompt)
    if not answer:
        return
    path = _path(answer)
    try:
        await _write(path, data, replace=False)
    except FileThereError as error:
        lines = [str(error), "Its contents are lost."]
        if not await operator.app.push_screen_wait(Confirm(operator.session, "Overwrite it?", "Overwrite", lines)):
            return
        await _tried(operator, _write(path, data, replace=True), path)
        return
    except AirssysError as error:
        operator.say_error(error)
        return
    operator.say(f"saved {path}")


async def _tried(operator: Operator, writing: asyncio.Future[None], path: Path) -> None:
    try:
        await writing
    except AirssysError as error:
        operator.say_error(error)
        return
    operator.say(f"saved {path}, replacing the file before")


def _write(path: Path, data: bytes, *, replace: bool) -> asyncio.Future[None]:
    return asyncio.wrap_future(in_background(partial(keep, path, data, replace=replace), "save"))


def _path(text: str) -> Path:
    return Path(text).expanduser()
