#!/bin/sh
# Runs round_trip.py with the Python of STOKER_PYTHON or of the repository's virtual environment;
# skips (77) where that has no safetensors.
python="${STOKER_PYTHON:-$(dirname "$0")/../../.venv/bin/python}"
if ! "$python" -c 'import safetensors, torch' 2> /dev/null; then
  echo "skipped: no Python with safetensors and torch; STOKER_PYTHON can name one"
  exit 77
fi
exec "$python" "$(dirname "$0")/round_trip.py" "$@"
