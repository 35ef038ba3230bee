"""A single-node Apache Kafka of the test session's own; the recipe is deploy's."""

import base64
import ctypes
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess

from .process import ROOT, Program, free_port, wait_until


def libs():
    folder = pathlib.Path(os.environ.get("TOLLGATE_KAFKA_LIBS", ROOT / "var/kafka/libs"))
    if not list(folder.glob("kafka_*.jar")):
        raise RuntimeError(f"Kafka's jars are not in {folder}: tests/run e2e fetches them")
    return folder


class Broker:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port, self.controller_port = free_port(), free_port()
        text = (ROOT / "deploy/kafka/server.properties.in").read_text()
        for name, value in {"PORT": self.port, "CONTROLLER_PORT": self.controller_port,
                            "DATA": self.folder / "data"}.items():
            text = text.replace(f"@{name}@", str(value))
        self.properties = self.folder / "server.properties"
        self.properties.write_text(text)
        self.java = ["java", "-cp", f"{libs()}/*",
                     f"-Dlog4j2.configurationFile={ROOT / 'deploy/kafka/log4j2.properties'}"]
        cluster = "A" + base64.urlsafe_b64encode(os.urandom(16)).decode()[1:22]
        with open(self.folder / "format.log", "wb") as log:
            subprocess.run([*self.java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", self.properties],
                           check=True, stdout=log, stderr=log)
        self.server = None
        self.start()

    @property
    def brokers(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.server = Program(
            "kafka", [self.java[0], "-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", *self.java[1:], "kafka.Kafka",
                      self.properties], log=self.folder / "kafka.log")
        wait_until(self._answers, "Kafka answers", seconds=90)

    def _answers(self):
        """The broker answers a request for its API versions; a listening port is not yet a broker."""
        self.server.must_run()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as probe:
                probe.sendall(struct.pack(">ihhih", 10, 18, 0, 1, -1))
                return len(probe.recv(8)) == 8
        except OSError:
            return False

    def stop(self):
        if self.server:
            self.server.stop(60)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def delete_topic(broker, topic):
    """As an operator might, behind our back. No client of Python's is needed for that one call: librdkafka is there."""
    kafka = ctypes.CDLL("librdkafka.so.1")
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_DeleteTopic_new", "rd_kafka_queue_new",
                 "rd_kafka_queue_poll", "rd_kafka_event_DeleteTopics_result"):
        getattr(kafka, name).restype = ctypes.c_void_p
    error = ctypes.create_string_buffer(512)
    conf = ctypes.c_void_p(kafka.rd_kafka_conf_new())
    kafka.rd_kafka_conf_set(conf, b"bootstrap.servers", broker.brokers.encode(), error, 512)
    client = ctypes.c_void_p(kafka.rd_kafka_new(0, conf, error, 512))
    queue = ctypes.c_void_p(kafka.rd_kafka_queue_new(client))
    wanted = (ctypes.c_void_p * 1)(kafka.rd_kafka_DeleteTopic_new(topic.encode()))
    kafka.rd_kafka_DeleteTopics(client, wanted, 1, None, queue)
    event = ctypes.c_void_p(kafka.rd_kafka_queue_poll(queue, 20000))
    assert event and kafka.rd_kafka_event_error(event) == 0, "the topic is deleted"
    kafka.rd_kafka_event_destroy(event)
    kafka.rd_kafka_queue_destroy(queue)
    kafka.rd_kafka_destroy(client)


def topics(broker):
    said = subprocess.run(["kcat", "-L", "-J", "-b", broker.brokers], check=True, stdout=subprocess.PIPE, timeout=60)
    return {topic["topic"] for topic in json.loads(said.stdout)["topics"]}
