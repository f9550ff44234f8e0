"""The service map for other tools: DOT and Mermaid, read whole, with names that would break either."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import Shell
from test_analyses import fill

from loglens.store.store import open_writer

TRACES = """
shop: GET /a                          100 ms
  SELECT * FROM item   x2             10 ms   peer_service=pg
  http GET "<b>#1\\/x                  9 ms    peer_service="<b>#1\\   error
  send mails                          1 ms
    mailer: receive mails             5 ms
"""
DOT = r"""digraph services {
  rankdir=LR;
  node [shape=box, style=rounded];
  "(outside)" [shape=ellipse];
  "shop";
  "pg" [shape=cylinder];
  "\"<b>#1\\" [shape=ellipse];
  "mailer";
  "(outside)" -> "shop" [label="1 call, p95 100 ms"];
  "shop" -> "pg" [label="2 sql, p95 10 ms"];
  "shop" -> "\"<b>#1\\" [label="1 http, p95 9 ms, 100 % failed", color=red];
  "shop" -> "mailer" [label="1 messaging, p95 5 ms"];
}
"""
MERMAID = r"""flowchart LR
  n0(["(outside)"])
  n1["shop"]
  n2[("pg")]
  n3(["#quot;#lt;b#gt;#35;1\"])
  n4["mailer"]
  n0 -->|"1 call, p95 100 ms"| n1
  n1 -->|"2 sql, p95 10 ms"| n2
  n1 -->|"1 http, p95 9 ms, 100 % failed"| n3
  n1 -->|"1 messaging, p95 5 ms"| n4
"""


def test_the_map_is_drawn_for_other_tools(shell: Shell, empty_store: Path, tmp_path: Path) -> None:
    path = tmp_path / "map.duckdb"
    shutil.copy(empty_store, path)
    with open_writer(path) as connection:
        fill(connection, {"traces": TRACES})
    assert shell("service-map", "--format", "dot", "--db", path) == (0, DOT, "")
    assert shell("service-map", "--output", "map.mmd", "--db", path) == (0, "", "")
    assert Path("map.mmd").read_text("utf-8") == MERMAID


def test_an_empty_map_is_still_a_graph(shell: Shell, empty_store: Path) -> None:
    assert shell("service-map", "--format", "mermaid", "--db", empty_store) == (0, "flowchart LR\n", "")
