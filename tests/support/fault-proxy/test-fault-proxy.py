"""Black-box test of tollgate-fault-proxy, with nothing but the standard library.

Run as: test-fault-proxy.py PATH_TO_THE_PROGRAM
"""
import socket
import subprocess
import sys
import threading
import time
import unittest

PROGRAM = sys.argv.pop(1)
DEADLINE_S = 10


class Echo:
    """Sends back what it gets, and FIN for FIN."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.seen = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            self.seen.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def serve(connection):
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class FaultProxy(unittest.TestCase):
    def setUp(self):
        self.echo = Echo()
        self.process = subprocess.Popen([PROGRAM, "--target", f"127.0.0.1:{self.echo.port}"],
                                        stdout=subprocess.PIPE, text=True)
        self.port, control = (int(self.process.stdout.readline().rsplit(":", 1)[1]) for _ in range(2))
        self.control = socket.create_connection(("127.0.0.1", control), DEADLINE_S)
        self.lines = self.control.makefile("r")

    def tearDown(self):
        self.lines.close()
        self.control.close()
        self.process.terminate()
        self.assertEqual(self.process.wait(DEADLINE_S), 0)
        self.process.stdout.close()

    def tell(self, line):
        self.control.sendall(line.encode() + b"\n")
        return self.lines.readline().strip()

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), DEADLINE_S)
        self.addCleanup(connection.close)
        return connection

    @staticmethod
    def read(connection, size):
        data = b""
        while len(data) < size and (part := connection.recv(size - len(data))):
            data += part
        return data

    def ask(self, connection, data=b"hello"):
        connection.sendall(data)
        return self.read(connection, len(data))

    def assert_silent(self, connection):
        connection.settimeout(0.1)
        with self.assertRaises(TimeoutError):
            connection.recv(1)
        connection.settimeout(DEADLINE_S)

    def test_passes_both_ways_and_both_ends(self):
        connection = self.connect()
        data = bytes(range(256)) * 20000
        sender = threading.Thread(target=connection.sendall, args=(data,))
        sender.start()
        self.assertEqual(self.read(connection, len(data)), data)
        sender.join()
        connection.shutdown(socket.SHUT_WR)
        self.assertEqual(connection.recv(1), b"")
        self.assertIn(f"up_bytes={len(data)} down_bytes={len(data)}", self.tell("stats"))

    def test_refuses_the_next_ones(self):
        self.assertEqual(self.tell("refuse 2"), "ok")
        for _ in range(2):
            with self.assertRaises(ConnectionError):
                connection = self.connect()
                connection.sendall(b"x")
                if not connection.recv(1):
                    raise ConnectionResetError
        self.assertEqual(self.ask(self.connect()), b"hello")

    def test_a_black_hole_says_nothing(self):
        self.tell("blackhole")
        connection = self.connect()
        connection.sendall(b"x")
        self.assert_silent(connection)
        self.assertEqual(self.echo.seen, [])
        self.tell("pass")
        self.assertEqual(self.ask(self.connect()), b"hello")

    def test_stop_holds_what_resume_lets_go(self):
        connection = self.connect()
        self.assertEqual(self.ask(connection), b"hello")
        self.tell("stop")
        connection.sendall(b"more")
        self.assert_silent(connection)
        self.tell("resume")
        self.assertEqual(self.read(connection, 4), b"more")

    def test_delay_holds_every_byte_both_ways(self):
        connection = self.connect()
        self.ask(connection)
        self.tell("delay 60")
        start = time.monotonic()
        self.assertEqual(self.ask(connection), b"hello")
        self.assertGreaterEqual(time.monotonic() - start, 0.12)

    def test_rate_limits_each_way(self):
        connection = self.connect()
        self.tell("rate 100000")
        start = time.monotonic()
        self.assertEqual(len(self.ask(connection, b"x" * 30000)), 30000)
        self.assertGreaterEqual(time.monotonic() - start, 0.25)

    def test_limits_in_bytes(self):
        self.tell("cut-after 10")
        connection = self.connect()
        connection.sendall(b"x" * 100)
        self.assertEqual(self.read(connection, 100), b"x" * 10)
        self.tell("pass")
        self.tell("reset-after 3 up")
        connection = self.connect()
        with self.assertRaises(ConnectionError):
            connection.sendall(b"12345")
            if not connection.recv(100):
                raise AssertionError("FIN instead of RST")
            connection.recv(1)
        self.tell("pass")
        self.assertEqual(self.ask(self.connect()), b"hello")

    def test_half_close_goes_on_the_other_way(self):
        connection = self.connect()
        self.ask(connection)
        self.tell("half-close down")
        self.assertEqual(connection.recv(1), b"")
        connection.sendall(b"still")
        for _ in range(1000):
            if "up_bytes=10" in self.tell("stats"):
                break
        else:
            self.fail("nothing went up")

    def test_open_connections_are_ended(self):
        connection = self.connect()
        self.ask(connection)
        self.tell("reset")
        with self.assertRaises(ConnectionError):
            connection.recv(1)
        connection = self.connect()
        self.ask(connection)
        self.tell("close")
        self.assertEqual(connection.recv(1), b"")
        self.assertIn("open=0", self.tell("stats"))

    def test_a_closed_port_refuses_and_opens_again(self):
        self.tell("unlisten")
        with self.assertRaises(ConnectionRefusedError):
            self.connect()
        self.assertEqual(self.tell("listen"), "ok")
        self.assertEqual(self.ask(self.connect()), b"hello")

    def test_a_dead_target_is_a_reset(self):
        self.echo.listener.close()
        dead = subprocess.Popen([PROGRAM, "--target", "127.0.0.1:1"], stdout=subprocess.PIPE, text=True)
        try:
            port = int(dead.stdout.readline().rsplit(":", 1)[1])
            # The reset may come before connect() has told of the connection.
            with self.assertRaises(ConnectionError):
                with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as connection:
                    connection.recv(1)
        finally:
            dead.terminate()
            dead.communicate(timeout=DEADLINE_S)

    def test_bad_lines_change_nothing(self):
        self.tell("delay 1")
        for line in ("", "nonsense", "delay", "delay x", "delay -1", "delay 1 2", "half-close", "half-close sideways",
                     "reset-after", "reset-after 1 left", "rate 1.5", "pass now"):
            with self.subTest(line=line):
                self.assertTrue(self.tell(line).startswith("error"))
        self.assertEqual(self.ask(self.connect()), b"hello")


if __name__ == "__main__":
    unittest.main()
