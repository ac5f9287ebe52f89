#!/usr/bin/env bash
# Are all sources as clang-format would have them, and all texts as .editorconfig says? With --fix the sources are made
# so. Ends with 77 (skipped) where there is no clang-format, except under CI, which must have it.
set -u
cd "$(dirname "$0")/.." || exit 1

# Corpora and tables hold what they hold; the manual pages' format wants tabs.
texts() {
    find . -type f -not -path './build*' -not -path './.git/*' -not -path './tests/fuzz/*' -not -path './tests/data/*' -not -path './tests/mutations/*' \
        -not -name '*.pyc' -not -name '*.svg' -print0
}
wrong=$(texts | xargs -0 grep -nIE $'[ \t]+$|\r$' | head -20
    texts | xargs -0 grep -lI $'^ *\t' | grep -v '\.scd$'
    texts | xargs -0 sh -c 'for file; do [ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at its end"; done' sh)
if [ -n "$wrong" ]; then
    echo "not as .editorconfig says:"
    echo "$wrong"
    exit 1
fi

if ! command -v clang-format >/dev/null; then
    echo "clang-format is not installed"
    [[ ${CI:-} == true ]] && exit 1
    exit 77
fi
how=(--dry-run -Werror)
[[ ${1:-} == --fix ]] && how=(-i)
find . -name '*.[ch]' -not -path './build*' -print0 | xargs -0 clang-format "${how[@]}"
