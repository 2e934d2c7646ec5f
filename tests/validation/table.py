"""What a row of docs/validation.md says: a case with its truth, or how many were tried."""

from typing import NamedTuple


class Known(NamedTuple):
    """An exception to what is promised: its name, which rows have, and what is to be said of it, once on a page."""

    name: str
    why: str

    @property
    def text(self):
        return f"**{self.name}**: {' '.join(self.why.split())}"


class Row(NamedTuple):
    """One figure beside what is true of it; texts are as the page has them."""

    case: str
    source: str
    reference: str
    ours: str
    passed: bool
    known: Known | None = None  # where it passes as an exception


class Tried(NamedTuple):
    """How many things of a kind were tried, and how many went as they should."""

    what: str
    tried: int
    passed: int
