#!/usr/bin/env python3
"""Breaks one behaviour after the other on purpose, and looks whether its test goes red.

usage: tests/mutate.py [NAME-PART]...     all of tests/mutations/, or those whose names contain a part
       tests/mutate.py --check            builds nothing: does each patch fit the sources still?

A mutation is a patch below a sentence and a line `test: PROGRAM FILTER`. Each is tried in a copy of the tree under
build/mutate/: the test must pass there before, fail with the patch, and the patch must still build. Exit 0 only if
every mutation is caught."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLACE = ROOT / "build" / "mutate"
TREE = PLACE / "tree"
BUILD = PLACE / "build"
TEST_LIMIT = 300  # seconds; a behaviour that is broken may show as a test that never ends


class Mutation:
    def __init__(self, path):
        text = path.read_text(encoding="utf-8")
        self.path, self.name = path, path.stem
        self.sentence = text.splitlines()[0]
        self.program, self.filter = re.search(r"^test: (\S+) (\S+)$", text, re.M).groups()


def copy_tree():
    """What git knows of, as it lies here. Only what differs is written: the copy's build looks at the times of files."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    names = {name for name in files.decode().split("\0") if name and (ROOT / name).is_file()}
    for path in TREE.rglob("*"):
        if path.is_file() and str(path.relative_to(TREE)) not in names:
            path.unlink()
    for name in names:
        source, copy = ROOT / name, TREE / name
        if copy.is_file() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        shutil.copymode(source, copy)


def build(targets):
    """The output of a failed build, or None."""
    run = subprocess.run(["cmake", "--build", BUILD, "--target", *targets], capture_output=True, text=True)
    return None if run.returncode == 0 else run.stdout + run.stderr


def configure():
    subprocess.run(["cmake", "--preset", "dev", "-B", BUILD, "-DANTIPODE_WERROR=OFF"], cwd=TREE, check=True,
                   stdout=subprocess.DEVNULL)


def passes(mutation):
    """Does its test pass? A filter that finds no test at all is a mistake of the mutation."""
    with tempfile.TemporaryDirectory(prefix="mutate-") as results:
        command = [TREE / "tests" / "run_one.sh", BUILD / "tests" / mutation.program, "--filter=" + mutation.filter]
        try:
            run = subprocess.run(command, env={**os.environ, "RESULTS": results}, capture_output=True, text=True,
                                 timeout=TEST_LIMIT)
        except subprocess.TimeoutExpired:
            return False
        if "Tested: 0" in run.stdout + run.stderr:
            sys.exit(f"{mutation.name}: {mutation.filter} is no test of {mutation.program}")
        return run.returncode == 0


def patch(mutation, *more):
    run = subprocess.run(["patch", "-p1", "-s", "-F3", *more, "-i", mutation.path], cwd=TREE, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{mutation.name}: does not fit the sources any more\n{run.stdout}{run.stderr}")


def check(mutations):
    """Those that do not fit, as patch says it."""
    command = ["patch", "-p1", "-s", "-F3", "-N", "--dry-run", "-i"]
    runs = [(m, subprocess.run([*command, m.path], cwd=ROOT, capture_output=True, text=True)) for m in mutations]
    for mutation, run in runs:
        if run.returncode:
            print(f"{mutation.name}: does not fit the sources any more\n{run.stdout}{run.stderr}")
    return int(any(run.returncode for _, run in runs))


def is_caught(mutation):
    """Builds it and runs its test. None where all is well, else what is not."""
    targets = [mutation.program] + (["antipode"] if mutation.program.startswith("lab_") else [])
    patch(mutation)
    wrong = build(targets)
    if wrong:
        return "does not build\n" + wrong[-2000:]
    survived = passes(mutation)
    patch(mutation, "-R")
    return "survived: no test went red" if survived else None


def main():
    parts = sys.argv[1:]
    mutations = [Mutation(path) for path in sorted((ROOT / "tests" / "mutations").glob("*.patch"))]
    if parts == ["--check"]:
        return check(mutations)
    mutations = [m for m in mutations if not parts or any(part in m.name for part in parts)]
    copy_tree()
    configure()
    wrong = build(sorted({m.program for m in mutations} | {"antipode"}))
    if wrong:
        sys.exit(wrong[-4000:])
    for mutation in {(m.program, m.filter): m for m in mutations}.values():
        if not passes(mutation):
            sys.exit(f"{mutation.name}: {mutation.filter} fails without any mutation")
    caught = 0
    for mutation in mutations:
        fault = is_caught(mutation)
        caught += fault is None
        print(f"{'caught  ' if fault is None else 'NOT     '} {mutation.name}: {mutation.sentence}", flush=True)
        if fault:
            print("         " + fault, flush=True)
            copy_tree()
    print(f"{caught} of {len(mutations)} caught")
    return 0 if mutations and caught == len(mutations) else 1


sys.exit(main())
