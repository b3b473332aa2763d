"""What every comparison asserts before it prints: all sides did the same work."""

import json
import subprocess
import sys


def check_same_work(results):
    """All sides must train as many parameters with as many FLOPs an image."""
    sides = list(results)
    for name in sides[1:]:
        first, other = results[sides[0]], results[name]
        if first["parameters"] != other["parameters"]:
            sys.exit(f"unlike work: {sides[0]} has {first['parameters']:,} parameters, "
                     f"{name} {other['parameters']:,}")
        # The counters leave out the same small operators but for a norm here and there.
        if abs(first["gflops_per_image"] / other["gflops_per_image"] - 1) > 0.01:
            sys.exit(f"unlike work: {sides[0]} takes {first['gflops_per_image']:.4g} GFLOPs an "
                     f"image, {name} {other['gflops_per_image']:.4g}")


def stoker_work(stoker, config, overrides=()):
    """Parameters and GFLOPs an image of a config, from a `stoker bench step` as short as it gets."""
    done = subprocess.run([stoker, "bench", "step", str(config), *overrides, "--json", "--seconds", "0.01"],
                          stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout)
    return {name: result[name] for name in ("parameters", "gflops_per_image")}


def torch_work(model, size):
    """The same of a network of PyTorch's: two operations a multiply-add, a backward pass as two forward
    passes, as `stoker bench step` counts them."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode
    was_training = model.training
    model.eval()
    # The counter does not know the CPU's fused attention: counted as the products that it is made of.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, size, size))
    model.train(was_training)
    return {"parameters": sum(p.numel() for p in model.parameters()),
            "gflops_per_image": 3e-9 * counter.get_total_flops()}
