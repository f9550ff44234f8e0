"""What a renderer is, and the page it draws on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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


class Render(Protocol):
    """What every module of this folder has: a function that writes an answer down, as pieces of text."""

    def __call__(self, answer: Answer, page: Page) -> Iterator[str]:
        """Yield the text."""
        ...


@dataclass(frozen=True)
class Renderer:
    """One way to write an answer down: the `render` of a module; `suffixes` are the file names that ask for it."""

    name: str
    title: str
    module: str
    suffixes: tuple[str, ...] = ()

    @property
    def render(self) -> Render:
        """The function, imported when it is first needed: help needs the names alone."""
        from importlib import import_module

        found: Render = import_module(f"loglens.reports.{self.module}").render
        return found
