"""What the end to end tests stand on: one PostgreSQL cluster and one Kafka per session, one Tollgate per test module."""

import itertools
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from support.kafka import Broker
from support.postgres import Cluster, migrate
from support.process import BIN, ROOT
from support.stack import TEMPLATE, Stack


@pytest.fixture(scope="session")
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="tollgate-e2e-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(folder):
    cluster = Cluster(folder / "postgres")
    cluster.make(TEMPLATE)
    migrate(cluster, TEMPLATE, BIN / "tollgate-migrate")
    subprocess.run([BIN / "tollgate-control", "catalog", "import", ROOT / "deploy/catalog/catalog.json", "--database",
                    cluster.url(TEMPLATE, "tollgate_control")], check=True, stdout=subprocess.DEVNULL)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def broker(folder):
    broker = Broker(folder / "kafka")
    yield broker
    broker.remove()


@pytest.fixture(scope="module")
def make_stack(request, folder, cluster):
    """A factory: make_stack(broker=…, gateways=…) gives a Tollgate that ends with the module."""
    made, number = [], itertools.count()

    def make(**options):
        stack = Stack(folder / f"{request.module.__name__}-{next(number)}", cluster, **options)
        made.append(stack)
        return stack

    yield make
    for stack in made:
        stack.stop()


@pytest.fixture(scope="module")
def stack(make_stack):
    """On the embedded default: billing reads the journal."""
    return make_stack()


@pytest.fixture(scope="module")
def kafka_stack(make_stack, broker):
    return make_stack(broker=broker)


@pytest.fixture(scope="module", params=["journal", "kafka"])
def each_stack(request, make_stack):
    """The same test with both sources of events."""
    return make_stack(broker=request.getfixturevalue("broker") if request.param == "kafka" else None)
