"""A running tollgate-fake-provider, for its tests. The program's path is their first argument."""
import http.client
import json
import math
import socket
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1)
DEADLINE_S = 10


class Provider:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.host, port = line.split()[-1].split(":")
        self.port = int(port)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(DEADLINE_S) == 0
        self.process.stdout.close()

    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE_S)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def chat(self, path="/v1/chat/completions", headers=None, **members):
        body = {"model": "m", "messages": [{"role": "user", "content": "hello there"}], **members}
        return self.call("POST", path, body, headers)

    def answer(self, **members):
        status, _, body = self.chat(**members)
        assert status == 200, body
        return json.loads(body)

    def events(self, **members):
        """All data lines of a stream that ended well at the HTTP level."""
        status, headers, body = self.chat(stream=True, **members)
        assert status == 200, body
        assert headers["content-type"].startswith("text/event-stream")
        lines = [line for line in body.decode().split("\n\n") if line]
        assert all(line.startswith("data: ") for line in lines)
        return [line[6:] for line in lines]

    def truth(self, since=0):
        _, headers, body = self.call("GET", f"/truth?since={since}")
        return [json.loads(line) for line in body.splitlines()], int(headers["x-truth-next"])

    def last_truth(self):
        """The last call, as soon as it has ended."""
        return self.truth()[0][-1]

    def open_stream(self, **members):
        """A raw connection with the request sent, for reading some and leaving."""
        body = json.dumps({"model": "m", "stream": True,
                           "messages": [{"role": "user", "content": "hello there"}], **members})
        connection = socket.create_connection((self.host, self.port), DEADLINE_S)
        connection.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
                            f"content-length: {len(body)}\r\n\r\n{body}").encode())
        return connection


def tokens_of(text):
    return math.ceil(len(text.encode()) / 4)


class OnOneProvider(unittest.TestCase):
    """Tests that share a provider."""
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.provider = Provider(*cls.options)

    @classmethod
    def tearDownClass(cls):
        cls.provider.stop()

    def setUp(self):
        self.provider.call("DELETE", "/truth")
        self.provider.call("DELETE", "/control")

    def last(self, query=""):
        """The last line of the truth log."""
        return json.loads(self.provider.call("GET", "/truth?" + query)[2].splitlines()[-1])

    def post(self, path, body, headers=None):
        status, _, answer = self.provider.call("POST", path, body, headers)
        return status, json.loads(answer)
