"""Writes data_formats.json: alpha and orientation in every format, and GIF, PNM, BMP, TIFF kinds.

    python tests/golden/data_formats.py

Expected pixels follow the rules of docs/data.md: 16-bit scaled to 8, then composited on black. An
orientation's come from Pillow's ImageOps.exif_transpose, but for types of the tag that TIFF 6.0 lets
a reader take and Pillow does not (BYTES_ALONE).
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

import data_images
from data_images import (HEIGHT, WIDTH, add, black, by_pillow, pattern, png, saved, to_8_bits)

SIZES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 5: "II", 11: "f", 12: "d"}
NAMES = {1: "byte", 3: "short", 4: "long", 6: "sbyte", 8: "sshort", 9: "slong", 5: "rational",
         11: "float", 12: "double"}
BYTES_ALONE = {1}  # Pillow keeps bytes as bytes, which are no orientation to it
XMP_ATTRIBUTE = ('<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description '
                 'tiff:Orientation="{}" tiff:Make="x"/></x:xmpmeta>')
XMP_ELEMENT = ('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description><tiff:Make>x</tiff:Make>'
               '<tiff:Orientation>{}</tiff:Orientation></rdf:Description></x:xmpmeta>')


def turned(pixels, orientation):
    """pixels upright, by the table of EXIF 2.32, 4.6.4 A."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def directory(order, entries, at, after=b""):
    """An image file directory that lies at byte `at`: {tag: (type, values)}; `after` follows it."""
    order_mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    body, heap = b"", after
    heap_at = at + 2 + 12 * len(entries) + 4
    for tag, (kind, values) in sorted(entries.items()):
        if kind in (2, 7):
            packed, count = bytes(values), len(values)
        else:
            packed = b"".join(struct.pack(order + SIZES[kind], *(v if kind == 5 else (v,)))
                              for v in values)
            count = len(values)
        if len(packed) > 4:
            heap += b"\0" * (len(heap) % 2)
            place = struct.pack(order + "I", heap_at + len(heap))
            heap += packed
        else:
            place = packed.ljust(4, b"\0")
        body += struct.pack(order + "HHI", tag, kind, count) + place
    return (order_mark + struct.pack(order + "I", at), struct.pack(order + "H", len(entries)) + body +
            b"\0\0\0\0" + heap)


def exif(kind, orientation, order):
    value = (orientation, 1) if kind == 5 else orientation
    return b"".join(directory(order, {0x0112: (kind, [value])}, 8))


def tiff(samples, bits, photometric, order="<", extra=(), planar=1, tile=None, tags=None,
         orientation=None):
    """samples: [height, width, samples]. Uncompressed, in strips of two rows or square tiles."""
    height, width, count = samples.shape
    kind = np.dtype(order + f"u{bits // 8}")
    planes = [samples] if planar == 1 else [samples[:, :, i:i + 1] for i in range(count)]
    blocks = []
    for plane in planes:
        if tile:
            padded = np.pad(plane, [(0, -height % tile), (0, -width % tile), (0, 0)])
            blocks += [padded[y:y + tile, x:x + tile] for y in range(0, height, tile)
                       for x in range(0, width, tile)]
        else:
            blocks += [plane[y:y + 2] for y in range(0, height, 2)]
    data = [block.astype(kind).tobytes() for block in blocks]
    offsets = 8 + np.cumsum([0] + [len(d) for d in data])
    entries = {256: (4, [width]), 257: (3, [height]), 258: (3, [bits] * count), 259: (3, [1]),
               262: (3, [photometric]), 277: (3, [count]), 284: (3, [planar])}
    places, sizes = (4, [int(o) for o in offsets[:-1]]), (4, [len(d) for d in data])
    if tile:
        entries |= {322: (3, [tile]), 323: (3, [tile]), 324: places, 325: sizes}
    else:
        entries |= {273: places, 278: (3, [2]), 279: sizes}
    if extra:
        entries[338] = (3, list(extra))
    if orientation:
        entries[274] = orientation
    entries |= tags or {}
    head, rest = directory(order, entries, int(offsets[-1]))
    return head + b"".join(data) + rest


def tiff_alpha():
    """338, ExtraSamples: 0 without a meaning, 1 associated alpha, 2 unassociated."""
    for bits in (8, 16):
        rgba = pattern(4, 2**bits - 1)
        la = rgba[:, :, [0, 3]]
        eight = to_8_bits(rgba, bits)
        rgb_on_black = black(eight[:, :, :3], eight[:, :, 3:])
        gray_on_black = black(eight[:, :, :1], eight[:, :, 3:])
        inverted = black(255 - eight[:, :, :1], eight[:, :, 3:])
        for order in "<>":
            name = f"tiff {bits} {'little' if order == '<' else 'big'}"
            add(f"{name} rgba", tiff(rgba, bits, 2, order, [2]), rgb_on_black, "TIFF")
            add(f"{name} gray alpha", tiff(la, bits, 1, order, [2]), gray_on_black, "TIFF")
            add(f"{name} gray", tiff(la[:, :, :1], bits, 1, order), eight[:, :, :1], "TIFF")
        for extra, what in [(0, "meaningless"), (1, "associated")]:
            add(f"tiff {bits} rgba {what}", tiff(rgba, bits, 2, extra=[extra]), eight[:, :, :3], "TIFF")
            add(f"tiff {bits} gray {what}", tiff(la, bits, 1, extra=[extra]), eight[:, :, :1], "TIFF")
        add(f"tiff {bits} rgba planes", tiff(rgba, bits, 2, extra=[2], planar=2), rgb_on_black, "TIFF")
        add(f"tiff {bits} rgba tiles", tiff(rgba, bits, 2, extra=[2], tile=16), rgb_on_black, "TIFF")
        add(f"tiff {bits} gray alpha planes", tiff(la, bits, 1, extra=[2], planar=2), gray_on_black,
            "TIFF")
        add(f"tiff {bits} gray alpha tiles", tiff(la, bits, 1, ">", extra=[2], tile=16),
            gray_on_black, "TIFF")
        add(f"tiff {bits} gray from white", tiff(la, bits, 0, extra=[2]), inverted, "TIFF")


def tiff_kinds():
    rgb = Image.fromarray(pattern(3).astype(np.uint8))
    gray = Image.fromarray(pattern(1)[:, :, 0].astype(np.uint8))
    bilevel = Image.fromarray(pattern(1)[:, :, 0] > 100)
    palette = rgb.quantize(16)
    add("tiff palette", saved(palette, "TIFF"), np.asarray(palette.convert("RGB")), "TIFF")
    for compression in ("raw", "group4"):
        add(f"tiff 1 bit {compression}", saved(bilevel, "TIFF", compression=compression),
            np.asarray(bilevel.convert("L")), "TIFF")
    add("tiff packbits gray", saved(gray, "TIFF", compression="packbits"), pattern(1), "TIFF")
    # Another version of libjpeg and its colour conversion.
    data = saved(rgb, "TIFF", compression="jpeg", quality=95)
    add("tiff jpeg", data, by_pillow(data), "TIFF", 2)


def webp_and_png_alpha():
    rgba = Image.fromarray(pattern(4).astype(np.uint8))
    data = saved(rgba, "WEBP", quality=90, exact=True, alpha_quality=100)
    pixels = np.asarray(Image.open(io.BytesIO(data))).astype(np.int64)
    add("webp lossy alpha", data, black(pixels[:, :, :3], pixels[:, :, 3:]), "WebP", 2)
    first, second = rgba, Image.fromarray(255 - pattern(4).astype(np.uint8))
    data = saved(first, "WEBP", save_all=True, append_images=[second], lossless=True, exact=True)
    pixels = pattern(4)
    add("webp animated alpha", data, black(pixels[:, :, :3], pixels[:, :, 3:]), "animated WebP")
    solid = [image.convert("RGB") for image in (first, second)]
    data = saved(solid[0], "WEBP", save_all=True, append_images=solid[1:], lossless=True)
    add("webp animated", data, pattern(3), "animated WebP")


def gif(colors, index, transparent=None, version=b"89a", interlaced=False, place=(0, 0), screen=None,
        local=False, before=b"", frames=1):
    """By hand, uncompressed: every code is a byte's value, with a clear code ahead of each 100."""
    height, width = index.shape
    screen = screen or (width, height)
    table = np.asarray(colors, np.uint8).tobytes().ljust(3 * 128, b"\0")
    rows = [y for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(start, height, step)]
    order = index[rows] if interlaced else index
    bits, codes = [], []
    for i, value in enumerate(order.reshape(-1)):
        codes += ([128] if i % 100 == 0 else []) + [int(value)]
    for code in codes + [129]:  # 8-bit codes, as the table has 7 bits
        bits += [code >> b & 1 for b in range(8)]
    packed = np.packbits(np.array(bits, np.uint8), bitorder="little").tobytes()
    blocks = b"".join(bytes([len(packed[i:i + 255])]) + packed[i:i + 255]
                      for i in range(0, len(packed), 255)) + b"\0"
    control = b"" if transparent is None else b"!\xf9\4\1\0\0" + bytes([transparent]) + b"\0"
    flags = (0x80 | 6 if local else 0) | (0x40 if interlaced else 0)
    frame = (control + b"," + struct.pack("<HHHHB", *place, width, height, flags) +
             (table if local else b"") + b"\7" + blocks)
    return (b"GIF" + version + struct.pack("<HHBBB", *screen, 0 if local else 0x80 | 6, 3, 0) +
            (b"" if local else table) + before + frame * frames + b";")


def gifs():
    colors = (np.arange(3 * 100).reshape(100, 3) * 37 + 11) % 256
    index = pattern(1, 99)[:, :, 0]
    rgb = colors[index]
    hole = np.where((index == index[4, 5])[:, :, None], 0, rgb)
    add("gif 87a", gif(colors, index, version=b"87a"), rgb, "GIF")
    add("gif interlaced", gif(colors, index, interlaced=True), rgb, "GIF")
    add("gif local palette", gif(colors, index, local=True), rgb, "GIF")
    add("gif transparent", gif(colors, index, transparent=int(index[4, 5])), hole, "GIF")
    placed = np.zeros((HEIGHT + 3, WIDTH + 4, 3), np.int64)  # what no frame covers is transparent
    placed[1:1 + HEIGHT, 2:2 + WIDTH] = rgb
    add("gif smaller than its screen",
        gif(colors, index, place=(2, 1), screen=(WIDTH + 4, HEIGHT + 3)), placed, "GIF")
    add("gif larger than its screen", gif(colors, index, screen=(2, 2)), rgb, "GIF")
    image = Image.fromarray(pattern(3).astype(np.uint8)).quantize(64)
    expected = np.asarray(image.convert("RGB"))
    other = Image.fromarray(255 - expected).quantize(64)
    add("gif by Pillow", saved(image, "GIF"), expected, "GIF")
    add("gif animated", saved(image, "GIF", save_all=True, append_images=[other, image], loop=0),
        expected, "GIF")
    for name in ("gif 87a", "gif interlaced", "gif local palette", "gif larger than its screen"):
        entry = next(e for e in data_images.ENTRIES if e["name"] == name)
        assert by_pillow(bytes.fromhex(entry["file"])).tobytes().hex() == entry["pixels"], name


def bmp_and_pnm():
    rgb, rgba, gray = pattern(3), pattern(4), pattern(1)
    bgrx = np.concatenate([rgb[:, :, ::-1], np.zeros_like(gray)], -1).astype(np.uint8)[::-1].tobytes()
    bgra = rgba[:, :, [2, 1, 0, 3]].astype(np.uint8)[::-1].tobytes()
    masks = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)

    def bmp(compression, size, after, pixels):
        head = struct.pack("<IiiHHIIiiII", size, WIDTH, HEIGHT, 1, 32, compression, len(pixels), 0, 0, 0,
                           0) + after
        return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(pixels), 0, 0, 14 + len(head)) + head + \
            pixels

    add("bmp 32 without alpha", bmp(0, 40, b"", bgrx), rgb, "BMP")
    add("bmp 32 masks without alpha", bmp(3, 40, masks, bgrx), rgb, "BMP")
    add("bmp 32 alpha", bmp(3, 108, masks + struct.pack("<I", 0xFF000000) + bytes(52), bgra),
        black(rgba[:, :, :3], rgba[:, :, 3:]), "BMP")
    add("bmp gray", saved(Image.fromarray(gray[:, :, 0].astype(np.uint8)), "BMP"),
        np.repeat(gray, 3, -1), "BMP")
    size = f"{WIDTH} {HEIGHT}\n"
    plain = lambda a: "\n".join(" ".join(map(str, row.reshape(-1))) for row in a)
    add("pnm text gray", f"P2\n{size}255\n{plain(gray)}\n".encode(), gray, "PNM")
    add("pnm text color", f"P3\n# by hand\n{size}255\n{plain(rgb)}\n".encode(), rgb, "PNM")
    add("pnm gray 16", f"P5\n{size}65535\n".encode() + (gray * 257).astype(">u2").tobytes(), gray, "PNM")
    bits = gray > 100
    packed = np.packbits(~bits[:, :, 0], axis=1).tobytes()
    add("pnm bits", f"P4\n{size}".encode() + packed, bits * 255, "PNM")
    add("pnm text bits", f"P1\n{size}{plain(1 - bits.astype(int))}\n".encode(), bits * 255, "PNM")


def png_text(kind, keyword, text):
    if kind == b"iTXt":
        return kind, keyword + b"\0\0\0\0\0" + text
    if kind == b"zTXt":
        return kind, keyword + b"\0\0" + zlib.compress(text)
    if kind == b"tEXt":
        return kind, keyword + b"\0" + text
    return b"iTXt", keyword + b"\0\1\0\0\0" + zlib.compress(text)


def insert_webp_chunks(data, chunks):
    """`data`: WebP by Pillow with an EXIF chunk that is replaced."""
    at = data.index(b"EXIF")
    flags = sum({b"EXIF": 8, b"XMP ": 4}[kind] for kind, _ in chunks)
    body = data[8:20] + bytes([flags]) + data[21:at] + b"".join(kind + struct.pack("<I", len(c)) + c + b"\0" * (len(c) % 2)
                                 for kind, c in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def orientation_files(image, rgb):
    """(name, mode, orientation, turned by Pillow, file)"""
    jpeg = saved(image, "JPEG", quality=90, subsampling=0)
    webp = saved(image, "WEBP", lossless=True, exact=True, exif=b"II*\0")
    segment = lambda body: b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    in_jpeg = lambda *bodies: jpeg[:2] + b"".join(map(segment, bodies)) + jpeg[2:]
    xap = b"http://ns.adobe.com/xap/1.0/\0"
    number = 2
    for order in "<>":
        for kind, name in NAMES.items():
            number = number % 7 + 2
            block, by = exif(kind, number, order), kind not in BYTES_ALONE
            end = f"{name} {'little' if order == '<' else 'big'}"
            yield f"jpeg exif {end}", "YCbCr", number, by, in_jpeg(b"Exif\0\0" + block)
            yield f"png exif {end}", "RGB", number, by, png(rgb, 8, 2, chunks=[(b"eXIf", block)])
            yield f"webp exif {end}", "WebP", number, by, insert_webp_chunks(webp, [(b"EXIF", block)])
            value = (number, 1) if kind == 5 else number
            yield (f"tiff tag {end}", "TIFF", number, by,
                   tiff(rgb, 8, 2, order, orientation=(kind, [value])))
    for form, name in [(XMP_ATTRIBUTE, "attribute"), (XMP_ELEMENT, "element")]:
        number = number % 7 + 2
        text = form.format(number).encode()
        yield f"jpeg xmp {name}", "YCbCr", number, True, in_jpeg(xap + text)
        for kind in (b"iTXt", b"compressed"):
            yield (f"png xmp {name} {kind.decode()}", "RGB", number, True,
                   png(rgb, 8, 2, chunks=[png_text(kind, b"XML:com.adobe.xmp", text)]))
        yield f"webp xmp {name}", "WebP", number, True, insert_webp_chunks(webp, [(b"XMP ", text)])
        yield f"tiff xmp {name}", "TIFF", number, True, tiff(rgb, 8, 2, tags={700: (1, list(text))})
    text = XMP_ATTRIBUTE.format(6).encode()
    silent, upright = exif(3, 0, "<").replace(b"\x12\x01", b"\x13\x01"), exif(3, 1, "<")
    yield "jpeg xmp beside exif without", "YCbCr", 6, True, in_jpeg(b"Exif\0\0" + silent, xap + text)
    yield "jpeg exif over xmp", "YCbCr", 1, True, in_jpeg(xap + text, b"Exif\0\0" + upright)
    end = struct.pack(">I", 0) + b"IEND"
    data = png(rgb, 8, 2)
    late = png(rgb, 8, 2, chunks=[(b"eXIf", exif(3, 8, ">"))])
    chunk = late[late.index(b"eXIf") - 4:late.index(b"IDAT") - 4]
    yield "png exif at the end", "RGB", 8, True, data.replace(end, chunk + end)
    for kind in (b"tEXt", b"zTXt"):
        block = b"Exif\0\0" + exif(3, 5, "<")
        profile = f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
        yield (f"png raw profile {kind.decode()}", "RGB", 5, True,
               png(rgb, 8, 2, chunks=[png_text(kind, b"Raw profile type exif", profile)]))


def orientations():
    rgb = pattern(3)
    image = Image.fromarray(rgb.astype(np.uint8))
    for name, mode, orientation, by, data in orientation_files(image, rgb):
        stored = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        if mode == "TIFF":  # Pillow turns it on opening
            stored = rgb.astype(np.uint8)
        expected = turned(stored, orientation)
        assert (by_pillow(data).tobytes() == expected.tobytes()) == by, name
        add(name, data, expected, mode, 1 if mode == "YCbCr" else 0, orientation)
    colors = (np.arange(3 * 100).reshape(100, 3) * 37 + 11) % 256
    index = pattern(1, 99)[:, :, 0]
    text = XMP_ATTRIBUTE.format(7).encode()
    trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    data = gif(colors, index, before=b"!\xff\x0bXMP DataXMP" + text + trailer)
    add("gif xmp", data, turned(colors[index], 7), "GIF", 0, 7)


def main():
    tiff_alpha()
    tiff_kinds()
    webp_and_png_alpha()
    gifs()
    bmp_and_pnm()
    orientations()
    lines = ",\n".join(json.dumps(entry) for entry in data_images.ENTRIES)
    Path(__file__).with_suffix(".json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
