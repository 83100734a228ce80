"""What the process of a sweep sends to the one that has started it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """The progress as HTML."""

    html: str


@dataclass(frozen=True)
class Warned:
    """A warning of the log."""

    text: str


@dataclass(frozen=True)
class Ended:
    """The end: with an error line of the user's mistake, by an interrupt, or neither."""

    refusal: str = ""
    interrupted: bool = False
