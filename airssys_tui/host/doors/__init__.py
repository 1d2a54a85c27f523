"""Doors: what an instance may do to files, sockets and programs. They ask the guard, and know nothing of WIT."""
