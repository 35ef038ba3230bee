"""HTTP on a bare socket: for heads no client library would send, and for clients that leave in the middle."""

import asyncio
import json
import socket
import struct
from urllib.parse import urlsplit


def exchange(url, data, seconds=10.0, shut=False):
    """Sends bytes and reads until the peer closes. Answers (bytes, whether it closed in time)."""
    host = urlsplit(url)
    with socket.create_connection((host.hostname, host.port), timeout=seconds) as peer:
        peer.sendall(data)
        if shut:
            peer.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while True:
                part = peer.recv(65536)
                if not part:
                    return got, True
                got += part
        except ConnectionResetError:
            return got, True
        except TimeoutError:
            return got, False


def head_of(data):
    """(status, headers in lower case, body as it stands) of one response."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ")[1])
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return status, headers, body


def request_bytes(path, key, body, method="POST", **headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: gateway", f"authorization: Bearer {key}",
             "content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Answer:
    """What one call of a load came to."""

    def __init__(self):
        self.status = 0
        self.headers = {}
        self.raw = b""       # head and all
        self.body = b""      # without the chunk framing
        self.whole = False   # the last byte of the framing arrived
        self.left = False    # we closed first, on purpose

    @property
    def generation(self):
        return self.headers.get("x-generation-id")

    def json(self):
        return json.loads(self.body)

    @property
    def frames(self):
        """The data of each event of a stream."""
        return [line[6:] for line in self.body.decode("utf-8", "replace").split("\n") if line.startswith("data: ")]


class _Reader:
    """Reads a response fed in pieces: status, headers, and whether it is whole."""

    def __init__(self, answer):
        self.answer, self.at, self.length, self.chunked = answer, None, None, False

    def feed(self):
        answer = self.answer
        if self.at is None:
            end = answer.raw.find(b"\r\n\r\n")
            if end < 0:
                return
            self.at = end + 4
            answer.status, answer.headers, _ = head_of(answer.raw[:self.at])
            self.chunked = "chunked" in answer.headers.get("transfer-encoding", "")
            self.length = int(answer.headers.get("content-length", "0"))
        if not self.chunked:
            answer.body = answer.raw[self.at:]
            answer.whole = len(answer.body) >= self.length
            return
        while True:
            end = answer.raw.find(b"\r\n", self.at)
            if end < 0:
                return
            size = int(answer.raw[self.at:end].split(b";")[0], 16)
            if len(answer.raw) < end + 2 + size + 2:
                return
            answer.body += answer.raw[end + 2:end + 2 + size]
            self.at = end + 2 + size + 2
            if size == 0:
                answer.whole = True
                return


async def call(url, key, body, path="/v1/chat/completions", leave_after=None, reset=False, slow=0.0, seconds=120.0,
               **headers):
    """One request on a connection of its own. With `leave_after` the client closes when so many bytes of the answer
    came (0: as soon as the request is sent), by RST with `reset`. A connection that breaks gives what came so far."""
    answer = Answer()
    reader = _Reader(answer)
    host = urlsplit(url)
    try:
        stream, out = await asyncio.wait_for(asyncio.open_connection(host.hostname, host.port), seconds)
    except OSError:
        return answer
    try:
        out.write(request_bytes(path, key, body, connection="close", **headers))
        await out.drain()
        while not answer.whole:
            if leave_after is not None and len(answer.raw) >= leave_after:
                answer.left = True
                if reset:
                    out.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                            struct.pack("ii", 1, 0))
                break
            most = 65536 if leave_after is None else max(leave_after - len(answer.raw), 1)
            part = await asyncio.wait_for(stream.read(most), seconds)
            if not part:
                break
            answer.raw += part
            reader.feed()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        if answer.left and reset:
            out.transport.abort()
        else:
            out.close()
    return answer


def load(jobs, at_once=32):
    """Runs coroutine makers, so many at once; the answers in the order of the makers."""

    async def all_of_them():
        gate = asyncio.Semaphore(at_once)

        async def one(job):
            async with gate:
                return await job()

        return await asyncio.gather(*(one(job) for job in jobs))

    return asyncio.run(all_of_them())
