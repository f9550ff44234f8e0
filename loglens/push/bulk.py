"""The bulk loop: every item is taken, known already, or refused for a reason; what was in doubt is sent again.

Ids are fixed, so sending an item twice changes nothing. Back-off is exponential with full jitter
(aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter), with one budget for all waiting.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from loglens.push.bulk_answer import count_clean
from loglens.push.items import Items
from loglens.push.refusals import Refusal, explain, kind_of, reason_of, said
from loglens.push.server import PushError, Server

WORKERS = 2
CHUNK_BYTES = 8 << 20
SMALLEST_CHUNK_BYTES = 64 << 10
LONGEST_WAIT_S = 15.0
FIRST_WAIT_S = 0.25
# How long all workers together wait for a server that does not take anything, before they give up.
BUDGET_S = 300.0
# When so many items were refused and none was taken, the rest would be too.
HOPELESS = 1_000
# Whether an item is new, its status says too.
_PATH = "/_bulk?filter_path=errors,items.*.status,items.*.error,items.*.failure_store"


@dataclass(frozen=True)
class Refused:
    """An item the server will not take: the request, the HTTP status and the reason."""

    item: bytes
    status: int
    reason: str


@dataclass
class Delivery:
    """What became of some items; `refused` are for the table of rejects, `told` counts outcomes by their owners."""

    created: int = 0
    updated: int = 0
    duplicates: int = 0
    retries: int = 0
    sent_bytes: int = 0
    refused: list[Refused] = field(default_factory=list)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def taken(self) -> int:
        """Items the server has."""
        return self.created + self.updated + self.duplicates

    def add(self, other: Delivery) -> None:
        """Take in what became of other items."""
        self.created += other.created
        self.updated += other.updated
        self.duplicates += other.duplicates
        self.retries += other.retries
        self.sent_bytes += other.sent_bytes
        self.refused += other.refused
        self.told.update(other.told)

    def note(self, outcome: str, items: Items, places: Sequence[int]) -> None:
        """Count an outcome of the items at some places, by its name here."""
        setattr(self, outcome, getattr(self, outcome) + len(places))
        if items.owners:
            self.told.update((items.owners[place], outcome) for place in places)


class Bulk:
    """Sends items to one server with a few workers that share their patience."""

    def __init__(self, server: Server, budget_s: float = BUDGET_S, sleep: Any = time.sleep) -> None:
        self._server = server
        self._budget_s = budget_s
        self._sleep = sleep
        self._lock = threading.Lock()
        self._waited_s = 0.0
        self._chunk_bytes = self._most_bytes = CHUNK_BYTES
        self._taken = 0
        self._reasons: Counter[str] = Counter()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="push")
        path = _PATH
        if server.product == "elasticsearch" and server.version >= (8, 18):
            path += "&include_source_on_error=false"
        self._path = path

    def close(self) -> None:
        """Let the workers go."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def send(self, items: Items) -> Delivery:
        """Deliver items, in chunks side by side; raises PushError where the server takes nothing any more."""
        whole = Delivery()
        for delivery in self._pool.map(self._deliver, list(self._chunks(items))):
            whole.add(delivery)
        return whole

    def _chunks(self, items: Items) -> Iterator[Items]:
        start = 0
        while start < len(items):
            chunk = items.chunk(start, self._chunk_bytes)
            yield chunk
            start += len(chunk)

    def _deliver(self, items: Items, attempt: int = 0) -> Delivery:
        delivery = Delivery()
        pending = items
        while len(pending):
            status, answer, problem = self._post(pending)
            delivery.sent_bytes += pending.size_bytes
            again = pending
            if status == 413:
                if len(pending) == 1:
                    delivery.refused.append(Refused(pending[0], status, "larger than the server takes in one request."))
                    self._note(0, delivery.refused[-1:])
                    return delivery
                middle = len(pending) // 2
                self._shrink(pending, for_good=True)
                delivery.add(self._deliver(pending.part(0, middle)))
                delivery.add(self._deliver(pending.part(middle, len(pending))))
                return delivery
            if status == 200:
                again, problem = self._settle(pending, answer, delivery)
            if not len(again):
                return delivery
            delivery.note("retries", again, range(len(again)))
            # A server that takes a part of a request is not asked for more patience than at the first time.
            pending, attempt = again, 1 if len(again) < len(pending) else attempt + 1
            self._wait(attempt, problem)
            if status == 429 and len(pending) > 1:
                for chunk in self._chunks(pending):
                    delivery.add(self._deliver(chunk, attempt))
                return delivery
        return delivery

    def _post(self, items: Items) -> tuple[int, bytes, str]:
        """Return the status (0 for no answer), the answer, and what to say of it where it stays so."""
        from elastic_transport import TlsError, TransportError

        from loglens.push.client import NDJSON

        try:
            return 200, self._server.client.request("POST", self._path, items.joined(), NDJSON), ""
        except TlsError as error:
            raise PushError(explain(error, self._server.url)) from error
        except TransportError as error:
            return 0, b"", explain(error, self._server.url)
        except Refusal as refusal:
            status, problem = refusal.status, explain(refusal, self._server.url)
            if status == 429:
                self._shrink(items)
            if status in {413, 429} or status >= 500:
                return status, b"", problem
            raise PushError(problem) from refusal

    def _settle(self, items: Items, answer: bytes, delivery: Delivery) -> tuple[Items, str]:
        """Count what became of each item, and return those to send again with the reason of the last of them."""
        if not items.owners and (counts := count_clean(answer, len(items))):
            delivery.created, delivery.updated = delivery.created + counts[0], delivery.updated + counts[1]
            self._note(sum(counts), ())
            return items.part(0, 0), ""
        told = said(answer)
        results = told.get("items") if isinstance(told, dict) else None
        if not isinstance(results, list) or len(results) != len(items):
            return items, f"{self._server.url} answered for other items than were sent."
        outcomes: dict[str, list[int]] = {"created": [], "updated": [], "duplicates": []}
        again: list[int] = []
        problem = ""
        refused: list[Refused] = []
        for place, entry in enumerate(results):
            ((operation, result),) = entry.items()
            status = result.get("status", 0)
            if status in {200, 201} and result.get("failure_store") not in {"used", "failed"}:
                outcomes["created" if status == 201 else "updated"].append(place)
            elif status == 409 and operation == "create":
                outcomes["duplicates"].append(place)
            elif status == 404 and operation == "delete":
                # It is gone, as it should be.
                outcomes["updated"].append(place)
            elif status == 429 or status >= 500 or status == 0:
                again.append(place)
                problem = f"{self._server.url} answers {status} for documents: {reason_of(result)}"
            else:
                reason = reason_of(result) if status >= 400 else "set aside in the failure store of the data stream."
                refused.append(Refused(items[place], status, reason))
        for outcome, places in outcomes.items():
            delivery.note(outcome, items, places)
        delivery.refused += refused
        self._note(sum(map(len, outcomes.values())), refused)
        return items.picked(again), problem

    def _shrink(self, items: Items, for_good: bool = False) -> None:
        """Send less at once than these items; for good where the server takes no more, or until it takes some again."""
        half = max(items.size_bytes // 2, SMALLEST_CHUNK_BYTES)
        with self._lock:
            self._chunk_bytes = min(self._chunk_bytes, half)
            self._most_bytes = min(self._most_bytes, half) if for_good else self._most_bytes

    def _note(self, taken: int, refused: Sequence[Refused]) -> None:
        with self._lock:
            self._taken += taken
            if taken:
                self._waited_s = 0.0
                self._chunk_bytes = min(self._chunk_bytes * 5 // 4, self._most_bytes)
            self._reasons.update(f"{kind_of(each.reason)} ({each.status})" for each in refused)
            if not self._taken and self._reasons.total() >= HOPELESS:
                common = " ".join(f"{count:,} times: {reason}" for reason, count in self._reasons.most_common(3))
                raise PushError(f"{self._server.url} refuses everything. {common}")

    def _wait(self, attempt: int, problem: str) -> None:
        wait_s = random.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt))  # noqa: S311
        with self._lock:
            self._waited_s += wait_s
            if self._waited_s > self._budget_s * WORKERS:
                raise PushError(
                    f"{problem} Gave up after {self._budget_s:.0f} s without progress; push again to go on."
                )
        self._sleep(wait_s)
