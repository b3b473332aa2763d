#!/bin/sh
# Launch to first step and peak memory, stoker beside a minimal Python script.
#   bench/startup.sh DATA [--runs 5] [--json FILE] [key=value …]
# STOKER_PYTHON names a Python with torch and torchvision.
set -eu
cd "$(dirname "$0")/.."
exec "${STOKER_PYTHON:-python3}" bench/startup_compare.py "$@"
