#!/usr/bin/env bash
# Sets up what is missing, then trains a small network on procedural images. Arguments go to
# `stoker train`:   scripts/quickstart.sh train.epochs=2
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh
exec build/stoker train configs/quickstart.yaml "$@"
