"""From masked texts to templates: which words of a message are its constant part, and which are values.

The idea of Brain (Yu et al., IEEE TSC 2023), simplified, over distinct texts: among texts of the same number of words,
those of one template share the words that are equally frequent. What varies beside these is a value, or tells templates
apart where it has few values. Arrays of word numbers throughout, never a loop over texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from loglens.derive.log_templates.masks import VALUE

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Words = NDArray[np.int32]
    Flags = NDArray[np.bool_]

# A place with so many different words tells templates apart; one with more is a value. 3 to 5 do equally well.
_FEW = 4
# With more distinct texts than this something was not masked: then words with digits are values too.
_MANY = 100_000
_VALUES = re.compile(r"(?:<\*>){2,}")
_OPENING = re.compile(r"^.*[^0-9A-Za-z]", re.DOTALL)


def mine(words: pa.ListArray, records: Numbers) -> list[str]:
    """Return the template of every text, given as its words with what separates them, and how many records have it.

    Words in which something is masked hold `<*>`. The result does not depend on the order of the texts.
    """
    encoded = words.flatten().dictionary_encode()
    vocabulary: list[str] = encoded.dictionary.to_pylist()
    digits = re.compile("[0-9]|<[*]>" if len(words) > _MANY else "<[*]>")
    is_value = np.fromiter((digits.search(word) is not None for word in vocabulary), np.bool_, len(vocabulary))
    numbers = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    ends = words.offsets.to_numpy()
    ends = ends - ends[0]
    lengths = np.diff(ends)
    templates = [""] * len(words)
    for length in np.unique(lengths[lengths > 0]):
        texts = np.flatnonzero(lengths == length)
        table = numbers[ends[texts][:, np.newaxis] + np.arange(length)]
        for group, places in _groups(table, records[texts], is_value):
            text = _written(table[group], places, vocabulary)
            for member in texts[group].tolist():
                templates[member] = text
    return templates


def _groups(table: Words, records: Numbers, is_value: Flags) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield the texts of each template, as rows of the table, with the places that are values."""
    frequencies = np.empty(table.shape, np.int64)
    for place in range(table.shape[1]):
        _, which = np.unique(table[:, place], return_inverse=True)
        frequencies[:, place] = np.bincount(which, records).astype(np.int64)[which]
    common = _common(np.where(is_value[table], 0, frequencies))
    is_anchor = (frequencies == common[:, np.newaxis]) & ~is_value[table]
    is_anchor[common == 0] = True
    anchors = np.where(is_anchor, table, -1)
    for group in _alike(anchors):
        if len(group) == 1:
            yield group, np.empty(0, np.int64)
        else:
            left = np.flatnonzero(~is_anchor[group[0]])
            yield from _split(group, left, table, frequencies, is_value, int(common[group[0]]))


def _common(frequencies: Numbers) -> Numbers:
    """Return for each row the frequency that most of its words share, the higher one of equals; 0 does not count."""
    rows, length = frequencies.shape
    ordered = np.sort(frequencies, axis=1).ravel()
    begins = np.empty(ordered.size, np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    begins[::length] = True
    runs = np.flatnonzero(begins)
    shared = np.diff(runs, append=ordered.size)
    base = int(frequencies.max(initial=0)) + 1
    score = np.where(ordered[runs] == 0, 0, shared * base + ordered[runs])
    firsts = np.searchsorted(runs, np.arange(rows) * length)
    return np.asarray(np.maximum.reduceat(score, firsts) % base)


def _alike(table: Words) -> Iterator[Numbers]:
    """Yield the numbers of equal rows together."""
    keys = np.ascontiguousarray(table).view(np.dtype((np.void, table.dtype.itemsize * table.shape[1]))).ravel()
    _, which, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    yield from np.split(np.argsort(which, kind="stable"), np.cumsum(sizes)[:-1])


def _split(
    group: Numbers, left: Numbers, table: Words, frequencies: Numbers, is_value: Flags, common: int
) -> Iterator[tuple[Numbers, Numbers]]:
    waiting = [(group, left)]
    while waiting:
        group, left = waiting.pop()
        values, telling = [], []
        found = table[np.ix_(group, left)]
        varies = (found != found[0]).any(axis=0)
        for place, words in zip(left[varies].tolist(), found[:, varies].T, strict=True):
            distinct = np.unique(words)
            # Words that are more frequent than the anchors, and yet vary, are values like true and false.
            if is_value[distinct].any() or frequencies[group, place].min() > common:
                values.append(place)
            else:
                telling.append((len(distinct), place))
        count, place = min(telling, default=(0, 0))
        if 0 < count <= _FEW:
            words = table[group, place]
            waiting += [(group[words == word], left[left != place]) for word in np.unique(words)]
        else:
            yield group, np.array(sorted([*values, *(place for _, place in telling)]), np.int64)


def _written(texts: Words, places: Numbers, vocabulary: list[str]) -> str:
    """Return the template of some texts: the words of the first, with what the values have in common around them."""
    words = [vocabulary[number] for number in texts[0].tolist()]
    for place in places.tolist():
        found = [vocabulary[number] for number in np.unique(texts[:, place]).tolist()]
        words[place] = _framed(found)
    return _VALUES.sub(VALUE, "".join(words)).strip()


def _framed(words: list[str]) -> str:
    """Return a value between the marks that all of some words begin and end with."""
    before = _marks(words)
    after = _marks([word[len(before) :][::-1] for word in words])[::-1]
    return before + VALUE + after


def _marks(words: list[str]) -> str:
    first, last = min(words), max(words)
    same = next((place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    found = _OPENING.match(first[:same])
    return found[0] if found else ""
