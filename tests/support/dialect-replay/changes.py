"""What a provider may change in its streams: text of events, and messages of AWS's event stream."""

import struct
import zlib

# What a provider may change any day, and nobody may notice.
HARMLESS = {
    "lines that end in CRLF": lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"),
    "comments": lambda text: text.replace("\n\n", "\n\n: keep-alive\n\n"),
    "unknown members": lambda text: text.replace("data: {", 'data: {"x_new":{"a":[null,{"b":"c"}]},'),
    "unknown events": lambda text: text.replace(
        "\n\n", '\n\nevent: x_new\ndata: {"type":"x_new","object":"x_new"}\n\n', 3),
    "no blank behind the colon": lambda text: text.replace("data: ", "data:"),
    "no line end behind the last": lambda text: text.rstrip("\r\n"),
    "an unknown member behind": lambda text: text.replace("}\n\n", ',"x_new":[{"text":"no"}]}\n\n'),
}

# A stream that never says why it ends.
UNFINISHED = (
    (r'"finish_reason":\s*"\w+"', '"finish_reason":null'),
    (r'"stop_reason":\s*"\w+"', '"stop_reason":null'),
    (r',\s*"finishReason":\s*"\w+"', ""),
    (r'"finishReason":\s*"\w+",', ""),
)


# ---- AWS's event stream ----

def messages_of(stream):
    """(headers, payload) of each message."""
    while stream:
        total, headers = struct.unpack_from(">II", stream)
        yield stream[12:12 + headers], stream[12 + headers:total - 4]
        stream = stream[total:]


def message(headers, payload):
    bare = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    bare += struct.pack(">I", zlib.crc32(bare)) + headers + payload
    return bare + struct.pack(">I", zlib.crc32(bare))


def text_header(name, value):
    return bytes([len(name)]) + name + b"\7" + struct.pack(">H", len(value)) + value


UNKNOWN_MESSAGE = message(
    text_header(b":event-type", b"xNew") + text_header(b":message-type", b"event"), b'{"x_new":1}')
HARMLESS_MESSAGES = {
    "unknown members": lambda h, p: message(h, p.replace(b"{", b'{"x_new":{"a":[null]},', 1)),
    "unknown headers": lambda h, p: message(b"\5x-new\x08" + bytes(8) + b"\5x-old\0" + h, p),
    "unknown events": lambda h, p: UNKNOWN_MESSAGE + message(h, p),
}
