"""The page that says what was held to which truth: text of rows of any kind."""

import sys

import numpy as np
from intervals import AIM, Covered
from judge import DUST, ROWS, Check
from procurement import COARSE
from reliability import SEARCHED
from scipy import stats
from stopping import Stopped
from table import Row, Tried

import uncertainty as un

INTRODUCTION = f"""# Validation

Made by `python tests/validation > docs/validation.md` of uncertainty {un.__version__}, from fixed seeds: the same text
each time on the same machine, but for seconds. The tests hold the tables of cases to what is computed, and the rest to
smaller counts.

What is promised. An estimate is the mean over independent replicates (of a quantile: that of all their samples), its
standard error comes from how the replicates differ, and *±* is half the width of the 95 % interval by Student's *t*
with one degree of freedom fewer than replicates: over many seeds 95 of 100 such intervals hold the truth. Nothing else
is in it: not the rounding of a published figure, not what is wrong with a model. *No error* stands where all replicates
agree: so it is with constants and counts, exactly; but a probability that hangs on steps of one input alone is known to
one sample of each replicate, and may be printed without an error all the same.

When a row passes. The estimate is within *t* standard errors of the reference, at the level at which {ROWS} right rows
would hold one wrong one on 1 page of 100 (Bonferroni; of 32 replicates 5 standard errors). To this is added, where it
applies: half a unit of a published figure's last digit; one sample of each replicate of a share; half of the 1 nm to
which the published ends of the gauge block are; {COARSE:g} of a truth of the procurement model, for its sums over a
Powerwall's prices; {SEARCHED:g} of the distance to a failure, for where a search ends; and {DUST:g} of any truth, for
rounding. A quantile of a whole number has to be the very number, or the next one
where the level is that close to a jump. A wide interval proves little: it is printed. A test of a distribution passes
where p is above 1 % / {ROWS}. Each group of cases has a seed of its own, made of its name.
"""

HEADS = {
    Row: ("case", "source", "reference", "ours", ""),
    Covered: ("intervals of", "runs", "intervals", "hold the truth", "mean error / standard error", "93 to 97 %?"),
    Stopped: ("tolerance T", "method", "runs", "replicates, mean", "T was met in", "error, root mean square / T",
              "error / printed standard error", "95 % intervals hold", ""),
    Tried: ("what", "tried", "as it should be", ""),
}


def verdict(passed):
    return "pass" if passed else "**FAIL**"


def of_covered(each):
    case, share = each.case, f"{100 * each.share:.1f} %"
    kept = f"{100 * case.aim[0]:g} to {100 * case.aim[1]:g} % expected" if np.isinf(case.most) else (
        f"off by {each.worst:.1g} at most")
    within = "**FAIL**" if not each.within else "yes" if AIM[0] <= each.share <= AIM[1] else (
        f"no, {kept}: {case.why}" if case.why else "no more than chance off")
    return case.what, each.seeds, each.tried, share, "–" if np.isnan(each.bias) else f"{each.bias:.2f}", within


def of_stopped(each):
    return (f"{each.tolerance:g}", each.method, each.seeds, f"{each.replicates:.0f}", each.met, f"{each.off:.2f}",
            f"{each.shortfall:.2f}", f"{100 * each.held / each.tried:.1f} %", verdict(each.passed))


CELLS = {
    Row: lambda each: (*each[:-1], verdict(each.passed)),
    Covered: of_covered,
    Stopped: of_stopped,
    Tried: lambda each: (each.what, each.tried, each.passed, verdict(each.tried == each.passed)),
}


def table(rows):
    """Lines of a Markdown table of rows of one kind."""
    heads = HEADS[type(rows[0])]
    lines = [heads, ["---"] * len(heads), *(CELLS[type(row)](row) for row in rows)]
    return ["| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines]


def failed(rows):
    """Those that are not as they should be."""
    return [row for row in rows if "**FAIL**" in CELLS[type(row)](row)]


def held(found):
    """One row: how many 95 % intervals of the cases hold an exact truth, beside what is to be expected."""
    exact = [check for check in found if isinstance(check, Check) and check.exact and check.se > 0]
    low, high = stats.binom.ppf([0.0005, 0.9995], len(exact), 0.95).astype(int)
    count = sum(check.covered for check in exact)
    return Row(f"95 % intervals that hold an exact truth, of {len(exact)} cases above with an error",
               "binomial, 99.9 %; in truth wider, as figures of a case share its draws", f"{low} to {high}", str(count),
               low <= count <= high)


def chapter(title, said, found):
    """Its lines, and its rows; of cases as they are printed."""
    rows = [each.row if isinstance(each, Check) else each for each in found]
    return ["", f"## {title}", *(["", said.strip()] if said else []), "", *table(rows)], rows


def show(chapters, out=sys.stdout):
    """Print the page as it is made; the exit status is 1 where a row fails."""
    print(INTRODUCTION.rstrip(), file=out)
    every, wrong = [], []
    for title, said, make in chapters:
        found = list(make())
        lines, rows = chapter(title, said, found)
        every, wrong = every + found, wrong + failed(rows)
        print("\n".join(lines), file=out, flush=True)
    overall = held(every)
    print("\n".join(chapter("All cases together", "", [overall])[0]), file=out)
    wrong += failed([overall])
    print(f"\n{len(every) + 1} rows, of which {len(wrong)} fail.", file=out)
    return int(bool(wrong))
