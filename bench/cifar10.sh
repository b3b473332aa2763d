#!/bin/sh
# CIFAR-10 with airbench, stoker beside the same training in Python PyTorch.
#   bench/cifar10.sh DATA [--epochs 10] [--max-steps 12] [--runs 5] [--cache FOLDER] [--json FILE]
#       [key=value …]
# STOKER_PYTHON names a Python with torch and Pillow.
set -eu
exec "${STOKER_PYTHON:-python3}" "$(dirname "$0")/cifar10_compare.py" "$@"
