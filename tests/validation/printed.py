"""The reference document's Tables 3, 4, 6 and 7, as it prints them, beside a run of the study `reference-tables`.

Benally, "GPGPU Comparison for Local AI & Scientific Computing", 17 December 2025: 114 numbers. The study's inputs are
constants, so that no figure has an error: each has to be the printed one at the printed decimals, which is to be within
half a unit of the last. The columns are the document's. Table 3: units, leftover budget, AI peak, FP32 peak, memory,
bandwidth (the Spark's FP32 is not printed); Table 4: AI per USD and per kW, FP32 per kW, GB per USD, GB/s per W;
Table 6: IT kW, facility kW, kWh of 8 hours, kWh of batteries, Powerwalls; Table 7: CapEx in the three scenarios, as the
document counts it, of the whole budget (`capex_reference`; `capex` is what is spent).
"""

from table import Known, Row
from test_reference_tables import BUILDS, MISPRINT, PRINTED, RIGHT, as_printed

import uncertainty as un

WRONG = Known("a misprint", """the document prints 110.85 kWh for 37 DGX Sparks of 0.240 kW at a PUE of 1.56: 8 hours of
    them are 110.8224 kWh, and the 136.82 kWh of batteries that it prints beside follow from that, by 0.9 x 0.9""")


def place(number):
    """Row of a table that a printed number is in; the misprint is by itself."""
    table, build, scenario = number[:3]
    where = f"{table}, {build}" if table != "Table 6" else f"{table}, {build}, {scenario}"
    return f"{where}, kWh of 8 hours" if number[:4] == MISPRINT else where


def ours(means, number):
    _, build, scenario, output, precision, unit, text = number
    value = means[output].sel(build=BUILDS[build], scenario=scenario)
    return as_printed((value.sel(precision=precision) if precision else value).item() / unit, text)


def cases():
    means = un.run(un.load("reference-tables")).means
    rows = {}
    for number in PRINTED:
        rows.setdefault(place(number), []).append(number)
    for where, numbers in rows.items():
        texts, found = [number[-1] for number in numbers], [ours(means, number) for number in numbers]
        wrong = numbers[0][:4] == MISPRINT
        yield Row(where, "printed", "; ".join(texts), "; ".join(found), found == ([RIGHT] if wrong else texts),
                  WRONG if wrong else None)
