"""Test of the failing-write library: a program of its own writes under it.

Run as: test-failing-write.py PATH_TO_THE_LIBRARY
"""
import errno
import os
import subprocess
import sys
import tempfile
import time
import unittest

LIBRARY = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1] != "--writer" else ""
DEADLINE_S = 10


def writer():
    """Does what each line of its input says and answers with "RESULT MILLISECONDS"."""
    files = {}
    for line in sys.stdin:
        operation, path, size = line.split()
        if path not in files:
            files[path] = os.open(path, os.O_CREAT | os.O_RDWR)
        fd, data = files[path], b"x" * int(size)
        start = time.monotonic()
        try:
            result = {
                "write": lambda: os.write(fd, data),
                "pwrite": lambda: os.pwrite(fd, data, 0),
                "writev": lambda: os.writev(fd, [b"", data, data]),
                "fsync": lambda: os.fsync(fd),
                "fdatasync": lambda: os.fdatasync(fd),
                "allocate": lambda: os.posix_fallocate(fd, 0, int(size)),
            }[operation]()
        except OSError as error:
            result = errno.errorcode[error.errno]
        print(result, int((time.monotonic() - start) * 1000), flush=True)


class FailingWrite(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.control = os.path.join(directory.name, "control")
        self.bad, self.good = (os.path.join(directory.name, name) for name in ("bad-file", "good-file"))
        environment = dict(os.environ, LD_PRELOAD=LIBRARY, FAILING_WRITE_CONTROL=self.control)
        self.process = subprocess.Popen([sys.executable, __file__, "--writer"], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tearDown(self):
        self.process.stdin.close()
        self.assertEqual(self.process.wait(DEADLINE_S), 0)
        self.process.stdout.close()

    def say(self, *lines):
        with open(self.control + ".new", "w") as file:
            file.writelines(line.replace("BAD", os.path.join(self.directory, "bad")) + "\n" for line in lines)
        os.rename(self.control + ".new", self.control)

    def do(self, operation, path, size=10):
        self.process.stdin.write(f"{operation} {path} {size}\n")
        self.process.stdin.flush()
        result, ms = self.process.stdout.readline().split()
        return result, int(ms)

    def until(self, wanted, operation, path):
        """The change of the file is seen within some milliseconds."""
        end = time.monotonic() + DEADLINE_S
        while self.do(operation, path)[0] != wanted:
            self.assertLess(time.monotonic(), end, f"{operation} never gave {wanted}")

    def test_without_a_file_all_is_well(self):
        for operation, result in (("write", "10"), ("pwrite", "10"), ("writev", "20"), ("fsync", "None"),
                                  ("fdatasync", "None"), ("allocate", "None")):
            self.assertEqual(self.do(operation, self.bad)[0], result)

    def test_errors_strike_the_prefix_only_until_they_are_off(self):
        for word, name in (("enospc", "ENOSPC"), ("eio", "EIO")):
            self.say(f"{word} BAD")
            self.until(name, "write", self.bad)
            for operation in ("pwrite", "writev", "fsync", "fdatasync", "allocate"):
                with self.subTest(word=word, operation=operation):
                    self.assertEqual(self.do(operation, self.bad)[0], name)
                    self.assertNotEqual(self.do(operation, self.good)[0], name)
            self.say("off")
            self.until("10", "write", self.bad)

    def test_errors_may_be_narrowed_to_operations(self):
        self.say("eio:sync BAD", "enospc:allocate BAD")
        self.until("EIO", "fdatasync", self.bad)
        self.assertEqual(self.do("allocate", self.bad)[0], "ENOSPC")
        self.assertEqual(self.do("write", self.bad)[0], "10")

    def test_a_stall_takes_its_time_and_then_succeeds(self):
        self.say("stall 80 BAD")
        end = time.monotonic() + DEADLINE_S
        while True:
            result, ms = self.do("write", self.bad)
            self.assertEqual(result, "10")
            if ms >= 80:
                break
            self.assertLess(time.monotonic(), end)
        self.assertLess(self.do("write", self.good)[1], 80)

    def test_a_disk_that_is_nearly_full(self):
        self.say("full 25 BAD")
        results = []
        end = time.monotonic() + DEADLINE_S
        while "ENOSPC" not in results:
            results.append(self.do("write", self.bad)[0])
            self.assertLess(time.monotonic(), end)
        self.assertEqual(results[-4:], ["10", "10", "5", "ENOSPC"])
        self.assertEqual(self.do("fdatasync", self.bad)[0], "None")
        self.assertEqual(self.do("allocate", self.bad)[0], "ENOSPC")


if __name__ == "__main__":
    if sys.argv[1:] == ["--writer"]:
        writer()
    else:
        unittest.main()
