"""What a row of docs/validation.md says: a case with its truth, or how many were tried."""

from typing import NamedTuple


class Row(NamedTuple):
    """One figure beside what is true of it; texts are as the page has them."""

    case: str
    source: str
    reference: str
    ours: str
    passed: bool


class Tried(NamedTuple):
    """How many things of a kind were tried, and how many went as they should."""

    what: str
    tried: int
    passed: int
