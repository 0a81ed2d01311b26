"""Shared pieces of the end-to-end tests: the real release binary, real sockets, real files, on loopback only."""

import contextlib
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("LOCKSTEP_BIN", ROOT / "target/release/lockstep"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*args, **kwargs):
    """Runs the binary to its end."""
    kwargs.setdefault("timeout", 600)
    return subprocess.run([BINARY, *map(str, args)], capture_output=True, text=True, **kwargs)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.text = status, headers, body

    @property
    def json(self):
        return json.loads(self.text)


def request(method, url, body=None, headers=None, timeout=40):
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    call = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))
    if data is not None and "content-type" not in {name.lower() for name in call.headers}:
        call.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(call, timeout=timeout) as answer:
            return Reply(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Reply(error.code, error.headers, error.read().decode())


class Process:
    """A process of the binary with its log in a file."""

    def __init__(self, log, *args):
        self.log, self.args, self.child, self.under = log, [str(arg) for arg in args], None, []

    def start(self, ready_url):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([*self.under, BINARY, *self.args], stdout=log, stderr=log,
                                          start_new_session=True)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                raise RuntimeError(f"{self.args} ended with {self.child.returncode}: {self.tail()}")
            try:
                if request("GET", ready_url, timeout=2).status == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"{self.args} did not become ready: {self.tail()}")

    def tail(self):
        return pathlib.Path(self.log).read_text(errors="replace")[-3000:]

    def kill(self):
        """kill -9 of the whole process group."""
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def stop(self, within=25):
        if self.child and self.child.poll() is None:
            self.child.terminate()
            return self.child.wait(within)
        return None


class House:
    """A sandbox and a server, each its own process, as in production."""

    def __init__(self, folder, database=None):
        self.folder, self.database = folder, database
        self.place = ["--data", folder / "data", *(["--database", database] if database else [])]
        self.api_port, self.bank_port = free_port(), free_port()
        self.api, self.bank = f"http://127.0.0.1:{self.api_port}", f"http://127.0.0.1:{self.bank_port}"
        self.data = folder / "data"
        self.sandbox = Process(
            folder / "sandbox.log", "sandbox", "serve", "--listen", f"127.0.0.1:{self.bank_port}",
            "--data", folder / "bank", "--callbacks-to", self.api,
        )
        self.server = Process(
            folder / "server.log", "serve", "--listen", f"127.0.0.1:{self.api_port}", *self.place,
            "--sandbox-at", self.bank, "--allow-private-webhooks",
        )
        self.key = None

    def start(self):
        self.sandbox.start(f"{self.bank}/sandbox/v1/health")
        added = run("tenant", "add", "Sunrise Credit", *self.place, "--json")
        assert added.returncode == 0, added.stderr
        self.key = json.loads(added.stdout)["api_key"]
        self.start_server()
        return self

    def start_server(self):
        self.server.start(f"{self.api}/health/ready")

    def stop(self):
        self.server.stop()
        self.sandbox.stop()

    def call(self, method, path, body=None, key=None, idem=None, headers=None, timeout=40):
        sent = {"Authorization": f"Bearer {key or self.key}"}
        if method in ("POST", "PUT"):
            sent["Idempotency-Key"] = f'"{idem or uuid.uuid4()}"'
        sent.update(headers or {})
        return request(method, self.api + path, body, sent, timeout)

    def make(self, path, body, **kwargs):
        reply = self.call("POST", path, body, **kwargs)
        assert reply.status in (200, 201, 202), (path, reply.status, reply.text)
        return reply.json

    def get(self, path):
        reply = self.call("GET", path)
        while reply.status == 429:
            time.sleep(float(reply.headers["retry-after"]))
            reply = self.call("GET", path)
        assert reply.status == 200, (path, reply.status, reply.text)
        return reply.json

    def sandbox_call(self, method, path, body=None):
        reply = request(method, f"{self.bank}/sandbox/v1{path}", body)
        assert reply.status < 300, (path, reply.status, reply.text)
        return reply.json if reply.text else None

    def wait_for(self, path, good, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            seen = self.get(path)
            if good(seen):
                return seen
            assert time.monotonic() < deadline, f"{path} stayed {seen}"
            time.sleep(0.1)

    def latest_code(self, mobile):
        messages = self.sandbox_call("GET", f"/phones/{mobile}/messages")
        return messages[-1]["code"]


class OwnPostgres:
    """A database server that a test may kill."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url

    def processes(self):
        """The server's and all that it has started."""
        parent = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True).stdout.split()
        return [parent, *map(int, children)]

    def kill(self):
        """kill -9 of the server and every process of it, at once."""
        os.kill(self.processes()[0], signal.SIGSTOP)  # no more children
        everybody = self.processes()
        for pid in everybody:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while any(pathlib.Path(f"/proc/{pid}").exists() for pid in everybody):
            time.sleep(0.01)

    def start(self):
        subprocess.run([ROOT / "scripts/postgres.sh", "start", self.folder], check=True, timeout=60)

    def serves(self):
        asked = subprocess.run(["psql", "-At", self.url, "-c", "SELECT 1"], capture_output=True, text=True)
        return asked.stdout == "1\n"

    def start_under(self, *command):
        """As a child of another command, which has to let it work."""
        starting = [ROOT / "scripts/postgres.sh", "under", self.folder, *command]
        child = subprocess.Popen(starting, start_new_session=True)
        deadline = time.monotonic() + 30
        while not self.serves():
            log = (self.folder / "log").read_text(errors="replace")[-1000:]
            assert child.poll() is None and time.monotonic() < deadline, f"no server under {command}: {log}"
            time.sleep(0.05)
        return child


@contextlib.contextmanager
def own_postgres(folder=None):
    # Not among pytest's folders, which only their owner may enter: the server runs as somebody else where we are root.
    folder = folder or pathlib.Path(tempfile.mkdtemp(prefix="lockstep-postgres-"))
    server = subprocess.Popen([ROOT / "scripts/postgres.sh", "serve", folder], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().strip()
    assert url.startswith("postgres://"), "the database server did not start"
    try:
        yield OwnPostgres(folder, url)
    finally:
        server.stdin.close()
        server.wait(30)


def empty_database(server):
    """A schema of its own, which is quicker made than a database; the address of a role with no more rights than serving
    needs."""
    schema = f"house_{uuid.uuid4().hex[:12]}"
    subprocess.run(["psql", "-q", server, "-c", f"CREATE SCHEMA {schema}"], check=True)
    database = f"{server}&options=-c%20search_path%3D{schema}"
    migrated = run("migrate", "--database", database)
    assert migrated.returncode == 0, migrated.stderr
    role = """DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'house') THEN
                  CREATE ROLE house LOGIN IN ROLE lockstep_server; END IF; END $$"""
    subprocess.run(["psql", "-q", server, "-c", role], check=True)
    return database.replace("//lockstep@", "//house@", 1)


def dump(database):
    """Everything in the tables of a database, as text."""
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    names = subprocess.run(["psql", "-At", database, "-c", tables], check=True, capture_output=True, text=True)
    rows = [subprocess.run(["psql", "-At", database, "-c", f"TABLE {name}"], check=True, capture_output=True).stdout
            for name in names.stdout.split()]
    assert sum(map(len, rows)) > 1000, "nothing was read"
    return b"".join(rows)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of these tests' own."""
    with own_postgres() as server:
        yield server.url


@pytest.fixture(params=["sqlite", "postgres"])
def house(request, tmp_path):
    database = None
    if request.param == "postgres":
        database = empty_database(request.getfixturevalue("postgres"))
    house = House(tmp_path, database).start()
    yield house
    house.stop()


class Receiver:
    """A webhook receiver that keeps what it gets."""

    def __init__(self):
        self.messages, self.answers = [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.messages.append((dict(self.headers), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


# Well-formed test identities: real bank prefixes and region codes, invented everything else.
PERSON = {
    "holder_name": "王伟",
    "id_number": "11010519491231002X",
    "mobile": "13800138000",
    "card_number": "6222020000000000000",
}


def luhn(body):
    total = sum(sum(divmod(int(digit) * (2 if index % 2 == 0 else 1), 10)) for index, digit in enumerate(reversed(body)))
    return str(-total % 10)


def card(number):
    body = f"622202{number:012d}"
    return body + luhn(body)
