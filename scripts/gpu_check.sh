#!/usr/bin/env bash
# All that needs a GPU, in one call: the gpu tests, CIFAR-10 in each precision, a run that is stopped
# and goes on, training steps beside Python PyTorch, a profile. Ends with one table; results also go to
# OUT/gpu_check.txt.
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

# compare MODEL BATCH: our step beside PyTorch's, eager and compiled.
compare() {
  local model=$1 batch=$2 line
  if STOKER_PYTHON=$python "$repository/bench/step.sh" "$model" --device cuda --batch "$batch" \
    --stoker "$stoker" --json "$out/step-$model.json" > "$out/step-$model.log" 2>&1; then
    while read -r line; do row "step $model" "$line"; done < <(tail -n +2 "$out/step-$model.log")
  else
    row "step $model" "FAILED: see $out/step-$model.log"
    failed=1
  fi
}

# Where a step's time goes on the device, if Nsight Systems is there.
profile() {
  command -v nsys > /dev/null || { row "profile" "left out: no nsys"; return; }
  nsys profile --force-overwrite=true -o "$out/profile" "$stoker" train \
    "$repository/configs/cifar10.yaml" "data.root=$data" device=cuda "run.dir=$out/runs" \
    name=profile train.max_steps=60 > "$out/profile.log" 2>&1 &&
    nsys stats --report cuda_gpu_kern_sum "$out/profile.nsys-rep" > "$out/profile.txt" 2>&1 &&
    row "profile" "$out/profile.txt"
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
compare airbench 1024
compare resnet50 256
profile
cat "$table"
exit "$failed"
