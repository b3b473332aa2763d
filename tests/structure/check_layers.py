#!/usr/bin/env python3
"""Fails when a room of the source tree reaches upward, or takes a library that is not for it.

    check_layers.py [TOP]

lib/stoker/CMakeLists.txt has the one list of rooms, from the bottom up. What is checked:
  - it lists every room, and docs/architecture.md names each;
  - a room includes, and links, only rooms that are listed before it, and links what it includes;
  - torch stays out of the rooms of its first list and out of every .cu file;
  - yaml-cpp is included by one file of config, CLI11 by apps, OpenCV by its one module.
"""
import pathlib
import re
import sys

SOURCES = {".h", ".cpp", ".cu", ".cuh", ".in"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
TORCH = re.compile(r"^(torch|ATen|c10|caffe2)/")


def sources(folder):
    return sorted(f for f in folder.rglob("*") if f.is_file() and f.suffix in SOURCES)


def includes(file):
    """Pairs of line number and included path."""
    text = file.read_text(encoding="utf-8", errors="replace")
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(1)) + 1, match.group(1)


def listed_rooms(top):
    """The rooms in the order of lib/stoker/CMakeLists.txt: below LibTorch, and all."""
    text = re.sub(r"#.*", "", (top / "lib/stoker/CMakeLists.txt").read_text())
    lists = re.findall(r"(?:set\(rooms|list\(APPEND rooms)\s+([^)]*)\)", text)
    below, *above = [words.split() for words in lists]
    return below, below + [room for rooms in above for room in rooms]


def linked_rooms(folder):
    """What a room's CMakeLists.txt links: pairs of room and whether its users get it too."""
    file = folder / "CMakeLists.txt"
    if not file.exists():
        return {}
    links, public = {}, True
    for word in re.findall(r"[^\s()]+", re.sub(r"#.*", "", file.read_text())):
        if word in ("PUBLIC", "PRIVATE", "INTERFACE"):
            public = word != "PRIVATE"
        elif word.startswith("stoker::"):
            room = word.removeprefix("stoker::")
            links[room] = links.get(room, False) or public
    return links


def reachable(room, links):
    """Rooms whose headers `room` sees: those it links and what these pass on."""
    seen, open_ = set(), list(links.get(room, {}))
    while open_:
        other = open_.pop()
        if other not in seen:
            seen.add(other)
            open_ += [r for r, public in links.get(other, {}).items() if public]
    return seen


def check_names(top, rooms, folders):
    for room in folders:
        if room not in rooms:
            yield f"lib/stoker/{room}: not in the list of rooms in lib/stoker/CMakeLists.txt"
    picture = top / "docs/architecture.md"
    text = picture.read_text() if picture.exists() else None
    for room in rooms:
        if text is not None and not re.search(rf"^(?:\w+ {{2,}})?{room} |\s{room} {{2,}}", text, re.MULTILINE):
            yield f"docs/architecture.md: its picture of the rooms lacks {room}"


def check_links(rooms, links):
    for room, linked in links.items():
        for other in linked:
            if other in rooms and rooms.index(other) >= rooms.index(room):
                yield f"lib/stoker/{room}/CMakeLists.txt: links {other}, which is not below it"


def check_room_include(place, room, path, rooms, seen):
    other = path.split("/")[1]
    if other == room or other not in rooms:
        return
    if rooms.index(other) > rooms.index(room):
        yield f"{place}: {room} includes {path}, but {other} is not below {room}"
    elif other not in seen:
        yield f"{place}: {room} includes {path}, but its CMakeLists.txt does not link stoker::{other}"


def check_libraries(place, file, room, below, path):
    """room: None in apps. below: the rooms without LibTorch."""
    if TORCH.match(path) and (room in below or file.suffix in (".cu", ".cuh")):
        what = "a .cu file" if file.suffix.startswith(".cu") else f"{room}, which is below LibTorch,"
        yield f"{place}: {what} includes {path}"
    if path.startswith("yaml-cpp/") and room != "config":
        yield f"{place}: only config includes yaml-cpp"
    if path.startswith("CLI/") and room is not None:
        yield f"{place}: only apps includes CLI11"
    if path.startswith("opencv") and not file.name.startswith("opencv_module"):
        yield f"{place}: only decode/opencv_module.cpp includes OpenCV"


def check(top):
    library = top / "lib/stoker"
    below, rooms = listed_rooms(top)
    folders = sorted(f.name for f in library.iterdir() if f.is_dir() and sources(f))
    links = {room: linked_rooms(library / room) for room in rooms}
    yield from check_names(top, rooms, folders)
    yield from check_links(rooms, links)
    yaml_files = set()
    for file in sources(top / "lib") + sources(top / "apps"):
        relative = file.relative_to(top)
        room = relative.parts[2] if relative.parts[0] == "lib" and len(relative.parts) > 3 else None
        if room is not None and room not in rooms:
            continue
        for line, path in includes(file):
            place = f"{relative}:{line}"
            if path.startswith("yaml-cpp/"):
                yaml_files.add(str(relative))
            if path.startswith(".."):
                yield f"{place}: includes {path}; write \"stoker/<room>/<file>\""
            if room is not None and path.startswith("stoker/"):
                yield from check_room_include(place, room, path, rooms, reachable(room, links))
            yield from check_libraries(place, file, room, below, path)
    if len(yaml_files) > 1:
        yield "yaml-cpp is included by more than one file: " + ", ".join(sorted(yaml_files))


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    problems = list(check(top))
    print("\n".join(problems) if problems else "every arrow points down")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
