"""Several nodes on one database: killed, stopped, woken and replaced under load. Nothing accepted is lost, nothing is
doubled, and every bucket is looked after by one of them."""

import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

from conftest import House, Process, empty_database, free_port, request
from load import Load, prefer

KILLS = 100


class Fleet(House):
    """Some nodes and one sandbox. Calls go to any node that runs."""

    def __init__(self, folder, database, nodes):
        super().__init__(folder, database)
        self.nodes = [self.node(number) for number in range(nodes)]
        self.rng = random.Random(3)

    def node(self, number):
        port = self.api_port if number == 0 else free_port()
        process = Process(
            self.folder / f"node-{number}.log", "serve", "--listen", f"127.0.0.1:{port}", *self.place,
            "--node", f"node-{number}", "--sandbox-at", self.bank, "--allow-private-webhooks",
        )
        process.url, process.up = f"http://127.0.0.1:{port}", False
        return process

    def start_node(self, node):
        node.start(f"{node.url}/health/ready")
        node.up = True

    def start_server(self):
        for node in self.nodes:
            self.start_node(node)

    def stop(self):
        for node in self.nodes:
            if node.up:
                node.stop()
        self.sandbox.stop()

    def call(self, *args, **kwargs):
        self.api = self.rng.choice([node for node in self.nodes if node.up]).url
        return super().call(*args, **kwargs)

    def prefer(self, channel):
        prefer(self, channel)
        time.sleep(3)  # every node follows what was put through one of them within two seconds

    def kill_node(self, node):
        node.up = False
        node.kill()

    def shares(self):
        """How many buckets each node holds, by name. What nobody holds is under None."""
        sql = "SELECT n.name, count(*) FROM leases l LEFT JOIN nodes n ON n.number = l.holder GROUP BY n.name"
        rows = subprocess.run(["psql", "-At", self.database, "-c", sql], check=True, capture_output=True, text=True)
        return {name or None: int(count) for name, count in (row.split("|") for row in rows.stdout.splitlines())}

    def holder(self, borrower):
        """The name of the node that holds a borrower's bucket: the first two characters of the id's body."""
        first, second = ("0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(digit) for digit in borrower.split("_")[1][:2])
        sql = f"SELECT n.name FROM leases l JOIN nodes n ON n.number = l.holder WHERE l.bucket = {first * 32 + second}"
        found = subprocess.run(["psql", "-At", self.database, "-c", sql], check=True, capture_output=True, text=True)
        return found.stdout.strip()

    def wait_for_shares(self, wanted, seconds):
        begun = time.monotonic()
        while sorted(self.shares().values()) != sorted(wanted):
            assert time.monotonic() - begun < seconds, f"the buckets stayed {self.shares()}"
            time.sleep(0.2)
        return time.monotonic() - begun


@pytest.fixture
def fleet_of(tmp_path, postgres):
    fleets = []

    def start(nodes):
        fleets.append(Fleet(tmp_path, empty_database(postgres), nodes))
        return fleets[-1].start()

    yield start
    for fleet in fleets:
        fleet.stop()


def test_nodes_are_killed_a_hundred_times(fleet_of):
    fleet = fleet_of(3)
    load, rng, back = Load(fleet), random.Random(5), []
    fleet.prefer("unionpay")
    with load.running():
        for _ in range(KILLS):
            node = rng.choice(fleet.nodes)
            fleet.kill_node(node)
            time.sleep(rng.uniform(0, 0.3))
            begun = time.monotonic()
            fleet.start_node(node)
            back.append(time.monotonic() - begun)
            time.sleep(rng.uniform(0, 0.3))
    truth = load.verify()
    assert None not in fleet.shares()
    print(f"kills of nodes survived: {KILLS}; payments accepted: {len(load.accepted)}; "
          f"debits: {truth['debits']['count']}; serving again after {max(back):.1f} s at most")


def test_nodes_join_leave_die_and_sleep(fleet_of):
    fleet = fleet_of(3)
    fleet.wait_for_shares([342, 341, 341], 20)
    load = Load(fleet)
    fleet.prefer("unionpay")
    first, second, third = fleet.nodes
    with load.running():
        time.sleep(1)
        fleet.kill_node(third)
        died = fleet.wait_for_shares([512, 512], 30)
        fleet.start_node(third)
        joined = fleet.wait_for_shares([342, 341, 341], 30)

        # Asleep in the middle of its work, long enough to be replaced; then it wakes up and has to notice.
        second.up = False
        os.killpg(second.child.pid, signal.SIGSTOP)
        slept = fleet.wait_for_shares([512, 512], 30)
        time.sleep(2)
        os.killpg(second.child.pid, signal.SIGCONT)
        second.up = True
        woke = fleet.wait_for_shares([342, 341, 341], 30)

        first.up = False
        first.stop()
        left = fleet.wait_for_shares([512, 512], 30)
        load.wait_for_progress(5)
    truth = load.verify()
    print(f"payments accepted: {len(load.accepted)}; debits: {truth['debits']['count']}; shares were even again after "
          f"{died:.1f} s (killed), {joined:.1f} s (joined), {slept:.1f} s (asleep), {woke:.1f} s (awake), {left:.1f} s (left)")


def test_a_namesake_takes_the_place_and_the_other_stops(fleet_of):
    fleet = fleet_of(1)
    [old] = fleet.nodes
    new = fleet.node(1)
    new.args[new.args.index("--node") + 1] = "node-0"
    fleet.nodes.append(new)
    fleet.start_node(new)
    assert old.child.wait(15) == 1
    old.up = False
    assert "another process has joined" in old.tail()
    assert fleet.make("/v1/borrowers", {"reference": "B-1"})["reference"] == "B-1"


def test_a_breaker_that_one_node_opens_is_open_on_all(fleet_of):
    fleet = fleet_of(2)
    fleet.wait_for_shares([512, 512], 20)
    load = Load(fleet, workers=2)
    fleet.prefer("unionpay")
    # One node alone has anything to do with the channel: the other knows of its trouble by hearsay.
    name = fleet.holder(load.people[0][0])
    load.people = [person for person in load.people if fleet.holder(person[0]) == name]
    [other] = [node for node in fleet.nodes if name not in node.args]

    def standing(node):
        headers = {"Authorization": f"Bearer {fleet.key}"}
        while (reply := request("GET", f"{node.url}/v1/channels", headers=headers)).status == 429:
            time.sleep(float(reply.headers["retry-after"]))
        assert reply.status == 200, reply.text
        return next(one["health"]["state"] for one in reply.json["data"] if one["id"] == "unionpay")

    def wait_until_both_are(wanted):
        deadline = time.monotonic() + 120
        while (seen := [standing(node) for node in fleet.nodes]) != [wanted, wanted]:
            assert time.monotonic() < deadline, f"not {wanted}: {seen}"
            time.sleep(0.1)

    with load.running():
        fleet.sandbox_call("POST", "/faults", {"faults": [
            {"channel": "unionpay", "fault": {"kind": "down"}, "chance_permille": 1000}]})
        wait_until_both_are("open")
        fleet.sandbox_call("DELETE", "/faults")
        wait_until_both_are("closed")
    assert "another node's breaker says so" in pathlib.Path(other.log).read_text()
