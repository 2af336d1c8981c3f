"""The work of these benches in PyTorch, eager, on the same card: python3 peer.py SECONDS

Prints one JSON line for each result, of the form that bench/runner.ts prints, in float32 first and then with TF32.
Sizes come from sizes.json beside this file. Needs torch; the Swin transformer is that of torchvision or timm, if there.
"""

import json
import os
import platform
import sys
import time
from pathlib import Path

BEGAN = time.perf_counter()  # importing torch counts: it can take half a minute on a fresh machine

try:
    import torch
except ImportError as error:
    print(f"morlet: {error}", file=sys.stderr)
    sys.exit(1)
import torch.nn.functional as F
from torch import nn

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 120.0
SIZES = json.loads((Path(__file__).parent / "sizes.json").read_text())[os.environ.get("MORLET_GPU_SIZES", "full")]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
COMMON = {
    "library": f"PyTorch {torch.__version__}",
    "runtime": f"python {platform.python_version()}",
    "adapter": torch.cuda.get_device_name() if DEVICE == "cuda" else "cpu",
}


def idle():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def median_of(values):
    return sorted(values)[len(values) // 2]


def measure(body, repeats=1):
    """Milliseconds of one call in each round, after one round that does not count and the caches are warm."""
    times = []
    for round in range(SIZES["rounds"] + 1):
        idle()
        start = time.perf_counter()
        for _ in range(repeats):
            body()
        idle()
        if round > 0:
            times.append(1e3 * (time.perf_counter() - start) / repeats)
    return times


def random(*shape):
    return torch.randn(*shape, device=DEVICE)


# Every task gives the work, how often it runs in a round, and what rates follow from the median.


def matmul(m, n, k, form):
    left = random(k, m).t() if form == "tn" else random(m, k)
    right = random(n, k).t() if form == "nt" else random(k, n)
    flops = 2 * m * n * k
    repeats = min(max(-int(-SIZES["repeatFlops"] // flops), 4), 64)
    return lambda: left @ right, repeats, lambda ms: {"GFLOP/s": flops / ms / 1e6}


def streaming(name, rows, columns):
    inputs = [random(rows, columns) for _ in range(2 if name == "add" else 1)]
    work = {
        "add": lambda: inputs[0] + inputs[1],
        "softmax": lambda: inputs[0].softmax(-1),
        "layer norm": lambda: F.layer_norm(inputs[0], (columns,)),
    }[name]
    moved = 4 * rows * columns * (len(inputs) + 1)
    return torch.no_grad()(work), 16, lambda ms: {"GB/s": moved / ms / 1e6}


def attention(gradients):
    size = SIZES["attention"]
    shape = (size["batch"], size["heads"], size["tokens"], size["width"])
    q, k, v = (random(*shape).requires_grad_(gradients) for _ in range(3))

    def work():
        out = F.scaled_dot_product_attention(q, k, v)
        if not gradients:
            return out
        dq, dk, dv = torch.autograd.grad(out.square().sum(), (q, k, v))
        return dq + dk + dv

    return work, 8, lambda ms: {}


def training(model, loss):
    """A training step with AdamW, and its losses and peak of memory beside the time."""
    model = model.to(DEVICE).train()
    optimiser = torch.optim.AdamW(model.parameters())
    losses = []
    if DEVICE == "cuda":
        torch.cuda.reset_peak_memory_stats()

    def work():
        optimiser.zero_grad(set_to_none=True)
        value = loss(model)
        value.backward()
        optimiser.step()
        losses.append(value.detach())

    def numbers(_):
        peak = {"peakBytes": torch.cuda.max_memory_allocated()} if DEVICE == "cuda" else {}
        return {"firstLoss": losses[0].item(), "lastLoss": losses[-1].item(), **peak}

    return work, 1, numbers


class ViTBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        batch, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(batch, tokens, 3, self.heads, width // self.heads)
        mixed = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4).unbind(0))
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, width, depth, heads, patch, imageSize, classes):
        super().__init__()
        self.embed = nn.Conv2d(3, width, patch, stride=patch)
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, (imageSize // patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(*(ViTBlock(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, images):
        patches = self.embed(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(images), -1, -1), patches], 1) + self.positions
        return self.head(self.norm(self.blocks(tokens))[:, 0])


def swin_network(width, depths, heads, window, patch, imageSize, classes):
    try:
        from torchvision.models.swin_transformer import SwinTransformer

        return SwinTransformer(
            [patch, patch], width, depths, heads, [window, window], stochastic_depth_prob=0.0, num_classes=classes
        )
    except ImportError:
        from timm.models.swin_transformer import SwinTransformer

        return SwinTransformer(
            img_size=imageSize,
            patch_size=patch,
            embed_dim=width,
            depths=depths,
            num_heads=heads,
            window_size=window,
            num_classes=classes,
            drop_path_rate=0.0,
        )


def classifier(network, name):
    sizes = dict(SIZES[name])
    batch = sizes.pop("batch")
    images = random(batch, 3, sizes["imageSize"], sizes["imageSize"])
    targets = torch.arange(batch, device=DEVICE) % sizes["classes"]
    return training(network(**sizes), lambda model: F.cross_entropy(model(images), targets))


class Residual(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(inputs, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.shortcut = nn.Identity()
        if inputs != width:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        return F.relu(self.inner(x) + self.shortcut(x))


def adapter_network(inputs, stem, stages):
    layers = [nn.Conv2d(inputs, stem, 3, padding=1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()]
    channels = stem
    for stage in stages:
        for _ in range(stage["blocks"]):
            layers.append(Residual(channels, stage["width"]))
            channels = stage["width"]
    width = 16 * channels
    head = [nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 128)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten(), *head)


def nt_xent(z, temperature=0.5):
    z = F.normalize(z)
    similar = (z @ z.t() / temperature).fill_diagonal_(float("-inf"))
    count = len(z)
    positives = (torch.arange(count, device=z.device) + count // 2) % count
    return F.cross_entropy(similar, positives)


def scatsimclr():
    """The learned part alone, on scattering channels that are there already."""
    size = SIZES["scatsimclr"]
    per_colour = 1 + size["J"] * size["L"] + size["J"] * (size["J"] - 1) // 2 * size["L"] ** 2
    side = size["imageSize"] // 2 ** size["J"]
    channels = random(2 * size["images"], 3 * per_colour, side, side)
    network = adapter_network(3 * per_colour, size["stem"], size["stages"])
    return training(network, lambda model: nt_xent(model(channels)))


TASKS = {
    **{
        f"matmul {p['m']}x{p['n']}x{p['k']} {p['form']}": (lambda p=p: matmul(**p), p) for p in SIZES["matmul"]
    },
    "vit step": (lambda: classifier(ViT, "vit"), SIZES["vit"]),
    "swin step": (lambda: classifier(swin_network, "swin"), SIZES["swin"]),
    "scatsimclr step from channels": (scatsimclr, SIZES["scatsimclr"]),
    "attention forward": (lambda: attention(False), SIZES["attention"]),
    "attention with gradients": (lambda: attention(True), SIZES["attention"]),
    **{
        f"streaming {name}": (lambda name=name, s=s: streaming(name, **s), s)
        for name, s in SIZES["streaming"].items()
    },
}


def run(name, variant, make, shape):
    line = {"bench": name, "variant": variant, **COMMON, "shape": shape}
    if time.perf_counter() - BEGAN > SECONDS:
        return {**line, "skipped": f"over its share of {SECONDS:.0f} s"}
    try:
        work, repeats, numbers = make()
        times = measure(work, repeats)
        median = median_of(times)
        return {**line, "rounds": len(times), "ms": {"median": median, "min": min(times)}, **numbers(median)}
    except Exception as error:  # what one task cannot do must not cost the others
        return {**line, "skipped": f"{type(error).__name__}: {error}"[:300]}


def main():
    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True
    for variant in ("float32", "tf32"):
        torch.backends.cuda.matmul.allow_tf32 = variant == "tf32"
        torch.backends.cudnn.allow_tf32 = variant == "tf32"
        for name, (make, shape) in TASKS.items():
            if variant == "tf32" and name.startswith("streaming"):
                continue
            print(json.dumps(run(name, variant, make, shape)), flush=True)
            if DEVICE == "cuda":
                torch.cuda.empty_cache()


main()
