"""All interfaces that the host implements."""

from __future__ import annotations

from typing import Final

from airssys_tui.engine.host import HostInterface
from airssys_tui.host.interfaces import (
    clock,
    config,
    directories,
    dns,
    environment,
    files,
    http,
    introspection,
    logging,
    metadata,
    metrics,
    processes,
    random,
    registry,
    signals,
    storage,
    tcp,
    timers,
    tracing,
    udp,
)
from airssys_tui.host.messages import messaging, pubsub, requests
from airssys_tui.host.wasi import cli, clocks, filesystem, io
from airssys_tui.host.wasi import random as wasi_random
from airssys_tui.host.wasi.drafts import config_store, keyvalue_atomics, keyvalue_batch, keyvalue_store, log_messages
from airssys_tui.host.wasi.http import http_outgoing, http_types
from airssys_tui.host.wasi.sockets import name_lookup, socket_networks, tcp_sockets, udp_sockets

AIRSSYS: Final[tuple[HostInterface, ...]] = (
    logging.INTERFACE,
    clock.INTERFACE,
    random.INTERFACE,
    config.INTERFACE,
    storage.INTERFACE,
    registry.INTERFACE,
    metrics.INTERFACE,
    tracing.INTERFACE,
    timers.INTERFACE,
    files.INTERFACE,
    directories.INTERFACE,
    metadata.INTERFACE,
    processes.INTERFACE,
    signals.INTERFACE,
    environment.INTERFACE,
    http.INTERFACE,
    tcp.INTERFACE,
    udp.INTERFACE,
    dns.INTERFACE,
    introspection.INTERFACE,
    messaging.INTERFACE,
    requests.INTERFACE,
    pubsub.INTERFACE,
)

WASI: Final[tuple[HostInterface, ...]] = (
    *io.INTERFACES,
    *clocks.INTERFACES,
    *wasi_random.INTERFACES,
    *cli.INTERFACES,
    *filesystem.INTERFACES,
    *socket_networks.INTERFACES,
    *tcp_sockets.INTERFACES,
    *udp_sockets.INTERFACES,
    *name_lookup.INTERFACES,
    *http_types.INTERFACES,
    *http_outgoing.INTERFACES,
)
"""Interfaces of WASI 0.2."""

DRAFTS: Final[tuple[HostInterface, ...]] = (
    *keyvalue_store.INTERFACES,
    *keyvalue_batch.INTERFACES,
    *keyvalue_atomics.INTERFACES,
    *config_store.INTERFACES,
    *log_messages.INTERFACES,
)
"""Drafts of WASI that people use, each under its exact name."""

INTERFACES: Final = (*AIRSSYS, *WASI, *DRAFTS)
"""Everything that a component may call."""
