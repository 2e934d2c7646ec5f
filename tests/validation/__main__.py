"""Make docs/validation.md: python tests/validation > docs/validation.md; exit status 1 where a row fails."""

import signal
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # what the tests share

import bad_input
import coverage
import decisions
import jcgm
import kills
import page
import printed
import procurement
import reliability
import sampler
import stopping
import tails
import variances

# title, what is said of it, and what makes its rows
CHAPTERS = (
    ("Worked examples of JCGM 101:2008", jcgm.__doc__, jcgm.cases),
    ("Variances and what drives them", variances.__doc__, variances.cases),
    ("Quantiles of heavy tails and of whole numbers", tails.__doc__, tails.cases),
    ("Who wins, and what it is worth to know more", decisions.__doc__, decisions.cases),
    ("Failures", reliability.__doc__, reliability.cases),
    ("The reference document's tables", printed.__doc__, printed.cases),
    ("The procurement model", procurement.__doc__, procurement.cases),
    ("The sampler", sampler.__doc__, sampler.cases),
    ("Coverage of 95 % intervals", coverage.__doc__, partial(coverage.tried, 250)),
    ("Stopping at a tolerance", stopping.__doc__, partial(stopping.tried, 200)),
    ("Bad inputs", bad_input.__doc__, partial(bad_input.tried, 1000, 1)),
    ("Kills and faults", kills.__doc__, partial(kills.tried, 200, 1)),
)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background would have ignored
    sys.exit(page.show(CHAPTERS))
