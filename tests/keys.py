#!/usr/bin/env python3
"""Has every key that says who is served where a test of its effect?

usage: tests/keys.py

Each key of the maps below, in agent/conf/keys.def, has a line in tests/data/keys.tsv: map, key, file, test. The test must be there;
that it shows what the key does, and not only that it is read, is the word of whoever wrote the line."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAPS = """SCREEN RATE POOL RETRY MEMBER USERS BINDINGS DERIVE SUBSCRIBERS POLICY CONDITION ACTION ROUTE REDIRECTS REDIRECT""".split()
OF_PEERS = ["applications", "screen", "rate"]
KEY = re.compile(r'^(?:KEY  |RANGE|WORDS)\( (\w+), +"(\w+)"', re.M)


def keys():
    text = (ROOT / "agent" / "conf" / "keys.def").read_text(encoding="utf-8")
    return [(where, key) for where, key in KEY.findall(text) if where in MAPS or (where == "PEER" and key in OF_PEERS)]


def main():
    lines = (ROOT / "tests" / "data" / "keys.tsv").read_text(encoding="utf-8").splitlines()
    shown = {}
    wrong = []
    for where, key, file, test in (line.split("\t") for line in lines if not line.startswith("#")):
        shown[where, key] = test
        path = ROOT / "tests" / file
        if not path.is_file() or not re.search(rf"\b{test}\b", path.read_text(encoding="utf-8")):
            wrong.append(f"{where} {key}: {file} has no test {test}")
    wrong += [f"{where} {key}: no test of its effect" for where, key in keys() if (where, key) not in shown]
    wrong += [f"{where} {key}: no such key" for where, key in shown if (where, key) not in keys()]
    for line in wrong:
        print(f"tests/data/keys.tsv: {line}")
    return 1 if wrong else 0


sys.exit(main())
