"""The functions of the WASI 0.2 interfaces that the engine implements, by interface.

Taken from the texts of WASI 0.2 (https://github.com/WebAssembly/WASI, tag v0.2.9); of what these mark as unstable the
engine links ``exit-with-code`` only. ``tests/engine/test_unmet_imports.py`` links each of them.
"""

from __future__ import annotations

from typing import Final

_TABLE: Final = """
wasi:cli/environment
  - get-environment get-arguments initial-cwd
wasi:cli/exit
  - exit exit-with-code
wasi:cli/stderr
  - get-stderr
wasi:cli/stdin
  - get-stdin
wasi:cli/stdout
  - get-stdout
wasi:cli/terminal-input
wasi:cli/terminal-output
wasi:cli/terminal-stderr
  - get-terminal-stderr
wasi:cli/terminal-stdin
  - get-terminal-stdin
wasi:cli/terminal-stdout
  - get-terminal-stdout
wasi:clocks/monotonic-clock
  - now resolution subscribe-instant subscribe-duration
wasi:clocks/wall-clock
  - now resolution
wasi:filesystem/preopens
  - get-directories
wasi:filesystem/types
  descriptor. read-via-stream write-via-stream append-via-stream advise sync-data get-flags get-type
  descriptor. set-size set-times read write read-directory sync create-directory-at stat stat-at
  descriptor. set-times-at link-at open-at readlink-at remove-directory-at rename-at symlink-at
  descriptor. unlink-file-at is-same-object metadata-hash metadata-hash-at
  directory-entry-stream. read-directory-entry
  - filesystem-error-code
wasi:io/error
  error. to-debug-string
wasi:io/poll
  pollable. ready block
  - poll
wasi:io/streams
  input-stream. read blocking-read skip blocking-skip subscribe
  output-stream. check-write write blocking-write-and-flush flush blocking-flush subscribe write-zeroes
  output-stream. blocking-write-zeroes-and-flush splice blocking-splice
wasi:random/insecure-seed
  - insecure-seed
wasi:random/insecure
  - get-insecure-random-bytes get-insecure-random-u64
wasi:random/random
  - get-random-bytes get-random-u64
wasi:sockets/instance-network
  - instance-network
wasi:sockets/ip-name-lookup
  resolve-address-stream. resolve-next-address subscribe
  - resolve-addresses
wasi:sockets/network
wasi:sockets/tcp-create-socket
  - create-tcp-socket
wasi:sockets/tcp
  tcp-socket. start-bind finish-bind start-connect finish-connect start-listen finish-listen accept
  tcp-socket. local-address remote-address is-listening address-family set-listen-backlog-size
  tcp-socket. keep-alive-enabled set-keep-alive-enabled keep-alive-idle-time set-keep-alive-idle-time
  tcp-socket. keep-alive-interval set-keep-alive-interval keep-alive-count set-keep-alive-count
  tcp-socket. hop-limit set-hop-limit receive-buffer-size set-receive-buffer-size send-buffer-size
  tcp-socket. set-send-buffer-size subscribe shutdown
wasi:sockets/udp-create-socket
  - create-udp-socket
wasi:sockets/udp
  udp-socket. start-bind finish-bind stream local-address remote-address address-family
  udp-socket. unicast-hop-limit set-unicast-hop-limit receive-buffer-size set-receive-buffer-size
  udp-socket. send-buffer-size set-send-buffer-size subscribe
  incoming-datagram-stream. receive subscribe
  outgoing-datagram-stream. check-send send subscribe
"""
"""Lines of an interface: ``-`` and its functions, or a resource with a point and its methods."""


def _read(table: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    interface = ""
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            interface = line
            found[interface] = ()
            continue
        owner, *names = line.split()
        prefix = "" if owner == "-" else f"[method]{owner}"
        found[interface] += tuple(f"{prefix}{name}" for name in names)
    return found


FUNCTIONS: Final = _read(_TABLE)
"""Names of functions by the name of their interface without a version."""
