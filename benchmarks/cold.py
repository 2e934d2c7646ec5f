"""The naive script, as one would write it: from a cold shell to the printed tables.

    python -m benchmarks.cold SAMPLES
"""

import sys

from .peers import naive
from .problem import BUILDS, OUTPUTS

if __name__ == "__main__":
    found = naive()(int(sys.argv[1]), 0)
    for output, rows in zip(OUTPUTS, found.quantiles, strict=True):
        for build, row in zip(BUILDS, rows, strict=True):
            print(f"{output:24}{build:14}", *(f"{value:12.5g}" for value in row))
    for table in found[1:]:
        print(table)
