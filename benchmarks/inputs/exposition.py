"""A dump of samples in the Prometheus text format: `python -m benchmarks.inputs.exposition FILE SAMPLES`."""

from __future__ import annotations

import random
import sys
from pathlib import Path

SERVICES = ("llm-api", "response-api", "media-api", "mcp-tools")
ROUTES = 25
BOUNDS = ("0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf")
SCRAPE_MS = 15_000
START_MS = 1_768_467_600_000
HEAD = "# HELP http_request_duration_seconds How long requests took.\n# TYPE http_request_duration_seconds histogram\n"


def series(rng: random.Random) -> list[str]:
    """Return the series of one scrape."""
    pods = {service: f"{service}-{rng.getrandbits(40):010x}" for service in SERVICES}
    return [
        f'http_request_duration_seconds_bucket{{service="{service}",pod="{pods[service]}",route="/v1/r{route}",le="{le}"}}'
        for service in SERVICES
        for route in range(ROUTES)
        for le in BOUNDS
    ]


if __name__ == "__main__":
    rng = random.Random(7)
    written, known = 0, series(rng)
    totals = [0] * len(known)
    with Path(sys.argv[1]).open("w", encoding="utf-8") as file:
        scrape = 0
        while written < int(sys.argv[2]):
            file.write(HEAD)
            time = START_MS + scrape * SCRAPE_MS
            for place, name in enumerate(known[: int(sys.argv[2]) - written]):
                totals[place] += rng.randrange(40)
                file.write(f"{name} {totals[place]} {time}\n")
            written += len(known)
            scrape += 1
