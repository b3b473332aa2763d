#!/bin/sh
# python.sh PYTHON "MODULE…" SCRIPT ARGUMENT…: runs a script with PYTHON, or with the environment's
# STOKER_PYTHON; skips (77) where that lacks one of the modules.
python="${STOKER_PYTHON:-$1}"
modules=$2
shift 2
for module in $modules; do
  if ! "$python" -c "import $module" > /dev/null 2>&1; then
    echo "skipped: $python has no $module; the environment's STOKER_PYTHON can name another Python"
    exit 77
  fi
done
exec "$python" "$@"
