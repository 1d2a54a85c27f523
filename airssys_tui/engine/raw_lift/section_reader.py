"""A cursor over the binary form of components and core modules, bounded by its end and by a budget of items."""

from __future__ import annotations

from typing import Final

_LEB_BITS: Final = 35


class Budget:
    """How many items may still be read; shared by the cursors of one file.

    Args:
        items: Items at most, over all sections.
    """

    def __init__(self, items: int) -> None:
        self._left = items

    def spend(self, items: int) -> None:
        """Count items that are about to be read.

        Raises:
            ValueError: If there are too many.
        """
        self._left -= items
        if self._left < 0:
            raise ValueError("too many items")


class Cursor:
    """Reads numbers, names and sections from part of a file.

    Every method raises ``ValueError`` where the bytes end or mean nothing known.

    Args:
        data: The file.
        start: Offset of the first byte.
        end: Offset past the last byte.
        budget: Counts the items of every vector.
    """

    def __init__(self, data: bytes, start: int, end: int, budget: Budget) -> None:
        self.data = data
        self.at = start
        self.end = end
        self.budget = budget

    def within(self, start: int, end: int) -> Cursor:
        """Return a cursor over another part of the same file."""
        return Cursor(self.data, start, end, self.budget)

    def byte(self) -> int:
        """Read one byte."""
        if self.at >= self.end:
            raise ValueError("past the end")
        self.at += 1
        return self.data[self.at - 1]

    def peek(self) -> int:
        """Return the next byte without reading it."""
        if self.at >= self.end:
            raise ValueError("past the end")
        return self.data[self.at]

    def number(self) -> int:
        """Read an unsigned LEB128 of at most 35 bits."""
        value = 0
        for shift in range(0, _LEB_BITS, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("a number is too long")

    def count(self) -> int:
        """Read the size of a vector and charge it to the budget."""
        value = self.number()
        self.budget.spend(value)
        return value

    def skip(self, size: int) -> int:
        """Skip bytes and return the offset of the first."""
        start, self.at = self.at, self.at + size
        if self.at > self.end:
            raise ValueError("past the end")
        return start

    def name(self) -> str:
        """Read a name."""
        size = self.number()
        start = self.skip(size)
        return self.data[start : start + size].decode()

    def sections(self) -> list[tuple[int, int, int]]:
        """Read the headers of all sections: kind, start and end of the contents."""
        found = []
        while self.at < self.end:
            self.budget.spend(1)
            kind = self.byte()
            size = self.number()
            start = self.skip(size)
            found.append((kind, start, start + size))
        return found
