# shellcheck shell=bash
# What the scripts share: where things are, and steps that say how long they take.
# Sourced by them with the top of the repository as the working directory.

venv=$PWD/.venv
log=$PWD/build/setup.log
mkdir -p build

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# step TITLE COMMAND…: runs it with its output in the log, and says every 20 s that it goes on. A
# failure shows the end of the log.
step() {
  local title=$1 begin=$SECONDS status=0 heart
  shift
  say "$title …"
  (while sleep 20; do say "$title: still at it after $((SECONDS - begin)) s"; done) &
  heart=$!
  trap 'kill $heart 2>/dev/null || true; exit 130' INT TERM
  printf '\n== %s: %s\n' "$title" "$*" >> "$log"
  "$@" >> "$log" 2>&1 < /dev/null || status=$?
  kill "$heart" 2>/dev/null || true
  wait "$heart" 2>/dev/null || true
  trap - INT TERM
  if [ "$status" -ne 0 ]; then
    tail -n 30 "$log" >&2
    fail "$title failed (exit $status). All of the output is in $log; run the script again to go on."
  fi
  say "$title: done in $((SECONDS - begin)) s"
}

# Compilers at once: one a processor, but no more than the memory holds at 2 GiB each.
jobs_at_once() {
  local cpus memory
  cpus=$(nproc)
  memory=$(awk '/^MemAvailable/ { print int($2 / 2097152) }' /proc/meminfo)
  echo $((memory < 1 ? 1 : memory < cpus ? memory : cpus))
}

# on_or_off NAME DEFAULT: the switch in the environment variable NAME, as ON or OFF.
on_or_off() {
  local value=${!1:-$2}
  case ${value^^} in
    ON | 1 | YES | TRUE) echo ON ;;
    OFF | 0 | NO | FALSE) echo OFF ;;
    *) fail "$1=$value: ON or OFF is expected" ;;
  esac
}

# configure FOLDER ARGUMENT…: CMake, unless the folder was configured with the same arguments.
configure() {
  local folder=$1 stamp
  shift
  stamp=$(printf '%s\n' "$PWD" "$@")
  if [ -e "$folder/build.ninja" ] && [ "$(cat "$folder/.configured" 2>/dev/null)" = "$stamp" ]; then
    return
  fi
  rm -f "$folder/.configured"
  step "Configuring $folder" "$venv/bin/cmake" --fresh -S . -B "$folder" -G Ninja \
    -DCMAKE_MAKE_PROGRAM="$venv/bin/ninja" "$@"
  printf '%s\n' "$stamp" > "$folder/.configured"
}

# build FOLDER TARGET…
build() {
  local folder=$1
  shift
  say "Building $folder ($*) with $(jobs_at_once) jobs"
  NINJA_STATUS='[%f/%t, %es] ' "$venv/bin/cmake" --build "$folder" -j "$(jobs_at_once)" --target "$@"
}
