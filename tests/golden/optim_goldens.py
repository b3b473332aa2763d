"""Writes tests/golden/optim_*.json: what PyTorch 2.11 and timm 1.0.31 compute for tests/optim.

    pip install timm==1.0.31 && python tests/golden/optim_goldens.py

Parameters and gradients are formulas (value(), repeated in tests/optim/golden.h), so that the files
only hold results. Float64 runs of the optimizers are the reference for our float32 ones.
"""

import json
import math
import pathlib

import torch
from timm.optim import Lamb, Lars, Lion, RMSpropTF
from timm.utils.agc import adaptive_clip_grad

FOLDER = pathlib.Path(__file__).parent
SHAPES = {"conv.weight": (4, 3, 2, 5), "norm.bias": (7,), "head.weight": (2, 3), "scale": ()}
STEPS = 5


def value(name, step, dtype=torch.float64):
    """sin of the element's number and the step; step 0 is the parameter, others are gradients."""
    shape = SHAPES[name]
    index = torch.arange(max(1, math.prod(shape)), dtype=torch.float64)
    flat = torch.sin(index * 0.7 + step * 1.3 + len(name))
    return flat.reshape(shape).to(dtype)


def run_optimizer(make, steps=STEPS, factor=lambda step: 1.0):
    parameters = {name: torch.nn.Parameter(value(name, 0)) for name in SHAPES}
    optimizer = make(parameters)
    rates = [group["lr"] for group in optimizer.param_groups]
    for step in range(1, steps + 1):
        for name, parameter in parameters.items():
            parameter.grad = value(name, step)
        for group, rate in zip(optimizer.param_groups, rates):
            group["lr"] = rate * factor(step)
        optimizer.step()
    return {name: parameter.detach().flatten().tolist() for name, parameter in parameters.items()}


def optimizer_cases():
    sgd, adam, adamw = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
    cases = []

    def add(name, kind, **options):
        extra = {"betas": (options["beta1"], options["beta2"])} if "beta1" in options else {}
        plain = {k: v for k, v in options.items() if k not in ("beta1", "beta2")}
        make = lambda ps: kind(ps.values(), **plain, **extra)
        cases.append({"optimizer": name, "options": options, "parameters": run_optimizer(make)})

    add("sgd", sgd, lr=0.1)
    add("sgd", sgd, lr=0.1, weight_decay=0.05)
    add("sgd", sgd, lr=0.1, momentum=0.9)
    add("sgd", sgd, lr=0.1, momentum=0.85, weight_decay=0.05)
    add("sgd", sgd, lr=0.1, momentum=0.85, weight_decay=0.05, nesterov=True)
    add("adam", adam, lr=0.01)
    add("adam", adam, lr=0.01, weight_decay=0.1, beta1=0.8, beta2=0.95, eps=1e-3)
    add("adamw", adamw, lr=0.01, weight_decay=0)
    add("adamw", adamw, lr=0.01, weight_decay=0.1, beta1=0.8, beta2=0.95, eps=1e-3)
    return cases


def other_cases():
    """Ten steps; `ours` are our names where they are not the package's."""
    cases = []

    def add(name, kind, ours=None, given=None, **options):
        """given: what the package takes and we do not."""
        rest = dict(options)
        if "beta1" in rest:
            rest["betas"] = (rest.pop("beta1"), rest.pop("beta2"))
        make = lambda ps: kind(ps.values(), **rest, **(given or {}))
        cases.append({"optimizer": name, "options": {**options, **(ours or {})},
                      "parameters": run_optimizer(make, steps=10)})

    rms, nadam, radam = torch.optim.RMSprop, torch.optim.NAdam, torch.optim.RAdam
    add("rmsprop", rms, lr=0.02)
    add("rmsprop", rms, lr=0.02, alpha=0.9, eps=1e-3, momentum=0.8, weight_decay=0.1)
    add("rmsprop", rms, lr=0.02, alpha=0.9, eps=1e-2, centered=True, momentum=0.5)
    add("rmsprop_tf", RMSpropTF, lr=0.02, momentum=0.9, weight_decay=0.1)
    add("rmsprop_tf", RMSpropTF, lr=0.02, momentum=0.0, alpha=0.95, eps=1e-3)
    add("rmsprop_tf", RMSpropTF, lr=0.02, momentum=0.8, eps=1e-2, centered=True, weight_decay=0.1,
        decoupled_decay=True)
    decoupled = {"decoupled_weight_decay": True}
    add("nadam", nadam, lr=0.01)
    add("nadam", nadam, lr=0.01, weight_decay=0.1, beta1=0.8, beta2=0.95, eps=1e-3,
        momentum_decay=0.3)
    add("nadamw", nadam, given=decoupled, lr=0.01, weight_decay=0.1)
    add("radam", radam, lr=0.01)
    add("radam", radam, lr=0.01, weight_decay=0.1, beta1=0.8, beta2=0.95, eps=1e-3)
    add("radamw", radam, given=decoupled, lr=0.01, weight_decay=0.1)
    add("lion", Lion, lr=0.01)
    add("lion", Lion, lr=0.01, weight_decay=0.1, beta1=0.8, beta2=0.95)
    whole = {"max_grad_norm": None}
    add("lamb", Lamb, given=whole, lr=0.01, weight_decay=0.0)  # timm has 0.01 by default
    add("lamb", Lamb, given=whole, lr=0.01, weight_decay=0.1, beta1=0.8, beta2=0.95, eps=1e-3)
    add("lamb", Lamb, given=whole, lr=0.01, weight_decay=0.0, always_adapt=True,
        trust_clip=True)
    add("lars", Lars, lr=0.5, momentum=0.9)
    add("lars", Lars, given={"trust_coeff": 0.02}, ours={"trust_coefficient": 0.02}, lr=0.5,
        momentum=0.8, weight_decay=0.1)
    add("lars", Lars, given={"trust_coeff": 0.5}, ours={"trust_coefficient": 0.5}, lr=0.1,
        momentum=0.8, nesterov=True, weight_decay=0.1, trust_clip=True, always_adapt=True)
    cases.extend(adafactor_cases())
    return cases


def adafactor_cases():
    """Filters as matrices, and back."""
    cases = []
    eps = torch.finfo(torch.float32).eps
    for options in ({"lr": 0.01},
                    {"lr": 0.05, "weight_decay": 0.1, "beta2_decay": -0.6, "d": 1.1, "eps2": 0.1}):
        rest = dict(options)
        pair = (eps, rest.pop("eps2", 1e-3))
        kind = torch.optim.Adafactor

        def make(ps):
            filters = ps["conv.weight"]
            matrix = torch.nn.Parameter(filters.detach().flatten(1))
            others = [p for name, p in ps.items() if name != "conv.weight"]
            optimizer = kind([matrix, *others], eps=pair, **rest)
            inner = optimizer.step

            def step():
                matrix.grad = filters.grad.flatten(1)
                inner()
                filters.data.copy_(matrix.data.view_as(filters))
            optimizer.step = step
            return optimizer
        cases.append({"optimizer": "adafactor", "options": options,
                      "parameters": run_optimizer(make, steps=10)})
    return cases


class Muon:
    """Float64, from the formulas of Jordan's post; the rest by AdamW."""

    def __init__(self, parameters, lr, momentum, nesterov=True, scale="shape", weight_decay=0.0,
                 normalize_weights=False, steps=5, rest_lr=1e-3):
        self.matrices = [p for name, p in parameters.items() if name == "conv.weight"]
        self.velocity = [torch.zeros_like(p) for p in self.matrices]
        others = [p for name, p in parameters.items() if name != "conv.weight"]
        self.rest = torch.optim.AdamW(others, lr=rest_lr, weight_decay=weight_decay)
        self.param_groups = [{"lr": lr}]
        self.options = (momentum, nesterov, scale, weight_decay, normalize_weights, steps)

    def step(self):
        momentum, nesterov, scale, weight_decay, normalize_weights, steps = self.options
        lr = self.param_groups[0]["lr"]
        with torch.no_grad():
            for p, v in zip(self.matrices, self.velocity):
                v.mul_(momentum).add_(p.grad)
                m = (p.grad + momentum * v if nesterov else v).flatten(1)
                if normalize_weights:
                    p.mul_(len(p) ** 0.5 / p.norm())
                x = m / (m.norm() + 1e-7)
                for _ in range(steps):
                    a = x @ x.T
                    x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
                rows, columns = m.shape
                length = {"none": 1.0, "shape": max(1.0, rows / columns) ** 0.5,
                          "rms": 0.2 * max(rows, columns) ** 0.5}[scale]
                p.mul_(1 - lr * weight_decay)
                p.sub_(lr * length * x.view_as(p))
        self.rest.step()


def muon_cases():
    """head.weight is the classifier, which AdamW has."""
    cases = []
    for options in ({"lr": 0.02, "momentum": 0.95},
                    {"lr": 0.1, "momentum": 0.6, "nesterov": False, "scale": "rms",
                     "weight_decay": 0.1},
                    {"lr": 0.1, "momentum": 0.6, "scale": "none", "normalize_weights": True,
                     "newton_schulz_steps": 3}):
        rest = dict(options)
        steps = rest.pop("newton_schulz_steps", 5)
        cases.append({"options": options, "parameters": run_optimizer(
            lambda ps: Muon(ps, steps=steps, **rest), steps=10)})
    return cases


def clip_kind_cases():
    """By value, and adaptively as timm does it."""
    def clipped(clip, names=tuple(SHAPES)):
        parameters = {n: torch.nn.Parameter(0.3 * value(n, 0, torch.float32)) for n in SHAPES}
        for name, parameter in parameters.items():
            parameter.grad = value(name, 1, torch.float32)
        clip([parameters[name] for name in names])
        return {n: p.grad.flatten().tolist() for n, p in parameters.items()}

    body = tuple(name for name in SHAPES if name != "head.weight")
    return {
        "value": clipped(lambda ps: torch.nn.utils.clip_grad_value_(ps, 0.25)),
        "adaptive": clipped(lambda ps: adaptive_clip_grad(ps, clip_factor=0.2, eps=1e-3)),
        "adaptive_body": clipped(lambda ps: adaptive_clip_grad(ps, clip_factor=0.2, eps=0.5), body),
    }


def grouped_case():
    """Rate and decay factors by group, and a rate that the schedule changes."""
    def make(ps):
        return torch.optim.SGD(
            [{"params": [ps["conv.weight"], ps["head.weight"], ps["scale"]]},
             {"params": [ps["norm.bias"]], "lr": 0.1 * 8, "weight_decay": 0.05 / 4}],
            lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05)
    return run_optimizer(make, factor=lambda step: 1 - 0.1 * step)


def clip_cases():
    cases = []
    for max_norm in (0.5, 3.0, 1e6):
        parameters = {name: torch.nn.Parameter(value(name, 0, torch.float32)) for name in SHAPES}
        for name, parameter in parameters.items():
            parameter.grad = value(name, 1, torch.float32)
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), max_norm)
        cases.append({"max_norm": max_norm, "norm": norm.item(),
                      "gradients": {n: p.grad.flatten().tolist() for n, p in parameters.items()}})
    return cases


def scaler_case():
    """Ten steps; gradients of steps 3, 4 and 8 hold an infinity or a NaN."""
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_factor=3.0, backoff_factor=0.25,
                                  growth_interval=2)
    parameter = torch.nn.Parameter(value("conv.weight", 0, torch.float32))
    optimizer = torch.optim.SGD([parameter], lr=0.1, momentum=0.9)
    skipped, trace = 0, []
    for step in range(1, 11):
        gradient = value("conv.weight", step, torch.float32)
        scaled = scaler.scale(torch.tensor(1.0)) * gradient
        if step in (3, 8):
            scaled.view(-1)[step] = math.inf
        if step == 4:
            scaled.view(-1)[step] = math.nan
        parameter.grad = scaled
        before = parameter.detach().clone()
        scaler.step(optimizer)
        stepped = not torch.equal(before, parameter)
        skipped += not stepped
        scaler.update()
        # Unscaled by step(); the first three hold no infinity and no NaN.
        trace.append({"scale": scaler.get_scale(), "growth_tracker": scaler._get_growth_tracker(),
                      "skipped": skipped, "gradient": parameter.grad.flatten()[:3].tolist(),
                      "sum": parameter.detach().double().sum().item()})
    return {"trace": trace, "parameter": parameter.detach().flatten().tolist()}


def schedule_cases():
    """Factors of torch's schedulers on a base rate of 1, for each step of a run of 20."""
    s = torch.optim.lr_scheduler
    total = 20

    def factors(make, steps=total):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler = make(optimizer)
        result = []
        for _ in range(steps):
            result.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return result

    def warm(after):
        def make(o):
            return s.SequentialLR(
                o, [s.LinearLR(o, start_factor=0.2, total_iters=4), after(o)], milestones=[4])
        return make

    def one_cycle(steps, **options):
        return factors(lambda o: s.OneCycleLR(o, 1.0, total_steps=steps, cycle_momentum=False,
                                              **options), steps)

    return {
        "step": factors(lambda o: s.MultiStepLR(o, [6, 8, 18], gamma=0.5)),
        "step_every": factors(lambda o: s.StepLR(o, 6, gamma=0.1)),
        "cosine": factors(lambda o: s.CosineAnnealingLR(o, total, eta_min=0.1)),
        "cosine_warmup": factors(warm(lambda o: s.CosineAnnealingLR(o, total - 4, eta_min=0.1))),
        "linear": factors(lambda o: s.LinearLR(o, 1.0, 0.07, total_iters=total)),
        "linear_warmup": factors(warm(lambda o: s.LinearLR(o, 1.0, 0.07, total_iters=total - 4))),
        "polynomial": factors(lambda o: s.PolynomialLR(o, total, power=1.5)),
        "one_cycle": one_cycle(20),
        "one_cycle_pct": one_cycle(7, pct_start=0.45, div_factor=10.0, final_div_factor=50.0),
    }


def main():
    torch.set_num_threads(1)
    results = {
        "steps": {"cases": optimizer_cases(), "grouped": grouped_case()},
        "ten_steps": other_cases(),
        "muon": muon_cases(),
        "clip": clip_cases(),
        "clip_kinds": clip_kind_cases(),
        "scaler": scaler_case(),
        "schedule": schedule_cases(),
    }
    for name, result in results.items():
        path = FOLDER / f"optim_{name}.json"
        path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
