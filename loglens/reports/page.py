"""What a renderer is, and the page it draws on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from loglens.answer import Answer


@dataclass
class Page:
    """Where an answer is drawn: how many columns it has (None: as many as needed) and whether it shows colour.

    `is_terminal` says that control characters would act. A renderer leaves in `notes` what the reader should know
    and is no data.
    """

    width: int | None = None
    colour: bool = False
    is_terminal: bool = False
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Renderer:
    """One way to write an answer down, as pieces of text; `suffixes` are the file names that ask for it."""

    name: str
    title: str
    render: Callable[[Answer, Page], Iterator[str]]
    suffixes: tuple[str, ...] = ()
