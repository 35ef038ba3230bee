"""A PostgreSQL cluster of the test session's own, and databases in it that are copies of a migrated one."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import psycopg

from .process import ROOT, Program, free_port, wait_until

ROLES = ("owner", "gateway", "billing", "control")


def server_programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise RuntimeError("PostgreSQL's server programs are not installed")
    return found[-1].parent


def as_server_user():
    """PostgreSQL refuses to run as root: then it runs as the user that its package made."""
    if os.geteuid() != 0:
        return [], None
    user = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups"], user


class Cluster:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.words, self.user = as_server_user()
        self.bin = server_programs()
        self.server = None
        self._make()

    def _make(self):
        self.folder.mkdir(parents=True)
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        subprocess.run(
            [*self.words, self.bin / "initdb", "-D", self.folder / "data", "-U", "postgres", "--auth=trust",
             "--encoding=UTF8", "--locale=C.UTF-8"],
            check=True, cwd="/", stdout=subprocess.DEVNULL)
        self.start()
        with self.connect("postgres") as admin:
            for role in ROLES:
                bypass = " BYPASSRLS" if role == "billing" else ""
                admin.execute(f"CREATE ROLE tollgate_{role} LOGIN{bypass}")

    def start(self):
        self.server = Program(
            "postgres",
            [*self.words, self.bin / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-k", "",
             "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "shared_buffers=128MB"],
            log=self.folder.parent / "postgres.log")
        wait_until(self._answers, "PostgreSQL answers", seconds=60)

    def _answers(self):
        self.server.must_run()
        try:
            with psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def url(self, database, user):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database, user="postgres"):
        return psycopg.connect(self.url(database, user), autocommit=True)

    def make(self, database, template=None):
        with self.connect("postgres") as admin:
            admin.execute(f'CREATE DATABASE "{database}" OWNER tollgate_owner'
                          + (f' TEMPLATE "{template}"' if template else ""))

    def kill(self):
        """As a crash would: no shutdown checkpoint."""
        self.server.kill()

    def stop(self):
        if self.server:
            self.server.stop(number=signal.SIGINT)  # fast: it does not wait for who is connected
        shutil.rmtree(self.folder, ignore_errors=True)


def migrate(cluster, database, program):
    subprocess.run([program, "up", "--database", cluster.url(database, "tollgate_owner"),
                    "--dir", ROOT / "migrations"], check=True, stdout=subprocess.PIPE)
