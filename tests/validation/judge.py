"""An estimate beside the truth: how near it has to be, and how both are written."""

from typing import NamedTuple
from zlib import crc32

import numpy as np
from table import Known, Row

from uncertainty.analysis.error import half_width

ROWS = 500  # that a page may have at most; one of so many right ones fails by chance on 1 page of 100
LEVEL = 1 - 0.01 / ROWS
DUST = 1e-9  # of the truth: rounding
REPLICATES = 32


class Check(NamedTuple):
    """An estimate with its standard error, and the truth.

    `slack` is what the truth itself may be off by, as a published figure is by its rounding. `beyond` is what the
    estimate may be off by as an exception, which is `known`. `exact` truths tell whether intervals of 95 % hold what
    they should.
    """

    case: str
    source: str
    truth: float
    value: float
    se: float
    replicates: int = REPLICATES
    slack: float = 0.0
    exact: bool = True
    text: str = ""  # of a published truth, with its digits
    beyond: float = 0.0
    known: Known | None = None

    @property
    def gap(self):
        return abs(self.value - self.truth)

    @property
    def near(self):
        """Whether it is as near as its error says; where that is none, it has to be the very truth."""
        allowed = half_width(self.se, self.replicates, LEVEL) + self.slack + DUST * abs(self.truth)
        return bool(np.isfinite(self.se) and self.gap <= allowed)

    @property
    def passed(self):
        return self.near or bool(self.known and np.isfinite(self.se) and self.gap <= self.beyond)

    @property
    def covered(self):
        """Whether the 95 % interval holds the truth."""
        return bool(self.gap <= half_width(self.se, self.replicates) + DUST * abs(self.truth))

    @property
    def row(self):
        return Row(self.case, self.source, self.text or number(self.truth), interval(self), self.passed,
                   None if self.near else self.known)


def sizes(case, samples=4096):
    """The sampling of a case, with draws of its own, so that one unlucky draw is one case's."""
    return {"samples": samples, "replicates": REPLICATES, "seed": crc32(case.encode())}


def number(value, digits=6):
    """So many digits of a number, without an exponent where that is short."""
    value = value + 0.0  # no -0
    return f"{value:,.{digits}g}" if 1e-4 <= abs(value) < 1e9 or value == 0 else f"{value:.{digits - 1}e}"


def interval(check):
    """The value and half the width of its 95 % interval."""
    half = float(half_width(check.se, check.replicates))
    sure = half <= DUST * abs(check.value)
    return f"{number(check.value)}, no error shown" if sure else f"{number(check.value)} ± {half:.2g}"


def checks(case, source, truths, found, name, labels=None, **more):
    """A check of each element of a statistic of a Dataset; its labels go into the case's name."""
    value, se, truths = (np.asarray(x, float).ravel() for x in (found[name], found[f"{name}_se"], truths))
    labels = [""] * len(value) if labels is None else labels
    return [Check(f"{case}{label and ', '}{label}", source, *(float(x) for x in each), **more)
            for label, *each in zip(labels, truths, value, se, strict=True)]
