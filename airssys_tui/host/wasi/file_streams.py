"""Streams over an open file: each has a position of its own, or writes to the end."""

from __future__ import annotations

from airssys_tui.engine.host import HostContext
from airssys_tui.host.doors.descriptors.descriptor_errors import DescriptorError
from airssys_tui.host.doors.descriptors.file_descriptor import FileDescriptor
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.input_stream import InputStream
from airssys_tui.host.wasi.output_stream import OutputStream
from airssys_tui.host.wasi.stream_end import IoError, StreamClosed, StreamFailed


class FileInput(InputStream):
    """Reads a file from a position on; ends where the file ends when it is read.

    Args:
        file: Is kept open for as long as the stream lives.
        position: Bytes from the beginning.
    """

    __slots__ = ("_file", "_position")

    def __init__(self, file: FileDescriptor, position: int) -> None:
        super().__init__()
        self._file = file
        self._position = position
        file.retain()

    def read(self, context: HostContext, most: int) -> bytes:
        """Return the next bytes, all that there are up to ``most``.

        Raises:
            StreamClosed: At the end.
            StreamFailed: If they cannot be read.
        """
        if not most:
            return b""
        tenant: Tenant = context.owner
        try:
            with tenant.blocking():
                data = self._file.read(context, most, self._position)
        except DescriptorError as error:
            raise _failed(error) from error
        if not data:
            raise StreamClosed
        self._position += len(data)
        return data

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class FileOutput(OutputStream):
    """Writes a file from a position on, or to its end.

    Args:
        file: Is kept open for as long as the stream lives.
        position: Bytes from the beginning; None for the end, wherever it is at each write.
    """

    __slots__ = ("_file", "_position")

    def __init__(self, file: FileDescriptor, position: int | None) -> None:
        super().__init__()
        self._file = file
        self._position = position
        file.retain()

    def write(self, context: HostContext, data: bytes) -> None:
        """Write all bytes.

        Raises:
            StreamFailed: If not all could be written.
        """
        tenant: Tenant = context.owner
        try:
            with tenant.blocking():
                while data:
                    written = self._file.write(context, data, self._position)
                    self._position = None if self._position is None else self._position + written
                    data = data[written:]
        except DescriptorError as error:
            raise _failed(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _failed(error: DescriptorError) -> StreamFailed:
    return StreamFailed(IoError(error.message, filesystem=error.code))
