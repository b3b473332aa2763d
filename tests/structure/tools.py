"""What the format and tidy checks share: the files of ours, and a tool of the version they want."""
import pathlib
import re
import shutil
import subprocess

SKIPPED = 77  # CTest's SKIP_RETURN_CODE
# Versions disagree, so scripts/test.sh installs these.
VERSIONS = {"clang-format": "14", "clang-tidy": "23"}


def find_tool(name, top):
    """The path of a clang tool of its version, or None: in .venv, or on PATH."""
    wanted = VERSIONS[name]
    for candidate in (str(top / ".venv/bin" / name), f"{name}-{wanted}", name):
        path = shutil.which(candidate)
        if path:
            said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
            match = re.search(r"version (\d+)\.", said)
            if match and match.group(1) == wanted:
                return path
    return None


def files(top, folders, suffixes):
    return sorted(f for folder in folders for f in (pathlib.Path(top) / folder).rglob("*")
                  if f.suffix in suffixes)
