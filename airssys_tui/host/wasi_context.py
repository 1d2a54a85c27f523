"""What an instance finds around it as a program of WASI: its arguments, directories, input and output."""

from __future__ import annotations

import io

import msgspec

from airssys_tui.core.manifest.structure import Preopen
from airssys_tui.host.services.output_lines import OutputBuffer


class WasiContext(msgspec.Struct, frozen=True):
    """The surroundings of one instance.

    Attributes:
        output: Where the lines go that it writes to stdout and stderr.
        arguments: Its arguments, the name of the program first.
        preopens: The directories that are open from the start, in the order of the manifest.
        stdin: What it reads from stdin; all streams of it read from here in turns.
    """

    output: OutputBuffer
    arguments: tuple[str, ...] = ()
    preopens: tuple[Preopen, ...] = ()
    stdin: io.BytesIO = msgspec.field(default_factory=io.BytesIO)
