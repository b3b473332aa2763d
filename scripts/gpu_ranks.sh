#!/usr/bin/env bash
# Two ranks on one GPU, in less than four minutes: NCCL refuses that, so gradients go by Gloo from and
# to the GPU. Trains without and with batch norm, evaluates, stops and goes on, and compares with one
# process. Ends with one table and exit status 1 where something failed.
#
#   scripts/gpu_ranks.sh [OUT]
#   DEVICE=cpu scripts/gpu_ranks.sh      the same without a GPU
set -uo pipefail
out=${1:-out/gpu_ranks}
device=${DEVICE:-cuda}
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
stoker=$repository/build/stoker
python=${STOKER_PYTHON:-$repository/.venv/bin/python}
rm -rf "$out"
mkdir -p "$out"
table=$out/table.txt
failed=0

row() { printf '%-28s %s\n' "$1" "$2" >> "$table"; }
check() {  # NAME TEXT COMMAND…: a row that says whether the command succeeded
  local name=$1 text=$2
  shift 2
  if "$@" > "$out/$name.log" 2>&1; then row "$name" "$text"; else
    row "$name" "FAILED with $?: see $out/$name.log"
    failed=1
  fi
}

# The command as rank 0 and as rank 1, as a launcher would start them on one device.
both() {
  local port=$((20000 + RANDOM % 10000)) other status
  RANK=1 WORLD_SIZE=2 LOCAL_RANK=1 LOCAL_WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=$port "$@" &
  other=$!
  RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 LOCAL_WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=$port "$@"
  status=$?
  wait "$other" && [ "$status" -eq 0 ]
}

config=$repository/configs/quickstart.yaml
common=("device=$device" "run.dir=$out/runs" train.precision=fp32 train.epochs=2)
plain=("model={name: mlp, hidden: [64]}" optimizer.groups=[] optimizer.lr=0.05)
check one "one process, two micro-batches" \
  "$stoker" train "$config" "${common[@]}" "${plain[@]}" name=one train.microbatch=128
check two "two ranks" both "$stoker" train "$config" "${common[@]}" "${plain[@]}" name=two
check norms "two ranks, norms over both" \
  both "$stoker" train "$config" "${common[@]}" name=norms train.batch_norm=sync
check divided "two ranks, optimizer divided" both "$stoker" train "$config" "${common[@]}" \
  "${plain[@]}" name=divided dist.shard=optimizer
check stopped "stopped after 20 steps" \
  both "$stoker" train "$config" "${common[@]}" "${plain[@]}" name=cut train.max_steps=20
check resumed "and gone on" \
  both "$stoker" train --resume "$out/runs/cut/1" train.max_steps=60
check eval "evaluation on two ranks" both "$stoker" eval "$out/runs/two/1" "device=$device"
check exchange "" both "$stoker" bench allreduce "$config" "device=$device" --seconds 5
row "exchange" "$(tail -n 1 "$out/exchange.log")"
row "weights" "$("$python" - "$out" <<'PYTHON'
import pathlib, sys
from safetensors.numpy import load_file
runs = pathlib.Path(sys.argv[1]) / "runs"
newest = lambda name: load_file(max((runs / name / "1/checkpoints").glob("step-*")) / "model.safetensors")
one = newest("one")
for name in ("two", "divided"):
    other = newest(name)
    worst = max(abs(one[k] - other[k]).max() / abs(one[k]).max() for k in one)
    print(f"{name}: {worst:.1e} from one process", end="  ")
PYTHON
)"
cat "$table"
exit "$failed"
