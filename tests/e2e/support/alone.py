"""Stacks outside of pytest, for what measures: a PostgreSQL cluster of their own, and all gone at the end."""

import contextlib
import itertools
import pathlib
import shutil
import subprocess
import tempfile

from .postgres import Cluster, migrate
from .process import BIN, ROOT
from .stack import TEMPLATE, Stack


@contextlib.contextmanager
def stacks(shipped=False):
    """A factory as the fixture make_stack is one; `shipped`: with the catalog that is shipped."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tollgate-bench-"))
    folder.chmod(0o755)
    made, number, cluster = [], itertools.count(), None

    def make(**options):
        made.append(Stack(folder / f"stack-{next(number)}", cluster, **options))
        return made[-1]

    try:
        cluster = Cluster(folder / "postgres")
        cluster.make(TEMPLATE)
        migrate(cluster, TEMPLATE, BIN / "tollgate-migrate")
        if shipped:
            subprocess.run([BIN / "tollgate-control", "catalog", "import", ROOT / "deploy/catalog/catalog.json", "--database",
                            cluster.url(TEMPLATE, "tollgate_control")], check=True, stdout=subprocess.DEVNULL)
        yield make
    finally:
        for stack in made:
            stack.stop()
        if cluster:
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
