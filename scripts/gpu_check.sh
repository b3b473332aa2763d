#!/usr/bin/env bash
# All that needs a GPU, in one call: the gpu tests, CIFAR-10 in each precision, a run that is stopped
# and goes on. Ends with one table; results also go to OUT/gpu_check.txt.
#
#   scripts/gpu_check.sh DATA [OUT]
#
# DATA: CIFAR-10 as train/<class>/* and test/<class>/*. Expects a build in build/ (scripts/setup.sh).
# A part that fails is marked in the table, and the others still run; the exit status is then 1.
set -uo pipefail
data=${1:?usage: scripts/gpu_check.sh DATA [OUT]}
out=${2:-out/gpu_check}
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
stoker=$repository/build/stoker
python=${STOKER_PYTHON:-$repository/.venv/bin/python}
mkdir -p "$out"
table=$out/gpu_check.txt
: > "$table"
failed=0

row() { printf '%-34s %s\n' "$1" "$2" >> "$table"; }

# value FILE KEY: a number of a summary.json, shortened.
value() { "$python" -c 'import json, sys
print(f"{json.load(open(sys.argv[1])).get(sys.argv[2], float("nan")):.5g}")' "$1" "$2"; }

# train NAME OVERRIDE…: one run of configs/cifar10.yaml on the GPU; its row says how it went.
train() {
  local name=$1 summary
  shift
  summary=$out/runs/$name/1/summary.json
  rm -rf "$out/runs/$name"
  if "$stoker" train "$repository/configs/cifar10.yaml" "data.root=$data" device=cuda \
    "run.dir=$out/runs" "name=$name" "$@" > "$out/$name.log" 2>&1; then
    row "$name" "$(value "$summary" images_per_s) img/s, $(value "$summary" train_time_s) s, top1 $(value "$summary" val.top1)"
  else
    row "$name" "FAILED with $?: see $out/$name.log"
    failed=1
  fi
}

row "device" "$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | head -n 1)"
row "stoker" "$("$stoker" --version | head -n 1)"
if ctest --test-dir "$repository/build" -L gpu --output-on-failure > "$out/tests.log" 2>&1; then
  row "gpu tests" "$(grep -E 'tests passed' "$out/tests.log")"
else
  row "gpu tests" "FAILED: see $out/tests.log"
  failed=1
fi
train warmup train.max_steps=20
for precision in bf16 fp16 tf32 fp32; do train "cifar10-$precision" "train.precision=$precision"; done
train cifar10-accumulate train.microbatch=256

train stopped train.max_steps=100
if "$stoker" train --resume "$out/runs/stopped/1" train.max_steps=200 > "$out/resumed.log" 2>&1; then
  row "resume" "$(grep -o 'going on from.*' "$out/resumed.log")"
else
  row "resume" "FAILED: see $out/resumed.log"
  failed=1
fi
cat "$table"
exit "$failed"
