"""`why` on incidents that nobody here made: the culprit comes out first, given the time and the route alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import loglens
from loglens.analysis import Row
from loglens.api import Lens
from loglens.errors import NotFound

SCENARIOS = Path(__file__).parents[2] / "shared" / "data" / "hyperdx" / "eval"
pytestmark = [
    pytest.mark.skipif(not SCENARIOS.is_dir(), reason="the folder ../shared/data is absent"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the Lens on a scenario by its name, each read once."""
    read: dict[str, Lens] = {}

    def find(name: str) -> Lens:
        if name not in read:
            path = tmp_path_factory.mktemp(name) / "loglens.duckdb"
            files = sorted((SCENARIOS / name).glob("*.otlp.jsonl.gz"))
            report = loglens.ingest([str(file) for file in files], path)
            assert not report.exit_code
            read[name] = loglens.open(path)
        return read[name]

    return find


def parts(rows: Sequence[Row], part: str) -> list[Row]:
    return [row for row in rows if row["part"] == part]


def measured(name: str) -> Any:
    return json.loads((SCENARIOS / name / "measured.json").read_text("utf-8"))["measured"]


def test_three_slow_searches_of_enterprise_tenants(scenario: Any) -> None:
    rows = scenario("latency-spike").why("/api/orders/search", since="15m").rows
    assert next((row["service"], row["name"]) for row in parts(rows, "component")) == ("database", "database.query")
    assert parts(rows, "component")[0]["extra_ratio"] > 0.95
    found = [(row["name"], row["value"]) for row in parts(rows, "attribute")]
    # The statement without an index, and whose it is; not the flag that most of these tenants have, nor the pauses.
    assert found == [
        ("database.query: db.statement", "SELECT * FROM orders WHERE tenant_id = ?"),
        ("tenant.tier", "enterprise"),
    ]
    assert "tenant.tier = enterprise" in parts(rows, "verdict")[0]["note"]


def test_the_hot_shard_of_the_other_search_is_a_cause_of_its_own(scenario: Any) -> None:
    rows = scenario("latency-spike").why("/api/products/search", since="10m").rows
    assert parts(rows, "component")[0]["name"] == "elasticsearch.query"
    first = parts(rows, "attribute")[0]
    assert (first["name"], first["value"]) == ("elasticsearch.query: elasticsearch.shard.hot", "true")


def test_a_rare_error_below_louder_ones(scenario: Any) -> None:
    lens = scenario("error-root-cause")
    rows = lens.why("/api/checkout", errors=True).rows
    assert {(row["service"], row["name"]) for row in parts(rows, "failure")} == {
        ("payment-service", "db.payment.connect")
    }
    assert (
        sum(row["tail_requests"] for row in parts(rows, "failure")) == measured("error-root-cause")["failing_checkout"]
    )
    assert "fail in payment-service: db.payment.connect" in parts(rows, "verdict")[0]["note"]
    # There is no checkout that succeeded: nothing to compare with, and that is said.
    assert "every one failed" in parts(rows, "verdict")[0]["note"]
    assert not parts(rows, "attribute")


def test_two_attributes_of_which_neither_alone_is_to_blame(scenario: Any) -> None:
    rows = scenario("segmented-regression").why("all", errors=True, service="api-server", since="10m").rows
    assert parts(rows, "failure")[0]["value"].startswith("FallbackHandlerError: fallback handler returned 500")
    causes = [row for row in parts(rows, "attribute") if row["body_requests"]]
    pairs = {frozenset({(row["name"], row["value"]), (row["and_name"], row["and_value"])}) for row in causes[:1]}
    assert pairs == {frozenset({("tenant.tier", "enterprise"), ("cache.hit", "false")})}
    assert len(causes) == 1
    assert "tenant.tier = enterprise and cache.hit = false" in parts(rows, "verdict")[0]["note"]


def test_the_same_two_of_a_whole_hour_in_which_other_errors_are_more(scenario: Any) -> None:
    rows = scenario("segmented-regression").why("all", errors=True, service="api-server").rows
    verdict = parts(rows, "verdict")[0]["note"]
    assert 'Those with "FallbackHandlerError: fallback handler returned 500: schema mismatch' in verdict
    assert "tenant.tier = enterprise and cache.hit = false" in verdict
    explained = [row["value"].partition(":")[0] for row in parts(rows, "failure") if row["note"]]
    assert explained == ["FallbackHandlerError"]


def test_three_bad_pods_and_the_codes_they_cannot_read(scenario: Any) -> None:
    rows = scenario("deploy-regression").why("/api/checkout", errors=True).rows
    first = parts(rows, "attribute")[0]
    bad = {pod for pod, (failed, _) in measured("deploy-regression")["pods"].items() if failed}
    found = {first["name"]: set(first["value"].split(" or ")), first["and_name"]: set(first["and_value"].split(" or "))}
    assert found["instance"] == bad
    # The third code occurs once among the failed ones.
    assert found["checkout.promo_code"] == {"FLAT5", "FREESHIP"}
    assert any("reading 'percentOff'" in row["value"] for row in parts(rows, "failure"))


def test_a_healthy_service_has_nothing_to_tell(scenario: Any) -> None:
    lens = scenario("service-health-check")
    for errors in (False, True):
        rows = lens.why("all", errors=errors).rows
        assert parts(rows, "attribute") == []
        assert "Nothing that was recorded sets" in parts(rows, "verdict")[0]["note"] or not errors


def test_stalls_of_the_code_itself_are_told_as_such(scenario: Any) -> None:
    rows = scenario("metric-saturation").why("/score").rows
    (component,) = parts(rows, "component")
    assert (component["service"], component["value"]) == ("recommendation-service", "self")
    assert any("Nothing is recorded of what happened inside" in row["note"] for row in parts(rows, "note"))


def test_logs_without_requests_are_refused(scenario: Any) -> None:
    with pytest.raises(NotFound, match="No requests to compare"):
        scenario("noisy-signals").why("all")
