#!/usr/bin/env bash
# All comparisons that need no GPU, one after another on a machine that does nothing else; what each
# prints goes to OUT/<name>.log and, in the end, to standard output.
#
#   bench/cpu_check.sh CIFAR PHOTOS OUT [PART…]
#
# CIFAR: CIFAR-10 as JPEGs, train/<class>/* and test/<class>/*. PHOTOS: a folder of JPEGs, which
# become the classes a and b in turn where classes are needed. Expects a build with -DSTOKER_BENCH=ON in build/, or in BUILD.
# STOKER_PYTHON: one with torch, torchvision, Pillow, safetensors and nvidia-dali; FFCV_PYTHON: one
# with ffcv. Parts, all by default: checkpoint weights startup input packed loader cifar10 whole
# (whole: CIFAR-10 at full length, half an hour).
# A part that fails is named, and the others still run; the exit status is then 1.
set -uo pipefail
usage="usage: bench/cpu_check.sh CIFAR PHOTOS OUT [PART…]"
cifar=$(realpath "${1:?$usage}")
photos=$(realpath "${2:?$usage}")
out=${3:?$usage}
shift 3
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD:-$repository/build}
export STOKER_PYTHON=${STOKER_PYTHON:-python3}
mkdir -p "$out"
out=$(realpath "$out")
cd "$repository" || exit 1

# PHOTOS as train/{a,b} and val/{a,b}, linked.
classes=$out/classes
rm -rf "$classes"
mkdir -p "$classes"/train/{a,b}
find "$photos" -maxdepth 1 -type f | sort | awk '{ print (NR % 2 ? "a" : "b"), $0 }' |
  while read -r class file; do ln -s "$file" "$classes/train/$class/"; done
ln -s train "$classes/val"

checkpoint() {  # beside steps of training, and every 100 steps of CIFAR-10
  "$build/bench/checkpoint_bench" "$out/disk" resnet50 &&
    "$build/bench/checkpoint_bench" "$out/disk" airbench
}
weights() { "$STOKER_PYTHON" bench/weights_load_compare.py "$build/bench/weights_load"; }
startup() { bench/startup.sh "$classes" --val val --stoker "$build/stoker"; }
input() { "$STOKER_PYTHON" bench/input_compare.py "$photos" --bench "$build/bench/loader_bench"; }
packed() {
  "${FFCV_PYTHON:-$STOKER_PYTHON}" bench/packed_compare.py "$photos" --build "$build" \
    --peer-python "${FFCV_PYTHON:-$STOKER_PYTHON}"
}
loader() {
  "$build/stoker" bench loader configs/cifar10.yaml "data.root=$cifar" --rounds 5 --seconds 3 &&
    "$build/stoker" bench loader configs/imagenette.yaml "data.root=$classes" data.cache=none \
      train.batch_size=32 --rounds 5 --seconds 5
}
cifar10() { bench/cifar10.sh "$cifar" --stoker "$build/stoker" --max-steps 12 --runs 5; }
whole() { bench/cifar10.sh "$cifar" --stoker "$build/stoker" --max-steps 0 --runs 1; }

[ $# -gt 0 ] || set -- checkpoint weights startup input packed loader cifar10 whole
failed=""
for part in "$@"; do
  echo "== $part ($(date -u +%H:%M:%S), load $(cut -d ' ' -f 1 /proc/loadavg))" | tee "$out/$part.log"
  "$part" >> "$out/$part.log" 2> "$out/$part.err" || failed="$failed $part"
  tail -n +2 "$out/$part.log"
done
if [ -n "$failed" ]; then
  echo "failed:$failed; see $out/*.err"
  exit 1
fi
