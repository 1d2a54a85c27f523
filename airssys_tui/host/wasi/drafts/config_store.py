"""``wasi:config/store``: a component reads the ``[config]`` table of its manifest.

A value is text. What is text in the manifest comes as it is; everything else as JSON: ``42``, ``true``, ``["a"]``.
"""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.types.values import Ok, Some
from airssys_tui.engine.host import HostContext
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.drafts.draft_types import draft_interface


def _get(context: HostContext, key: str) -> Ok:
    tenant: Tenant = context.owner
    context.charge_bytes(len(key))
    return Ok(next((Some(_plain(value)) for name, value in tenant.config if name == key), None))


def _get_all(context: HostContext) -> Ok:
    tenant: Tenant = context.owner
    context.charge_bytes(sum([len(name) + len(value) for name, value in tenant.config]))
    return Ok([(name, _plain(value)) for name, value in tenant.config])


def _plain(value: str) -> str:
    return msgspec.json.decode(value, type=str) if value.startswith('"') else value


INTERFACES: Final = tuple(
    draft_interface(f"config/{name}", {"get": _get, "get-all": _get_all})
    for name in (
        "store@0.2.0-draft",
        "store@0.2.0-draft-2024-09-27",
        "store@0.2.0-rc.1",
        "runtime@0.2.0-draft",
    )
)
"""The interface under each of its names."""
