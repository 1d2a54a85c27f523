"""``wasi:http``: the face of exchanges with web servers, and of requests that a web server hands to a component.

Messages, bodies and their rules are plain objects (``host/doors/exchange``), and asking is the door's
(``host/doors/network``); here are their types in WIT, streams and pollables.
"""
