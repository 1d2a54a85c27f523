"""HTTP messages as plain objects, which a web client, a web server and the components that they serve share.

An exchange is one request and its response (RFC 9110, section 3.4). Nothing here does input or output, waits, knows a
socket or a guest. Bodies are :class:`~airssys_tui.host.doors.exchange.body_pipe.BodyPipe`: bounded, with an end on each
side, and something to wait for on each.

How a component answers a request that a server hands to it:

* The server makes an ``IncomingRequest`` with an ``IncomingBody`` on a pipe, and a ``ResponseSlot``. It writes what it
  receives into the pipe (``write``, ``end``, ``fail``), and receives no more while there is no ``room``.
* The component calls ``ResponseSlot.set`` with an ``OutgoingResponse``, or an ``ExchangeFault``; a slot that is dropped
  first has a fault as well. What the server gave the slot to call tells it that ``outcome`` is there.
* The server sends ``OutgoingResponse.status``, ``.fields`` and, if ``.body`` is there, what its pipe brings: ``read``
  until ``over``, then ``fault`` or ``trailers``. A client that went away is ``abandon``.

How a component asks: it makes an ``OutgoingRequest``; the client reads its pipe, and writes the answer into that of an
``IncomingResponse``. No thread does this: pipes have a ``driver``, and whoever waits for a pipe drives it.
"""
