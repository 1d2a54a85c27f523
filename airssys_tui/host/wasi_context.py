"""What an instance finds around it as a program of WASI: its arguments, directories, input and output."""

from __future__ import annotations

import io
from collections.abc import Mapping

import msgspec

from airssys_tui.core.manifest.structure import Preopen
from airssys_tui.host.doors.standard_streams import StandardStreams
from airssys_tui.host.services.output_lines import OutputBuffer


class WasiContext(msgspec.Struct, frozen=True):
    """The surroundings of one instance.

    Attributes:
        output: Where the lines go that it writes to stdout and stderr.
        arguments: Its arguments, the name of the program first.
        preopens: The directories that are open from the start, in the order of the manifest.
        stdin: What it reads from stdin; all streams of it read from here in turns.
        variables: Variables that it is given instead of the machine's, where it may read them.
        streams: The streams of the process, for a command in the foreground; None to keep its output as lines.
    """

    output: OutputBuffer
    arguments: tuple[str, ...] = ()
    preopens: tuple[Preopen, ...] = ()
    stdin: io.BytesIO = msgspec.field(default_factory=io.BytesIO)
    variables: Mapping[str, str] = msgspec.field(default_factory=dict)
    streams: StandardStreams | None = None
