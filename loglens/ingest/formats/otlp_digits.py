"""Many numbers in one text, judged at once: are they plain digits?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

MINUS, POINT, ZERO, NINE = b"-.09"
MAX_INTEGER_DIGITS = 18
MAX_DECIMAL_BYTES = 17
ZEROS, SIXES, HIGH_HALVES, THREES = (np.uint64(0x0101010101010101 * byte) for byte in (0x30, 0x06, 0xF0, 0x33))
WORD_BITS = np.uint64(64)


def are_integers(data: Bytes, words: Words, starts: Places, ends: Places) -> Flags:
    """Say which texts are integers of one to eighteen digits without leading zeros.

    `words` are the eight bytes from each place of `data` on, little-endian.
    """
    first = data[starts]
    negative = first == MINUS
    if negative.any():
        starts = starts + negative
        first = data[starts]
    sizes = ends - starts
    proper: Flags = (sizes >= 1) & (sizes <= MAX_INTEGER_DIGITS) & ((first != ZERO) | (sizes == 1))
    proper &= _are_digits(words[starts], np.clip(sizes, 1, 8))
    for skip in (8, 16):
        longer = np.flatnonzero(sizes > skip)
        if not len(longer):
            break
        proper[longer] &= _are_digits(words[starts[longer] + skip], np.clip(sizes[longer] - skip, 1, 8))
    return proper


def _are_digits(words: Words, sizes: Places) -> Flags:
    """Say for each word whether its first bytes, as many as its size (1 to 8) says, are decimal digits."""
    bits = sizes.astype(np.uint64) << np.uint64(3)
    # The bytes behind the digits are shifted out; what comes in from below is filled up with digits.
    filled = (words << (WORD_BITS - bits)) | ((ZEROS >> np.uint64(1)) >> (bits - np.uint64(1)))
    carried = ((filled + SIXES) & HIGH_HALVES) >> np.uint64(4)
    digits: Flags = ((filled & HIGH_HALVES) | carried) == THREES
    return digits


def are_decimals(data: Bytes, starts: Places, ends: Places) -> Flags:
    """Say which JSON values are numbers without exponent that a double holds exactly enough to be written again."""
    sizes = ends - starts
    columns = np.arange(MAX_DECIMAL_BYTES)
    letters = data[starts[:, None] + columns]
    numeric = ((letters >= ZERO) & (letters <= NINE)) | (letters == MINUS) | (letters == POINT)
    proper: Flags = (sizes <= MAX_DECIMAL_BYTES) & (numeric | (columns >= sizes[:, None])).all(axis=1)
    return proper
