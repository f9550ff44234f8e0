"""A Prometheus exposition through `prometheus_client.parser`, nothing stored: `... FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from prometheus_client.parser import text_fd_to_metric_families

if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="utf-8") as file:
        print(sum(len(family.samples) for family in text_fd_to_metric_families(file)))
