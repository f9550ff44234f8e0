"""What makes a burst: the one threshold of the scan, and what is too little to be told."""

from __future__ import annotations

from loglens.analysis import Param

THRESHOLDS = (
    Param(
        "sigma",
        5.5,
        "How far a burst stands out: the one threshold, at any rate of errors; the answer says how many false"
        " bursts it means.",
        reason="At 5.5 one series in about two thousand has a false burst in a week.",
    ),
    Param(
        "min_excess",
        10.0,
        "Leave out bursts with fewer errors than this beyond the expected.",
        reason="Fewer are no incident, however improbable.",
    ),
    Param(
        "min_times",
        2.0,
        "Leave out bursts with less than this many times the expected errors.",
        reason="With much traffic a few percent more are beyond chance, and nobody is paged for them.",
    ),
    Param(
        "min_error_ratio",
        0.005,
        "Leave out bursts in which less than this share of the requests failed.",
        reason="One in two hundred is where users begin to notice.",
    ),
)
