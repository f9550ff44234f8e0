"""What a piece of a JSON log is, as a number in its column `kind`."""

from __future__ import annotations

OBJECT, PLAIN, BROKEN = range(3)
