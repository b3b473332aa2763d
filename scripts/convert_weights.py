#!/usr/bin/env python3
"""Turns weights that torch.save wrote (.pth, .pt, .ckpt) into safetensors, which stoker reads.

    python scripts/convert_weights.py resnet50.pth resnet50.safetensors
    python scripts/convert_weights.py last.ckpt resnet50.safetensors --key state_dict --prefix model.

Needs the packages torch and safetensors. The file is opened with torch.load(weights_only=True),
which runs no code of it; one that holds more than tensors and plain values is refused.
"""

import argparse
import pathlib
import sys

import torch
from safetensors.torch import save_file

# Where training programs put the weights among other things.
USUAL_KEYS = ("state_dict", "model", "model_state_dict", "weights", "net")


def is_state_dict(value):
    return isinstance(value, dict) and bool(value) and all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in value.items())


def find_state_dict(content, key):
    """The dictionary of tensors in what was loaded."""
    if key is not None:
        for part in key.split("/"):
            if not isinstance(content, dict) or part not in content:
                sys.exit(f"error: no {part!r} in the file: {describe(content)}")
            content = content[part]
    elif not is_state_dict(content) and isinstance(content, dict):
        found = [name for name in USUAL_KEYS if is_state_dict(content.get(name))]
        if len(found) > 1:
            sys.exit(f"error: several sets of weights: {', '.join(found)}. Name one with --key.")
        if found:
            print(f"weights under {found[0]!r}")
            content = content[found[0]]
    if not is_state_dict(content):
        sys.exit(f"error: no dictionary of tensors: {describe(content)}. Name its key with --key; "
                 "outer/inner reaches further in.")
    return content


def describe(content):
    if isinstance(content, dict):
        return f"it has the keys {', '.join(map(repr, list(content)[:12]))}"
    return f"it is a {type(content).__name__}"


def with_prefix(state, prefix):
    """The tensors whose names begin with prefix, without it."""
    kept = {name[len(prefix):]: tensor for name, tensor in state.items() if name.startswith(prefix)}
    if not kept:
        sys.exit(f"error: no name begins with {prefix!r}; the first is {next(iter(state))!r}")
    if len(kept) < len(state):
        print(f"{len(state) - len(kept)} tensors whose names do not begin with {prefix!r} stay out")
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--key", help="where the weights stand in the file, such as state_dict or "
                        "outer/inner")
    parser.add_argument("--prefix", default="", help="take the names that begin with this, without "
                        "it, such as model.")
    arguments = parser.parse_args()
    if arguments.target.suffix != ".safetensors":
        sys.exit(f"error: {arguments.target}: expected a name that ends in .safetensors")
    try:
        content = torch.load(arguments.source, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a file that it will not open
        sys.exit(f"error: {arguments.source}: {error}")
    state = with_prefix(find_state_dict(content, arguments.key), arguments.prefix)
    # Copies: safetensors takes neither views with gaps nor tensors that share memory.
    save_file({name: tensor.detach().clone(memory_format=torch.contiguous_format)
               for name, tensor in state.items()}, arguments.target, {"format": "pt"})
    print(f"{arguments.target}: {len(state)} tensors")


if __name__ == "__main__":
    main()
