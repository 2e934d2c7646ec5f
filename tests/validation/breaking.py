"""Ways to break a file: its tables, as somebody mistaken would, or its bytes, as a bad disk would.

All take a `random.Random`, hypothesis's too, and are the same for the same one.
"""

import copy
import datetime
import json
import math
import re

NASTY = (
    math.nan, math.inf, -math.inf, 0, -0.0, -1, 1, 2**63, 10**400, -(10**400), 1e308, -1e308, 5e-324, 0.5, 1e9, True,
    "", "x", "nan", "1e3", "\x1b[31m\x07", "\u202e\u009b", "../../etc/passwd", "/etc/passwd", "con", ".", "é日本",
    "x" * 3000, "<script>alert(1)</script>", "{{ 1 }}", "%s%n", [], {}, [[]], [{}], [1], [1, 1], ["x", "x"], [None],
    [math.nan], {"a": 1},
    {"": {"": 1}}, {"value": {}}, {"missing": 1}, {"missing": "x"}, {"dist": "uniform"}, {"dist": []},
    {"dist": "pert", "low": 3, "mode": 2, "high": 1, "source": "s"},
    {"dist": "normal", "mean": 0, "std": 1e308, "source": "s"},
    {"dist": "normal", "mean": 1, "std": -1, "source": "s"}, {"dist": "lognormal", "p5": 2, "p95": 1, "source": "s"},
    {"dist": "discrete", "values": [1, 2], "probabilities": [1], "source": "s"},
    {"dist": "empirical", "file": "../quotes.csv", "column": "price", "source": "s"},
    {"dist": "empirical", "file": "", "source": "s"}, {"dist": "empirical", "values": [], "source": "s"},
    {"dist": "uniform", "low": 1.1, "high": 1.1 + 1e-16, "source": "s"},
    {"dist": "beta", "a": 1e-300, "b": 1e300, "source": "s"},
    datetime.date(2026, 11, 1), datetime.time(1, 2), datetime.datetime(2026, 11, 1))
SPLICED = (b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\x1b[2J", b"\x7f", b'"""', b"[[", b"]", b"= = 1\n",
           b"'", b"\xc2\x9b", b"{", b"#", b"\xed\xa0\x80", b"\\u12", b"1" * 5000, b"[" * 2000, b"\n[inputs]\n", b"\x1a")


def toml(value):
    """A value as TOML; of a table the inside of an inline one."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value).lower() if value is not None else '"None"'


def _text(text):
    return re.sub("[\x7f-\x9f]", lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))


def file(tables):
    """Tables as a TOML file, a line for each key at the top."""
    return "\n".join(f"{_text(key)} = {toml(value)}" for key, value in tables.items()) + "\n"


def places(value, above=()):
    """The way to everything in tables, themselves left out."""
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*above, key)
        yield from places(one, (*above, key))


def broken(tables, random):
    """A copy of tables with a few things wrong, or one that is not; and what was done to them."""
    tables, done = copy.deepcopy(tables), []
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        where = list(places(tables))
        if where:
            done.append(_break(tables, random.choice(where), random))
    return tables, "; ".join(done)


def _break(tables, way, random):
    inside, key = tables, way[-1]
    for part in way[:-1]:
        inside = inside[part]
    kind = random.choice(["remove", "rename", "replace", "replace", "replace", "swap", "scale", "wrap", "add", "move"])
    if kind == "remove":
        del inside[key]
    elif kind == "rename" and isinstance(inside, dict):
        inside[random.choice([f"{key}x", str(key)[:-1], "", "x" * 100, "\x1b[1m", "é", "."])] = inside.pop(key)
    elif kind == "swap":
        other = random.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
        inside[key], inside[other] = inside[other], inside[key]
    elif kind == "scale" and isinstance(inside[key], int | float):
        inside[key] *= random.choice([-1, 0, 10, 1e6, 1e300, 1e-300])
    elif kind == "wrap":
        inside[key] = random.choice([[inside[key]], {"value": inside[key]}, {str(key): inside[key]}, str(inside[key])])
    elif kind == "move":
        tables[str(key)] = copy.deepcopy(inside[key])
    elif kind == "add":
        extra = copy.deepcopy(random.choice(NASTY))
        inside.update({"x": extra}) if isinstance(inside, dict) else inside.append(extra)
    else:
        inside[key] = copy.deepcopy(random.choice(NASTY))
    return f"{kind} {'.'.join(map(str, way))}"


def damaged(content, random):
    """Bytes with a few flipped, cut out, doubled or put in."""
    content = bytearray(content)
    for _ in range(random.choice([1, 1, 2, 5])):
        at, length = random.randrange(len(content) + 1), random.choice([1, 2, 10, 300])
        kind = random.choice(["flip", "set", "cut", "double", "splice", "end"])
        if kind == "flip" and at < len(content):
            content[at] ^= 1 << random.randrange(8)
        elif kind == "set" and at < len(content):
            content[at] = random.randrange(256)
        elif kind == "cut":
            del content[at : at + length]
        elif kind == "double":
            content[at:at] = content[at : at + length]
        elif kind == "splice":
            content[at:at] = random.choice(SPLICED)
        elif kind == "end":
            del content[at:]
    return bytes(content)
