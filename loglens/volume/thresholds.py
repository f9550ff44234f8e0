"""What makes a burst of log records."""

from __future__ import annotations

from loglens.analysis import Param

THRESHOLDS = (
    Param(
        "sigma",
        5.5,
        "How far a burst stands out: the one threshold, at any rate of records.",
        reason="As of bursts: one series in about two thousand has a false one in a week.",
    ),
    Param(
        "min_excess",
        50.0,
        "Leave out bursts with fewer records than this beyond the expected.",
        reason="Fewer are no flood, however improbable.",
    ),
    Param(
        "min_times",
        3.0,
        "Leave out bursts with less than this many times the expected records.",
        reason="Traffic doubles every morning.",
    ),
)
