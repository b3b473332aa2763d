#!/bin/sh
# Launch to first step and peak memory, stoker beside a minimal Python script.
#   bench/startup.sh DATA [--runs 5] [--json FILE] [key=value …]
# STOKER_PYTHON names a Python with torch and torchvision.
set -eu
exec "${STOKER_PYTHON:-python3}" "$(dirname "$0")/startup_compare.py" "$@"
