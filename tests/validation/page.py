"""The page that says what was held to which truth: text of rows of any kind."""

import sys
from textwrap import fill

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
is in it: not the rounding of a published figure, not what is wrong with a model. Of a share, and of a mean of whole
numbers, it is never less than what 3 of all samples make of it, even where all replicates agree. *No error shown*
stands where the interval is one number: of what is constant, exactly; of a share of which no sample, or every one, is;
and of a quantile of whole numbers where both ends of its interval are the same number, which is no surer than any other
interval of 95 %.

When a row passes. The estimate is within *t* standard errors of the reference, at the level at which {ROWS} right rows
would hold one wrong one on 1 page of 100 (Bonferroni; of 32 replicates 5 standard errors); where no error is shown it
has to be the reference. To this is added what the reference itself may be off by: half a unit of a published figure's
last digit; half of the 1 nm to which the published ends of the gauge block are; {COARSE:g} of a truth of the
procurement model, which may be a sum over a Powerwall's prices; and {DUST:g} of any truth, for rounding. A wide
interval proves little: it is printed. A search has no standard error: the distance to a failure has to be right to
{SEARCHED:g} of itself. A test of a distribution passes where p is above 1 % / {ROWS}. Each group of cases has a seed of
its own, made of its name.

What is an exception. Where it is known that the promise is not kept, and why, the row says so by the name that the
reason has below, and it has to keep to what is said there; else it fails like any other.
"""

CHANCE = "yes, but for chance"

HEADS = {
    Row: ("case", "source", "reference", "ours", ""),
    Covered: ("intervals of", "runs", "intervals", "hold the truth", "mean error / standard error", "as promised?"),
    Stopped: ("tolerance T", "method", "runs", "replicates, mean", "T was met in", "error, root mean square / T",
              "error / printed standard error", "95 % intervals hold", ""),
    Tried: ("what", "tried", "as it should be", ""),
}


def verdict(passed, known=None):
    return "**FAIL**" if not passed else f"exception: {known.name}" if known else "pass"


def of_covered(each):
    case, share = each.case, f"{100 * each.share:.1f} %"
    low, high = (round(100 * end) for end in case.aim)
    expected = f"{low} to {high} % expected{', but for chance' * (not case.aim[0] <= each.share <= case.aim[1])}"
    within = "**FAIL**" if not each.within else f"exception: {case.known.name}; {expected}" if excepted(each) else (
        "yes" if AIM[0] <= each.share <= AIM[1] else CHANCE)
    return case.what, each.seeds, each.tried, share, "–" if np.isnan(each.bias) else f"{each.bias:.2f}", within


def of_stopped(each):
    return (f"{each.tolerance:g}", each.method, each.seeds, f"{each.replicates:.0f}", each.met, f"{each.off:.2f}",
            f"{each.shortfall:.2f}", f"{100 * each.held / each.tried:.1f} %", verdict(each.passed))


CELLS = {
    Row: lambda each: (*each[:-2], verdict(*each[-2:])),
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


def excepted(row):
    """The exception that a row is, if it is one; of shares only where they are not as promised."""
    if isinstance(row, Covered):
        return None if AIM[0] <= row.share <= AIM[1] else row.case.known
    return getattr(row, "known", None)


def held(found):
    """One row: how many 95 % intervals of the cases hold an exact truth, beside what is to be expected."""
    exact = [check for check in found if isinstance(check, Check) and check.exact and check.se > 0]
    low, high = stats.binom.ppf([0.0005, 0.9995], len(exact), 0.95).astype(int)
    count = sum(check.covered for check in exact)
    return Row(f"95 % intervals that hold an exact truth, of {len(exact)} cases above with an error",
               "binomial, 99.9 %; in truth wider, as figures of a case share its draws", f"{low} to {high}", str(count),
               low <= count <= high)


def printable(found):
    """Rows, of checks as they are printed."""
    return [each.row if isinstance(each, Check) else each for each in found]


def chapter(title, said, found):
    """Its lines."""
    return ["", f"## {title}", *(["", said.strip()] if said else []), "", *table(printable(found))]


def verdicts(rows):
    """How many rows are as promised, how many are known exceptions, and how many fail."""
    wrong = len(failed(rows))
    known = sum(excepted(row) is not None for row in rows if not failed([row]))
    return f"{len(rows)} rows: {len(rows) - known - wrong} are as promised, {known} known exceptions, {wrong} fail."


def item(text):
    """One of a list."""
    return fill(f"- {text}", 119, subsequent_indent="  ")


def repeated(found):
    """How much of the page says the same again: of the estimates, and of the runs."""
    checks, shares = ([each for each in found if isinstance(each, kind)] for kind in (Check, Covered))
    shown = [check for check in checks if check.se > 0]
    estimates = {(f"{check.value:.12g}", f"{check.se:.12g}") for check in shown}
    sure = [check for check in checks if check.se == 0]
    exact, runs = sum(check.near for check in sure), len({share.case.estimate for share in shares})
    chance = sum(CHANCE in of_covered(share) for share in shares)
    return [item(
        f"{len(checks)} rows hold estimates to references. Of {len(shown)} that show an error {len(estimates)} are "
        "different estimates: the others are held to a published figure besides, or say the same in other words. Of "
        f"{len(sure)} that show none {exact} are the reference itself."), item(
        f"{len(shares)} rows of coverage come from {runs} sets of runs, each with seeds of its own. {chance} of the "
        "shares that are as promised are outside 93 to 97 %, by no more than chance.")]


def exceptions(rows):
    """Each reason once, with how many rows have it."""
    known = [excepted(row) for row in rows if not failed([row]) and excepted(row)]
    counts = {each: f"{known.count(each)} row{'s' * (known.count(each) > 1)}" for each in dict.fromkeys(known)}
    return [item(f"{each.text} ({count}).") for each, count in counts.items()]


def show(chapters, out=sys.stdout):
    """Print the page; the exit status is 1 where a row fails."""
    every, lines = [], []
    for title, said, make in chapters:
        print(title, file=sys.stderr)
        found = list(make())
        every, lines = every + found, lines + chapter(title, said, found)
    overall = held(every)
    rows = [*printable(every), overall]
    summary = ["## In short", "", verdicts(rows), "", *repeated(every), "", "Known exceptions:", "", *exceptions(rows)]
    lines = [INTRODUCTION, *summary, *lines, *chapter("All cases together", "", [overall]), "", verdicts(rows)]
    print("\n".join(lines), file=out)
    return int(bool(failed(rows)))
