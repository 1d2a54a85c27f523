"""Sockets that are made first and bound, connected or set to listen later, as POSIX has them; nothing here waits.

A component names addresses here, never hosts. Each address is decided about by the guard when it is used, by the names
that the component looked up before (:mod:`~airssys_tui.host.doors.network.sockets.looked_up`).
"""
