"""The types of the offered drafts as data; ``.ci/wasi_types.py --drafts`` writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.engine.host import HostInterface, HostResource
from airssys_tui.host.wasi.wasi_types import InterfaceTypes, interface_of

DATA: Final = Path(__file__).with_name("drafts.json")


@cache
def draft_types() -> dict[str, InterfaceTypes]:
    """Return the types of each draft by package, name and version, such as ``keyvalue/store@0.2.0-draft``."""
    return msgspec.json.decode(DATA.read_bytes(), type=dict[str, InterfaceTypes])


def draft_interface(
    name: str, calls: Mapping[str, Callable[..., Any]], resources: Sequence[HostResource] = ()
) -> HostInterface:
    """Return the interface of a draft.

    Args:
        name: Package, name and version, such as ``logging/logging@0.1.0-draft``.
        calls: See :func:`~airssys_tui.host.wasi.wasi_types.wasi_interface`.
        resources: The resources that it defines, in any order.

    Raises:
        ValueError: If a function or a resource is missing, or the interface has no such function or resource.
    """
    return interface_of(f"wasi:{name}", draft_types()[name], calls, resources)
