"""Rejects as a terminal shows them: below their sources, the reason whole, the text as far as it fits."""

from __future__ import annotations

from loglens.analyses.rejects import ANALYSIS

ROWS = [
    {
        "uri": "/logs/a.log",
        "line": 7,
        "reason": "not JSON: unexpected end of data at position 74",
        "raw": '{"a":\t' * 9,
    },
    {"uri": "/logs/a.log", "line": 8, "reason": "not JSON", "raw": ""},
    {"uri": "/logs/b.log", "line": 1, "reason": "not JSON", "raw": "{x"},
]
DRAWN = """\
/logs/a.log
  line 7: not JSON: unexpected end of
    data at position 74
    {"a":\\t{"a":\\t{"a"…:\\t{"a":\\t{"a":\\t
  line 8: not JSON

/logs/b.log
  line 1: not JSON
    {x
"""


def test_rejects_stand_below_their_sources() -> None:
    assert ANALYSIS.draw is not None
    assert ANALYSIS.draw(ROWS, 40) == DRAWN
    assert ANALYSIS.draw([], 40) == "Everything was read: nothing was rejected.\n"
