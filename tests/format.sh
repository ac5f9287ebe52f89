#!/usr/bin/env bash
# Are all sources as clang-format would have them? With --fix they are made so. Ends with 77 (skipped) where
# there is no clang-format, except under CI, which must have it.
set -u
cd "$(dirname "$0")/.." || exit 1
if ! command -v clang-format >/dev/null; then
    echo "clang-format is not installed"
    [[ ${CI:-} == true ]] && exit 1
    exit 77
fi
how=(--dry-run -Werror)
[[ ${1:-} == --fix ]] && how=(-i)
find . -name '*.[ch]' -not -path './build*' -print0 | xargs -0 clang-format "${how[@]}"
