"""Small real files, made with the standard library: what customers photograph, say and attach. Each `variant` looks different."""

import struct
import zlib
from functools import lru_cache

PNG, OGG, MP3, MP4, PDF, WEBP = "image/png", "audio/ogg; codecs=opus", "audio/mpeg", "video/mp4", "application/pdf", "image/webp"
VARIANTS = 8


@lru_cache(maxsize=len((PNG, OGG, MP3, MP4, PDF, WEBP)) * VARIANTS)
def content(mime_type: str, variant: int) -> bytes:
    """Return the bytes of a file of this type. Raises: KeyError for a type that no customer sends."""
    return _MAKERS[mime_type](variant % VARIANTS)


def png(variant: int) -> bytes:
    """A photo: 96 x 64 pixels of colour running from corner to corner."""
    width, height, hue = 96, 64, variant * 31
    colours = [[((x * 2 + hue) % 256, (y * 3 + hue * 2) % 256, (x + y + hue * 3) % 256) for x in range(width)] for y in range(height)]
    rows = b"".join(b"\x00" + b"".join(map(bytes, row)) for row in colours)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def ogg(variant: int) -> bytes:
    """A voice note: one second and a bit of Opus silence in an Ogg container."""
    silence, frames, samples = b"\xf8\xff\xfe", 50 + variant * 10, 960
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 9) + b"simulator" + struct.pack("<I", 0)
    return (
        _page([head], serial=variant, number=0, flags=2, position=0)
        + _page([tags], serial=variant, number=1, flags=0, position=0)
        + _page([silence] * frames, serial=variant, number=2, flags=4, position=frames * samples)
    )


def _page(packets: list[bytes], *, serial: int, number: int, flags: int, position: int) -> bytes:
    sizes = bytes(len(packet) for packet in packets)
    start = b"OggS" + struct.pack("<BBqII", 0, flags, position, serial, number)
    rest = bytes([len(sizes)]) + sizes + b"".join(packets)
    return start + struct.pack("<I", _ogg_checksum(start + b"\x00\x00\x00\x00" + rest)) + rest


def _ogg_checksum(page: bytes) -> int:
    """CRC-32 with polynomial 04c11db7, neither reflected nor inverted. Source: RFC 3533."""
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1) ^ 0x104C11DB7 if checksum & 0x80000000 else checksum << 1
    return checksum


def mp3(variant: int) -> bytes:
    """A sound file: frames of silence, MPEG-1 layer III, 128 kbit/s, 44.1 kHz."""
    return (b"\xff\xfb\x90\x64" + b"\x00" * 413) * (8 + variant)


def mp4(variant: int) -> bytes:
    """The outside of a film: file type and an opaque payload, not playable."""
    return _box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2mp41") + _box(b"free", b"") + _box(b"mdat", bytes([variant]) * 2048)


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


def pdf(variant: int) -> bytes:
    """One page that says which invoice it is."""
    words = f"BT /F1 18 Tf 60 760 Td (Invoice 2026-{variant:04d}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(words), words),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


def webp(variant: int) -> bytes:
    """A sticker: 512 x 512 pixels of one colour, lossless. Five one-symbol prefix codes mean that pixels take no bits at all."""
    bits = _bits((511, 14), (511, 14), (1, 1), (0, 3), (0, 1), (0, 1), (0, 1))
    for channel in (200 - variant * 20, 60 + variant * 20, 120, 255):
        bits += _bits((1, 1), (0, 1), (1, 1), (channel, 8))
    bits += _bits((1, 1), (0, 1), (0, 1), (0, 1))
    packed = b"\x2f" + int(bits[::-1], 2).to_bytes((len(bits) + 7) // 8, "little")
    packed += b"\x00" * (len(packed) % 2)
    chunk = b"VP8L" + struct.pack("<I", len(packed)) + packed
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def _bits(*fields: tuple[int, int]) -> str:
    """Write (number, width) pairs, lowest bit first."""
    return "".join(f"{number:0{width}b}"[::-1] for number, width in fields)


_MAKERS = {PNG: png, OGG: ogg, MP3: mp3, MP4: mp4, PDF: pdf, WEBP: webp}
