"""Writes data_images.json: small image files of every kind with the pixels they must decode to.

    python tests/golden/data_images.py

Files are made by Pillow, or byte by byte where Pillow cannot (interlaced PNG, rare bit depths,
YCCK). Expected pixels come from Pillow for lossy formats and from the definition of the format for
lossless ones. `tolerance` is the largest allowed difference of a channel.
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, TiffImagePlugin

WIDTH, HEIGHT = 13, 9
ENTRIES = []


def pattern(channels, top=255):
    """Smooth, without symmetry, different in each channel: a turned or swapped image shows."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [x / (WIDTH - 1), y / (HEIGHT - 1), (x + 2 * y) / (WIDTH + 2 * HEIGHT - 3),
              1 - 0.9 * x * y / ((WIDTH - 1) * (HEIGHT - 1))]
    return np.rint(np.stack(planes[:channels], -1) * top).astype(np.int64)


def add(name, data, pixels, mode, tolerance=0, orientation=1):
    pixels = np.asarray(pixels)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    ENTRIES.append({
        "name": name, "file": data.hex(), "mode": mode, "orientation": orientation,
        "width": pixels.shape[1], "height": pixels.shape[0], "channels": pixels.shape[2],
        "tolerance": tolerance, "pixels": pixels.astype(np.uint8).tobytes().hex()})


def saved(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def by_pillow(data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    return np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))


def black(rgb, alpha):
    """Composited on black, both 0 to 255, rounded."""
    return np.floor(rgb * alpha / 255 + 0.5).astype(np.int64)


def exif(orientation, big):
    order, tag = (">", b"MM\0*") if big else ("<", b"II*\0")
    return tag + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def jpegs():
    rgb = Image.fromarray(pattern(3).astype(np.uint8))
    gray = Image.fromarray(pattern(1)[:, :, 0].astype(np.uint8))
    cmyk = Image.fromarray(pattern(4).astype(np.uint8), "CMYK")
    # Pillow brings a libjpeg-turbo of its own; the slow integer DCT is the same in all of them, the
    # rounding of colour conversion may differ by one.
    for name, image, mode, options in [
            ("rgb 4:4:4", rgb, "YCbCr", dict(subsampling=0)),
            ("rgb 4:2:2", rgb, "YCbCr", dict(subsampling=1)),
            ("rgb 4:2:0", rgb, "YCbCr", dict(subsampling=2)),
            ("gray", gray, "L", {}),
            ("progressive rgb", rgb, "YCbCr", dict(progressive=True)),
            ("progressive gray", gray, "L", dict(progressive=True)),
            ("restart markers", rgb, "YCbCr", dict(restart_marker_blocks=1, subsampling=0)),
            ("stored as rgb", rgb, "RGB", dict(keep_rgb=True))]:
        data = saved(image, "JPEG", quality=90, **options)
        add("jpeg " + name, data, by_pillow(data), mode, 1)
    # Pillow's conversion from ink to RGB rounds twice: up to one more.
    data = saved(cmyk, "JPEG", quality=90)
    add("jpeg cmyk", data, by_pillow(data), "CMYK", 2)
    marker = data.index(b"Adobe") + 11
    assert data[marker] == 0
    data = data[:marker] + b"\2" + data[marker + 1:]
    add("jpeg ycck", data, by_pillow(data), "YCCK", 2)
    for orientation in range(1, 9):
        data = saved(rgb, "JPEG", quality=90, subsampling=0,
                     exif=b"Exif\0\0" + exif(orientation, big=orientation % 2 == 0))
        add(f"jpeg orientation {orientation}", data, by_pillow(data), "YCbCr", 1, orientation)


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2)]


def png(samples, bits, color_type, interlaced=False, chunks=()):
    """samples: [height, width, channels] of integers below 2**bits."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    def rows(part):
        out = b""
        for row in part:
            flat = row.reshape(-1)
            if bits == 16:
                packed = flat.astype(">u2").tobytes()
            else:
                text = "".join(f"{v:0{bits}b}" for v in flat)
                text += "0" * (-len(text) % 8)
                packed = bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
            out += b"\0" + packed
        return out

    if interlaced:
        raw = b"".join(rows(samples[y::dy, x::dx]) for x, y, dx, dy in ADAM7
                       if samples[y::dy, x::dx].size)
    else:
        raw = rows(samples)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], bits, color_type, 0, 0,
                         int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
            b"".join(chunk(kind, body) for kind, body in chunks) +
            chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def to_8_bits(samples, bits):
    return np.floor(samples * 255 / (2**bits - 1) + 0.5).astype(np.int64)


def pngs():
    for bits, mode in [(1, "1"), (2, "L"), (4, "L"), (8, "L"), (16, "L16")]:
        samples = pattern(1, 2**bits - 1)
        for interlaced in (False, True):
            name = f"png gray {bits}" + (" interlaced" if interlaced else "")
            add(name, png(samples, bits, 0, interlaced), to_8_bits(samples, bits), mode)
    for bits, end in [(8, ""), (16, "16")]:
        top = 2**bits - 1
        rgb, rgba = pattern(3, top), pattern(4, top)
        add(f"png rgb {bits}", png(rgb, bits, 2), to_8_bits(rgb, bits), "RGB" + end)
        add(f"png rgb {bits} interlaced", png(rgb, bits, 2, True), to_8_bits(rgb, bits), "RGB" + end)
        eight = to_8_bits(rgba, bits)
        add(f"png rgba {bits}", png(rgba, bits, 6), black(eight[:, :, :3], eight[:, :, 3:]),
            "RGBA" + end)
        la = rgba[:, :, [0, 3]]
        add(f"png gray alpha {bits}", png(la, bits, 4), black(eight[:, :, 0], eight[:, :, 3]),
            "LA" + end)
    for bits in (1, 2, 4, 8):
        colors = min(2**bits, 40)
        palette = (np.arange(colors * 3).reshape(colors, 3) * 37 + 11) % 256
        index = pattern(1, colors - 1)
        plte = (b"PLTE", palette.astype(np.uint8).tobytes())
        add(f"png palette {bits}", png(index, bits, 3, chunks=[plte]), palette[index[:, :, 0]], "P")
        alpha = np.arange(colors) * 255 // max(colors - 1, 1)
        trns = (b"tRNS", alpha.astype(np.uint8).tobytes())
        add(f"png palette {bits} transparent", png(index, bits, 3, chunks=[plte, trns]),
            black(palette[index[:, :, 0]], alpha[index[:, :, 0]][:, :, None]), "P")
    rgb = pattern(3)
    key = rgb[4, 5]
    trns = (b"tRNS", struct.pack(">HHH", *key))
    add("png rgb with a transparent color", png(rgb, 8, 2, chunks=[trns]),
        np.where((rgb == key).all(-1, keepdims=True), 0, rgb), "RGB")
    gray = pattern(1)
    trns = (b"tRNS", struct.pack(">H", gray[4, 5, 0]))
    add("png gray with a transparent level", png(gray, 8, 0, chunks=[trns]),
        np.where(gray == gray[4, 5, 0], 0, gray), "L")
    for orientation in (3, 6):
        data = png(rgb, 8, 2, chunks=[(b"eXIf", exif(orientation, True))])
        add(f"png orientation {orientation}", data, by_pillow(data), "RGB", 0, orientation)


def others():
    rgb = Image.fromarray(pattern(3).astype(np.uint8))
    rgba = Image.fromarray(pattern(4).astype(np.uint8))
    gray = Image.fromarray(pattern(1)[:, :, 0].astype(np.uint8))
    lossless = dict(lossless=True, exact=True)
    data = saved(rgb, "WEBP", **lossless)
    add("webp lossless", data, pattern(3), "WebP")
    # The lossy decoder may be of another version than Pillow's; chroma upsampling then differs.
    data = saved(rgb, "WEBP", quality=90)
    add("webp lossy", data, by_pillow(data), "WebP", 2)
    data = saved(rgba, "WEBP", **lossless)
    add("webp alpha", data, black(pattern(4)[:, :, :3], pattern(4)[:, :, 3:]), "WebP")
    data = saved(rgb, "WEBP", exif=exif(6, False), **lossless)
    add("webp orientation 6", data, by_pillow(data), "WebP", 0, 6)
    add("bmp 24", saved(rgb, "BMP"), pattern(3), "BMP")
    palette = rgb.quantize(16)
    add("bmp palette", saved(palette, "BMP"), np.asarray(palette.convert("RGB")), "BMP")
    add("ppm", saved(rgb, "PPM"), pattern(3), "PNM")
    add("pgm", saved(gray, "PPM"), pattern(1), "PNM")
    for compression in ("raw", "tiff_lzw", "tiff_deflate"):
        add(f"tiff {compression}", saved(rgb, "TIFF", compression=compression), pattern(3), "TIFF")
    add("tiff gray", saved(gray, "TIFF"), pattern(1), "TIFF")
    deep = pattern(1, 65535)
    add("tiff gray 16", saved(Image.fromarray(deep[:, :, 0].astype(np.uint16)), "TIFF"),
        to_8_bits(deep, 16), "TIFF")
    for orientation in range(1, 9):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[274] = orientation
        data = saved(rgb, "TIFF", tiffinfo=tags)
        add(f"tiff orientation {orientation}", data, by_pillow(data), "TIFF", 0, orientation)


def main():
    jpegs()
    pngs()
    others()
    lines = ",\n".join(json.dumps(entry) for entry in ENTRIES)
    Path(__file__).with_suffix(".json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
