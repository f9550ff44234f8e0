"""Numbers as a sentence says them."""

from __future__ import annotations

import pytest

from loglens import wording
from loglens.paragraph import wrapped


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (0.004, "0.004 ms"),
        (0.35, "0.3 ms"),
        (3.96, "4 ms"),
        (9.96, "10 ms"),
        (33.9, "34 ms"),
        (999.4, "999 ms"),
        (999.6, "1 s"),
        (6314.7, "6.3 s"),
        (99_400, "99 s"),
        (99_600, "1.7 min"),
        (445_718, "7.4 min"),
        (5_399_999, "90 min"),
        (5_400_000, "1.5 h"),
        (172_800_000, "2 days"),
    ],
)
def test_duration(ms: float, text: str) -> None:
    assert wording.duration(ms) == text


def test_other_amounts() -> None:
    assert wording.amount("share_ratio", 0.345) == "34 %"
    assert wording.amount("total_s", 457.2) == "7.6 min"
    assert wording.amount("requests", 12345) == "12,345"
    assert wording.counted(1, "finding") == "1 finding"
    assert wording.counted(2000, "finding") == "2,000 findings"
    assert wording.moment(1_768_467_600_999_999_999) == "2026-01-15 09:00:00 UTC"


def test_lines_break_between_words_and_never_between_a_number_and_its_unit() -> None:
    assert wrapped("it takes 34 ms or 97 % of it", 12) == ["it takes", "34 ms or", "97 % of it"]
    assert wrapped("a-word-too-long here", 6) == ["a-word", "-too-l", "ong", "here"]
    assert wrapped("", 10) == []
    assert wrapped("日本語の名前", 4) == ["日本", "語の", "名前"]
