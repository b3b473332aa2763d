#!/bin/sh
# Training steps on a batch that stays on the device, stoker beside Python PyTorch, eager and compiled.
#   bench/step.sh resnet50 [--device cuda] [--batch 256] [--precision bf16] [--runs 5] [--no-compile]
# STOKER_PYTHON names a Python with torch and torchvision.
set -eu
exec "${STOKER_PYTHON:-python3}" "$(dirname "$0")/step_compare.py" "$@"
