#!/usr/bin/env bash
# Under construction.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --workflow --preset dev
