#!/usr/bin/env bash
# From a fresh Debian 12 or Ubuntu 24.04 to build/stoker: system packages, LibTorch, CUDA's compiler,
# build. Run it again at any time: what is there is left alone, what was interrupted goes on.
#
#   scripts/setup.sh
#   STOKER_CUDA=OFF scripts/setup.sh           for the CPU alone (downloads 0.6 GB instead of 2.5)
#   STOKER_OPENCV=OFF scripts/setup.sh         reads no BMP and no PNM
#   STOKER_TORCH_DIR=~/libtorch scripts/setup.sh   with a LibTorch you have: the torch folder of a
#                                              wheel or the libtorch folder of an unpacked zip
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/common.sh

cuda=$(on_or_off STOKER_CUDA ON)
opencv=$(on_or_off STOKER_OPENCV ON)
torch_version=2.11.0
cuda_version=13.0.2  # of the toolkit on PyPI that this LibTorch was built with

system_packages() {
  local wanted=(g++ git ca-certificates python3 python3-venv ccache mold catch2 fonts-dejavu-core
    libarchive-dev libboost-dev libcli11-dev libcurl4-openssl-dev libfmt-dev libfreetype-dev libgif-dev
    libgloo-dev libjpeg-dev libpng-dev libraqm-dev libspdlog-dev libsqlite3-dev libssl-dev libtiff-dev
    libwebp-dev libxxhash-dev libyaml-cpp-dev nlohmann-json3-dev libprotozero-dev zlib1g-dev)
  [ "$opencv" = OFF ] || wanted+=(libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev)
  if ! command -v dpkg-query > /dev/null; then
    say "This is no Debian or Ubuntu. Needed, under the names they have there: ${wanted[*]}"
    return
  fi
  local installed missing=() package
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2> /dev/null || true)
  for package in "${wanted[@]}"; do
    grep -qx "$package installed" <<< "$installed" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo > /dev/null && { [ -t 0 ] || sudo -n true 2> /dev/null; }; then
      sudo -v || fail "sudo refused"
      root=(sudo)
    else
      fail "Some packages are missing. As root, run this, then scripts/setup.sh again:
  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    fi
  fi
  local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300
    -o Dpkg::Use-Pty=0 -qq)
  step "Finishing package installations that were interrupted" "${root[@]}" dpkg --configure -a
  step "Reading the package lists" "${apt[@]}" update
  step "Installing ${#missing[@]} system packages and what they need" \
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
}

# The nvcc of the machine, if its CUDA is of LibTorch's major version: sets `nvcc`, else leaves it "".
find_nvcc() {
  nvcc=
  local candidate release
  for candidate in "${CUDACXX:-}" "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" "$(command -v nvcc || true)" \
    /usr/local/cuda/bin/nvcc; do
    [ -x "$candidate" ] || continue
    release=$("$candidate" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
    if [ "${release%%.*}" = "${cuda_version%%.*}" ]; then
      nvcc=$candidate
      return
    fi
    say "$candidate is of CUDA $release; LibTorch wants ${cuda_version%%.*}: taking PyPI's compiler"
  done
}

# Fills .venv. The stamp is written last, so that an interrupted installation is taken up again.
python_packages() {
  local tools=("cmake>=4,<5" ninja jsonschema nvidia-nvml-dev==13.5.37)
  local libraries=() alone=()
  if [ -z "${STOKER_TORCH_DIR:-}" ]; then
    if [ "$cuda" = ON ]; then
      libraries+=("torch==$torch_version")
    else  # of CUDA, the CPU part of the wheel only opens these two libraries
      alone+=("torch==$torch_version")
      libraries+=("cuda-toolkit[cudart,cupti]==$cuda_version")
    fi
  fi
  if [ "$cuda" = ON ] && [ -z "$nvcc" ]; then
    libraries+=("cuda-toolkit[nvcc,cccl,cudart]==$cuda_version" nvidia-cuda-crt==13.0.88
      nvidia-nvvm==13.0.88)
  fi
  local python stamp
  python=$(command -v python3) || fail "python3 is missing"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$python is older than Python 3.10, which LibTorch's wheel needs"
  stamp=$("$python" --version; printf '%s\n' "$PWD" "${tools[@]}" "${libraries[@]}" "${alone[@]}")
  if [ "$(cat "$venv/.installed" 2> /dev/null)" = "$stamp" ]; then
    return
  fi
  local pip=("$venv/bin/python" -m pip --disable-pip-version-check install --retries 10)
  rm -f "$venv/.installed"
  step "Making the virtual environment .venv" "$python" -m venv "$venv"
  step "Installing CMake, Ninja and what tests need of the build" "${pip[@]}" "${tools[@]}"
  [ ${#alone[@]} -eq 0 ] ||
    step "Installing LibTorch (0.5 GB, about a minute)" "${pip[@]}" --no-deps "${alone[@]}"
  local title="Installing CUDA's libraries and compiler"
  [ "$cuda" = ON ] || title="Installing the two libraries of CUDA that LibTorch's CPU part opens"
  [[ "${libraries[*]:-}" != *torch==* ]] ||
    title="Installing LibTorch with CUDA's libraries (2.5 GB, some minutes)"
  [ ${#libraries[@]} -eq 0 ] || step "$title" "${pip[@]}" "${libraries[@]}"
  printf '%s\n' "$stamp" > "$venv/.installed"
}

build_stoker() {
  local packages arguments
  packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
  local torch=${STOKER_TORCH_DIR:-$packages/torch}
  [ -e "$torch/lib/libtorch_cpu.so" ] ||
    fail "STOKER_TORCH_DIR=$torch has no lib/libtorch_cpu.so: name the torch folder of a wheel or the
libtorch folder of an unpacked zip"
  arguments=(-DCMAKE_BUILD_TYPE=Release -DSTOKER_CUDA="$cuda" -DSTOKER_OPENCV="$opencv"
    -DSTOKER_UNITY="$(on_or_off STOKER_UNITY ON)"
    -DSTOKER_TORCH_DIR="$(realpath "$torch")" -DPython3_EXECUTABLE="$venv/bin/python")
  if [ "$cuda" = ON ]; then
    local compiler=${nvcc:-$packages/nvidia/cu13/bin/nvcc}
    arguments+=(-DCMAKE_CUDA_COMPILER="$compiler"
      -DCUDAToolkit_ROOT="$(dirname "$(dirname "$(realpath "$compiler")")")")
  fi
  configure build "${arguments[@]}"
  build build stoker
}

system_packages
nvcc=
[ "$cuda" = OFF ] || find_nvcc
python_packages
build_stoker
say "Ready: build/stoker"
