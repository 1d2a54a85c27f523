"""Component text (``.wat``) as the component that it describes."""

from __future__ import annotations

import wasmtime

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.text import one_line


def component_of(text: bytes, name: str) -> bytes:
    """Return the binary form of component text.

    Args:
        text: The text.
        name: Name of the file, for errors.

    Raises:
        AdmissionError: At gate ``magic``, with line and column of the first problem.
    """
    try:
        return bytes(wasmtime.wat2wasm(text.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise AdmissionError(f"{name}: byte {error.start} is not UTF-8", gate=Gate.MAGIC, offset=error.start) from error
    except wasmtime.WasmtimeError as error:
        said = one_line(str(error).replace("<anon>", name), 300)
        raise AdmissionError(f"it is not component text: {said}", gate=Gate.MAGIC) from error
