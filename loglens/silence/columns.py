"""The columns of `silence`."""

from __future__ import annotations

COLUMNS = {
    "silence_id": "The silence by name.",
    "kind": "stopped, no traffic, heartbeat missing, restart, or collector gap (nobody recorded anything).",
    "service": "Service; null where it is all of them.",
    "instance": "Instance that restarted, or whose beat is missing.",
    "name": "Template of the record that beats.",
    "first_ts": "The last sign before.",
    "last_ts": "The first sign after, or the end of the data.",
    "silent_ms": "How long there was none; of restarts all downtimes together.",
    "is_over": "Whether a sign came after.",
    "expected": "Records, spans or requests that were to be expected in that time.",
    "sigma": "How far none at all lies below that.",
    "before_ratio": "Share of the usual that there was just before; what fades out is idle.",
    "seen_ms": "How long it was seen before and after, to the bucket; a job that is done was not seen for long.",
    "recorded_ratio": "Share of its usual records and spans that it wrote all the same.",
    "others_ratio": "Share of the other services that were silent too.",
    "calling_ratio": "Share of the usual calls that it got; where calls are not seen, of requests of its callers.",
    "restarted": "Whether it came back with the record of a start.",
    "restarts": "Starts of the instance, one soon after another.",
    "period_ms": "How often the beat came.",
    "beats_missed": "How many did not.",
}
