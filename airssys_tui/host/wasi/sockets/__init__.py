"""``wasi:sockets``: the face of the door to sockets.

A guest makes sockets, binds and connects them by address, and looks names up. The state machines, the guard's decisions
and the errors are the door's (``host/doors/network/sockets``); here are their types in WIT, streams and pollables. The
``network`` that functions are given stands for all that the component may reach: the guard decides by address.
"""
