"""A scripted HTTP server on loopback that keeps the bytes it was sent: what stands behind the edge's reverse path."""

import socket
import socketserver
import threading


class Seen:
    """One request as it came."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.line, self.body = lines[0], body
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        self.names = [name.lower() for name, _ in self.headers]

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name), None)


class Behind:
    """`answer(seen, send)` writes the whole answer by send(bytes); a false result closes the connection."""

    def __init__(self, port=0):
        self.seen, self.left = [], threading.Event()
        self.answer = lambda seen, send: send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        self.port = port
        self.start()

    def start(self):
        behind = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                behind.serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True
            block_on_close = False

        self.open = []
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def serve(self, peer):
        self.open.append(peer)
        data = b""

        def send(part):
            peer.sendall(part)
            return True

        try:
            while True:
                while b"\r\n\r\n" not in data:
                    part = peer.recv(65536)
                    if not part:
                        return
                    data += part
                head, _, data = data.partition(b"\r\n\r\n")
                seen = Seen(head, b"")
                length = int(seen.header("content-length") or 0)
                while len(data) < length:
                    part = peer.recv(1 << 20)
                    if not part:
                        self.left.set()
                        return
                    data += part
                seen.body, data = data[:length], data[length:]
                self.seen.append(seen)
                if not self.answer(seen, send):
                    return
        except OSError:
            self.left.set()

    def wait_left(self, peer_seconds=10):
        """Until a connection broke under an answer."""
        assert self.left.wait(peer_seconds), "the edge did not close its connection"

    def stop(self):
        """As a program that is killed: the port and every connection close."""
        self.server.shutdown()
        self.server.server_close()
        for peer in self.open:
            try:
                peer.shutdown(socket.SHUT_RDWR)
                peer.close()
            except OSError:
                pass
