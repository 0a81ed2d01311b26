"""What a machine does to a database: connections cut at `COMMIT`, a full disk, an fsync that fails. Nothing accepted is
lost, nothing is doubled, and what can't be kept is refused."""

import collections
import contextlib
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import pytest

from conftest import House, empty_database, own_postgres
from load import Load, any_reference, configured, prefer, quick_channels

CUTS = 150
CUTS_AT_COMMIT = 60
FAILED_FSYNCS = 5


@pytest.fixture
def start(tmp_path):
    """Starts a house that ends with the test, also one that fails."""
    houses = []

    def start(database=None, data=None, house=None):
        house = house or House(tmp_path, database)
        if data:
            for place in (house.place, house.server.args):
                place[place.index("--data") + 1] = str(data)
        houses.append(house)
        return house.start()

    yield start
    for house in houses:
        house.stop()


# A simple query, and the word by which the server says that it was done, as they look on the wire.
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"


class Line:
    """One connection through the proxy."""

    def __init__(self, client, server):
        self.client, self.server, self.deaf, self.heard = client, server, threading.Event(), b""

    def hang_up(self, *ends):
        for end in ends or (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class CuttingProxy:
    """Stands between Lockstep and its database and cuts connections: anywhere, and where it hurts most."""

    def __init__(self, database, rng):
        address = urllib.parse.urlsplit(database)
        self.server, self.rng, self.cutting = (address.hostname, address.port), rng, False
        self.lines, self.cuts, self.lock = set(), collections.Counter(), threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        self.database = database.replace(f":{address.port}/", f":{port}/", 1)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.server)
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line = Line(client, server)
                self.lines.add(line)
                for pump in (self.to_server, self.to_client):
                    threading.Thread(target=pump, args=(line,), daemon=True).start()

    def to_server(self, line):
        tail = b""
        with contextlib.suppress(OSError):
            while data := line.client.recv(65536):
                at_commit = COMMIT in tail + data
                tail = data[-len(COMMIT) + 1:]
                if at_commit and self.cutting and self.rng.random() < 0.1:
                    self.cut_at_commit(line, data)
                    break
                line.server.sendall(data)
        self.lines.discard(line)
        line.hang_up()

    def to_client(self, line):
        with contextlib.suppress(OSError):
            while data := line.server.recv(65536):
                if line.deaf.is_set():
                    line.heard += data
                else:
                    line.client.sendall(data)
        line.hang_up()

    def cut_at_commit(self, line, data):
        """The client never hears what became of it. It was done; or it was never said; or it is said later, when the
        client may already be asking elsewhere."""
        line.deaf.set()
        how = self.rng.choice(["done", "both ends gone", "never said", "said later"])
        if how in ("done", "both ends gone"):
            line.server.sendall(data)
        if how in ("both ends gone", "never said"):
            line.hang_up(line.server)
        line.hang_up(line.client)
        if how == "said later":
            time.sleep(self.rng.uniform(0.01, 0.6))
            line.server.sendall(data)
        deadline = time.monotonic() + 5
        while how in ("done", "said later") and COMMITTED not in line.heard and time.monotonic() < deadline:
            time.sleep(0.005)
        with self.lock:
            self.cuts[f"at commit, {how}"] += 1
            self.cuts["at commit"] += 1
            self.cuts["committed all the same"] += COMMITTED in line.heard

    def cut_one(self):
        if lines := list(self.lines):
            self.rng.choice(lines).hang_up()
            with self.lock:
                self.cuts["anywhere"] += 1


def test_connections_are_cut_at_commit(start, postgres):
    rng = random.Random(11)
    proxy = CuttingProxy(empty_database(postgres), rng)
    house = start(proxy.database)
    load = Load(house)
    with load.running():
        proxy.cutting, deadline = True, time.monotonic() + 90
        while proxy.cuts["at commit"] < CUTS_AT_COMMIT or proxy.cuts["anywhere"] < CUTS - CUTS_AT_COMMIT:
            assert time.monotonic() < deadline, f"too little traffic to cut: {proxy.cuts}"
            time.sleep(rng.uniform(0.0, 0.4))
            proxy.cut_one()
        proxy.cutting = False
        again = load.wait_for_progress(30)
    truth = load.verify()
    at_commit = {name.removeprefix("at commit, "): count for name, count in sorted(proxy.cuts.items()) if "," in name}
    assert len(at_commit) == 4 and proxy.cuts["committed all the same"] >= 10, proxy.cuts
    print(f"connections cut: {proxy.cuts['anywhere'] + proxy.cuts['at commit']}, {proxy.cuts['at commit']} of them at "
          f"COMMIT {at_commit}; committed all the same: {proxy.cuts['committed all the same']}; payments accepted: "
          f"{len(load.accepted)}; debits: {truth['debits']['count']}; accepting again after {again:.1f} s")


class SmallDisk:
    """A folder with little room, which only root may make: the test fails where nobody is, and sudo asks for a password."""

    def __init__(self, megabytes):
        # Not among pytest's folders, which only their owner may enter: PostgreSQL runs as somebody else where we are root.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-disk-"))
        self.folder.chmod(0o755)
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        self.unmount = [*root, "umount", "--lazy", self.folder]
        kind = f"size={megabytes}m,uid={os.getuid()},mode=755"
        mount = [*root, "mount", "-t", "tmpfs", "-o", kind, "lockstep-test", self.folder]
        subprocess.run(mount, check=True)

    def fill(self):
        with contextlib.suppress(OSError), open(self.folder / "ballast", "wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))

    def free(self):
        (self.folder / "ballast").unlink()

    def gone(self):
        subprocess.run(self.unmount, check=True)
        shutil.rmtree(self.folder)


@pytest.fixture
def small_disk():
    disks = []

    def make(megabytes):
        disks.append(SmallDisk(megabytes))
        return disks[-1]

    yield make
    for disk in disks:
        disk.gone()


def wait_for_refusals(house, seconds=40):
    """Until nothing can be written any more. What callers get then is said at once and says when to come back."""
    deadline, row = time.monotonic() + seconds, 0
    while row < 5:
        assert time.monotonic() < deadline, "the fault did not reach the database"
        reply = house.call("POST", "/v1/borrowers", {"reference": any_reference()})
        assert reply.status in (201, 429, 503), (reply.status, reply.text)
        row = row + 1 if reply.status == 503 else 0
        if reply.status != 201:
            assert int(reply.headers["retry-after"]) >= 1
        time.sleep(0.2)


def test_the_disk_of_the_embedded_database_is_full(start, small_disk):
    disk = small_disk(256)
    house = start(data=disk.folder / "data")
    load, back = Load(house), []
    with load.running():
        for _ in range(3):
            time.sleep(2)
            disk.fill()
            wait_for_refusals(house)
            assert house.get("/v1/orders?limit=1")["data"], "what is there can be read all the same"
            disk.free()
            back.append(load.wait_for_progress(10))
    truth = load.verify()
    print(f"SQLite: the disk was full {len(back)} times; payments accepted: {len(load.accepted)}; "
          f"debits: {truth['debits']['count']}; accepting again after {max(back):.1f} s at most")


def test_the_disk_of_the_server_is_full(start, small_disk):
    disk = small_disk(256)
    with own_postgres(disk.folder / "postgres") as database:
        house = start(database.url)
        load, back, crashes = Load(house), [], 0
        with load.running():
            for full in range(3):
                time.sleep(2)
                disk.fill()
                wait_for_refusals(house)
                if full > 0:
                    # A server that can't even begin another file of its log ends itself, and can't come back by itself.
                    subprocess.run(["psql", "-q", database.url, "-c", "SELECT pg_switch_wal()"], capture_output=True)
                    wait_for_refusals(house)
                disk.free()
                if not database.serves():
                    crashes += 1
                    database.start()
                back.append(load.wait_for_progress(30))
        truth = load.verify()
        print(f"PostgreSQL: the disk was full {len(back)} times, {crashes} of them ended the server; payments accepted: "
              f"{len(load.accepted)}; debits: {truth['debits']['count']}; accepting again after {max(back):.1f} s at most")
        house.stop()


def strace(log, calls, every):
    """Makes these calls fail once in so many times in each process and thread."""
    inject = f"inject={calls}:error=EIO:when={every}+{every}"
    return ["strace", "-f", "-qq", "-o", log, "-e", f"trace={calls}", "-e", inject]


def test_fsync_fails_under_the_server(start):
    """The server ends itself then and reads its log again: nobody knows what is on the disk after a second fsync."""
    with own_postgres() as database:
        house = start(database.url)
        load = Load(house)
        failed = database.folder / "fsyncs"
        with load.running():
            time.sleep(1)
            database.kill()
            # Its log is synced by fdatasync; recovering, which must not fail each time, by fsync.
            database.start_under(*strace(failed, "fdatasync", 25))
            deadline = time.monotonic() + 120
            while (count := failed.read_text().count("(INJECTED)")) < FAILED_FSYNCS:
                assert time.monotonic() < deadline, f"only {count} of {FAILED_FSYNCS} fsyncs failed"
                time.sleep(0.1)
            database.kill()
            database.start()
            back = load.wait_for_progress(30)
        truth = load.verify()
        crashes = (database.folder / "log").read_text(errors="replace").count("PANIC:  could not f")
        assert crashes >= FAILED_FSYNCS // 2, "it went on as if nothing had been"
        print(f"PostgreSQL: fsyncs failed: {count}; the server ended itself {crashes} times; payments accepted: "
              f"{len(load.accepted)}; debits: {truth['debits']['count']}; accepting again after {back:.1f} s")
        house.stop()


def test_fsync_fails_under_the_embedded_database(start, tmp_path):
    """Nothing is acknowledged any more, and the process ends: what the disk holds is found out by a start."""
    house, config = House(tmp_path), tmp_path / "lockstep.toml"
    config.write_text(quick_channels(house.bank))
    configured(house, config)
    start(house=house)
    load, failed, back = Load(house), tmp_path / "fsyncs", []
    prefer(house, "unionpay")  # the other bank keeps its own time about what it has never seen
    with load.running():
        for round in range(FAILED_FSYNCS):
            time.sleep(1)
            house.server.kill()
            house.server.under = strace(failed, "fsync,fdatasync", 30 + 17 * round)
            with contextlib.suppress(RuntimeError):  # it may have ended before it was ready
                house.start_server()
            assert house.server.child.wait(30) == 1, "it went on as if nothing had been"
            assert failed.read_text().count("(INJECTED)") >= 1
            house.server.under = []
            house.start_server()
            back.append(load.wait_for_progress(10))
    truth = load.verify()
    print(f"SQLite: fsyncs failed: {FAILED_FSYNCS}; payments accepted: {len(load.accepted)}; "
          f"debits: {truth['debits']['count']}; accepting again after {max(back):.1f} s at most")
