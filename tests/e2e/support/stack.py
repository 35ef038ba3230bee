"""One Tollgate: database, fake provider, billing and gateways, on ports of their own, started as deploy/up starts them."""

import json
import os
import pathlib
import shutil
import subprocess

import httpx
import openai
import psycopg
from psycopg.rows import dict_row

from .control import ControlPlane
from .ids import uuid_of
from .process import BIN, Program, free_port, wait_until

TEMPLATE = "tollgate_template"


def run(*words, **more):
    """Runs one of our programs to its end; what it printed, or its complaint."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          cwd="/", **more)
    if done.returncode != 0:
        raise AssertionError(f"{words[0]} {words[1]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def shell_lines(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


class Stack:
    def __init__(self, folder, cluster, broker=None, gateways=1, settings=None, workers=1, catalog=None,
                 control=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.cluster, self.broker = cluster, broker
        self.database = f"t_{os.urandom(6).hex()}"
        self.topic = f"usage-{self.database}"
        self.settings = {"workers": workers, **(settings or {})}
        self.gateways, self.billing, self.provider, self.plane = [], None, None, None
        cluster.make(self.database, TEMPLATE)
        try:
            self.bring_up(gateways, control)
        except BaseException:
            self.stop()
            raise

    def bring_up(self, gateways, control):
        cluster, broker = self.cluster, self.broker
        self.secret("snapshot.key", "k" * 64)
        for role in ("gateway", "billing", "control"):
            self.secret(f"{role}.url", cluster.url(self.database, f"tollgate_{role}"))
        self.boot = shell_lines(self.control("bootstrap"))
        self.key = self.boot["TOLLGATE_KEY"]
        self.tenant = self.boot["TENANT"]
        if broker:
            self.create_topic()
        self.start_provider()
        self.start_billing()
        if control:
            self.settings["control_url"] = self.serve_control().url
        for number in range(gateways):
            self.add_gateway(number)

    # ---- programs ----

    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

    def control(self, *words):
        return run(BIN / "tollgate-control", *words, "--database-url-file", self.folder / "control.url")

    def change(self, sql, *values):
        """A change of what gateways see, and the wait until they have it."""
        with psycopg.connect(self.cluster.url(self.database, "postgres"), autocommit=True) as db:
            db.execute(sql, values)
            version = db.execute("SELECT version FROM tollgate.snapshot_version").fetchone()[0]
        for gateway in self.gateways:
            wait_until(lambda: gateway.metrics().get("tollgate_snapshot_version", 0) >= version,
                       "the gateway has the newest snapshot")

    def start_provider(self):
        ready = self.folder / "provider.out"
        with open(ready, "wb") as out:
            self.provider = Program("fake-provider", [BIN / "tollgate-fake-provider", "--listen", "127.0.0.1:0"],
                                    log=self.folder / "provider.log", stdout=out)

        def address():
            self.provider.must_run()
            line = ready.read_text()
            return line.split()[-1] if line.endswith("\n") else None

        self.provider_url = "http://" + wait_until(address, "the fake provider listens")

    def config(self, name, **settings):
        path = self.folder / f"{name}.conf"
        path.write_text("".join(
            f"{key.replace('_', '-')} = {one}\n" for key, value in settings.items()
            for one in (value if isinstance(value, list) else [value])))
        return path

    def source_settings(self):
        if self.broker:
            return {"source": "kafka", "kafka_brokers": self.broker.brokers, "kafka_topic": self.topic}
        return {"source": "journal"}

    def start_billing(self):
        port = free_port()
        self.billing_ops = f"http://127.0.0.1:{port}"
        config = self.config("billing", **self.source_settings(), journal_dir=self.folder / "data/journal",
                             database_url_file=self.folder / "billing.url", ops_listen=f"127.0.0.1:{port}")
        (self.folder / "data/journal").mkdir(parents=True, exist_ok=True)
        self.billing = Program("billing", [BIN / "tollgate-billing", "run", "--config", config],
                               log=self.folder / "billing.log")

    def create_topic(self):
        run(BIN / "tollgate-billing", "create-topic", "--kafka-brokers", self.broker.brokers, "--kafka-topic", self.topic,
            "--partitions", "12")

    def switch(self, broker):
        """To Kafka, or to the journal with None, in deploy/up's order: end, drain the old way, begin in the new one."""
        for gateway in self.gateways:
            gateway.stop()
        self.billing.stop()
        self.billing_run("drain")
        self.broker = broker
        if broker:
            self.create_topic()
        self.start_billing()
        for gateway in self.gateways:
            gateway.configure()
            gateway.start()

    def billing_metrics(self):
        return httpx.get(f"{self.billing_ops}/metrics").text

    def billing_run(self, *words):
        return run(BIN / "tollgate-billing", *words, "--config", self.folder / "billing.conf")

    def serve_control(self, **settings):
        """The control plane's API; not every stack needs it. With Stack(control=True) the gateways pass calls to it."""
        self.plane = ControlPlane(self, **settings)
        return self.plane

    def add_gateway(self, number, **settings):
        gateway = Gateway(self, number, {**self.settings, **settings})
        self.gateways.append(gateway)
        gateway.start()
        return gateway

    @property
    def gateway(self):
        return self.gateways[0]

    @property
    def url(self):
        return self.gateway.url

    # ---- clients ----

    def client(self, key=None, gateway=None, **more):
        more.setdefault("max_retries", 0)
        more.setdefault("timeout", 30)
        return openai.OpenAI(api_key=key or self.key, base_url=(gateway or self.gateway).url + "/v1", **more)

    def post(self, path, body, key=None, gateway=None, **more):
        headers = {"authorization": f"Bearer {key or self.key}", **more.pop("headers", {})}
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers["content-type"] = "application/json"
        return httpx.post((gateway or self.gateway).url + path, content=body, headers=headers, timeout=30, **more)

    def new_key(self, *words, tenant=None):
        """{key, key_id, public_part}, when every gateway knows it."""
        made = json.loads(self.control("key", "create", "--tenant", tenant or self.tenant, *words, "--json"))
        wait_until(lambda: self.knows(made["key"]), "the gateways know the new key")
        return made

    def new_tenant(self, *words, usd="100"):
        """{tenant, project, key, key_id, public_part}: one that can pay, so that a test counts its own money only."""
        name = f"tenant {os.urandom(6).hex()}"
        made = json.loads(self.control("tenant", "create", "--name", name, *words, "--json"))
        if usd:
            self.control("credit", "add", "--tenant", made["tenant"], "--usd", usd)
        return {**made, **self.new_key(tenant=made["tenant"])}

    def knows(self, key):
        return all(httpx.get(gateway.url + "/v1/models", headers={"authorization": f"Bearer {key}"}).status_code != 401
                   for gateway in self.gateways)

    # ---- truth ----

    def truth(self, since=0, **more):
        """What the provider saw, oldest first; of its last thousand calls with body=1 also what they asked."""
        calls = []
        while True:
            answer = httpx.get(self.provider_url + "/truth", params={"since": since, "limit": 5000, **more})
            lines = [json.loads(line) for line in answer.text.splitlines()]
            calls += lines
            if not lines:
                return calls
            since = int(answer.headers["x-truth-next"])

    def faults(self, **rule):
        httpx.post(self.provider_url + "/control", json=rule).raise_for_status()

    def query(self, sql, *values):
        with psycopg.connect(self.cluster.url(self.database, "postgres"), autocommit=True, row_factory=dict_row) as db:
            return db.execute(sql, values).fetchall()

    def events(self, **where):
        conditions = " AND ".join(f"{name} = %s" for name in where) or "true"
        return self.query(
            f"SELECT e.*, o.name AS outcome_name FROM tollgate.usage_events e JOIN tollgate.outcomes o USING (outcome) "
            f"WHERE {conditions} ORDER BY event_id", *where.values())

    def event(self, generation, seconds=30):
        """The posted event of one answer, waited for."""
        event_id = uuid_of(generation)
        rows = wait_until(lambda: self.events(event_id=event_id), f"the event {generation} is posted", seconds)
        assert len(rows) == 1
        return rows[0]

    def wait_posted(self, count, seconds=60):
        wait_until(lambda: self.query("SELECT count(*) AS n FROM tollgate.usage_events")[0]["n"] >= count,
                   f"{count} events are posted", seconds)

    def stop(self):
        problems = []
        for program in [*self.gateways, self.plane, self.billing, self.provider]:
            try:
                if program:
                    program.stop()
            except AssertionError as problem:
                problems.append(str(problem))
        with self.cluster.connect("postgres") as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        if not problems:
            shutil.rmtree(self.folder, ignore_errors=True)
        assert not problems, "\n".join(problems)


class Gateway:
    def __init__(self, stack, number, settings):
        self.stack, self.number, self.settings = stack, number, settings
        self.ports = stack.folder / f"gateway-{number}.ports"
        self.program = None
        self.env = {}
        self.configure()

    def configure(self):
        stack = self.stack
        data = stack.folder / "data"
        data.mkdir(exist_ok=True)
        kafka = {"kafka_brokers": stack.broker.brokers, "kafka_topic": stack.topic} if stack.broker else {}
        self.file = stack.config(f"gateway-{self.number}", **{
            "mode": "trial", "listen": "127.0.0.1:0", "ops_listen": "127.0.0.1:0", "port_file": self.ports,
            "data_dir": data, "database_url_file": stack.folder / "gateway.url",
            "snapshot_key_file": stack.folder / "snapshot.key", "sandbox_url": stack.provider_url, **kafka, **self.settings})

    def start(self, ready=True):
        self.ports.unlink(missing_ok=True)
        self.program = Program(f"gateway {self.number}", [BIN / "tollgate-gateway", "--config", self.file],
                               log=self.stack.folder / f"gateway-{self.number}.log", env=self.env)
        wait_until(self._listens, "the gateway listens", 30)
        if ready:
            wait_until(self.ready, "the gateway is ready", 30)

    def _listens(self):
        self.program.must_run()
        if not self.ports.exists():
            return False
        ports = shell_lines(self.ports.read_text())
        self.url = f"http://127.0.0.1:{ports['listen']}"
        self.ops = f"http://127.0.0.1:{ports['ops-listen']}"
        return True

    def ready(self):
        self.program.must_run()
        try:
            return httpx.get(self.url + "/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self):
        self.program.kill()

    def stop(self):
        if self.program:
            self.program.stop(40)

    def metrics(self):
        values = {}
        for line in httpx.get(self.ops + "/metrics").text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values
