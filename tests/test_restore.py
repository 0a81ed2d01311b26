"""Yesterday's backup is put back, as docs/backup.md says, while the banks know what was done since. What may have been sent
is asked about and nothing moves twice."""

import shutil
import sqlite3
import subprocess
import time

import pytest

from conftest import House, own_postgres, run
from load import Load, configured, prefer, quick_channels

# As in docs/backup.md, section "After a restore".
UNSURE = "UPDATE effects SET state = 'sending' WHERE delivery = 'once' AND state = 'ready'"
HELD = """UPDATE effects SET due_at = due_at + 86400000 WHERE kind = 'wake' AND state = 'ready'
          AND body NOT LIKE '%"wake":"ask_%'"""
SETTLING = "[retry]\nmax_attempts = 1\n"


class Embedded:
    """The database is a file."""

    def __init__(self, folder):
        self.house, self.copy = House(folder), folder / "yesterday.db"

    def back_up(self):
        copied = run("backup", "--data", self.house.data, self.copy)
        assert copied.returncode == 0, copied.stderr

    def set_back(self):
        aside = self.house.folder / "aside"
        aside.mkdir()
        for file in self.house.data.glob("lockstep.db*"):
            if file.suffix != ".lock":
                file.rename(aside / file.name)
        shutil.copy(self.copy, self.house.data / "lockstep.db")

    def change(self, *statements):
        connection = sqlite3.connect(self.house.data / "lockstep.db")
        with connection:
            changed = [connection.execute(sql).rowcount for sql in statements]
        connection.close()
        return changed


class Server:
    """The database is a server with an archive of its log."""

    def __init__(self, folder, database):
        self.house, self.database, self.folder = House(folder, database.url), database, database.folder
        self.make("archive")
        self.configure("postgresql.conf", f"""
            wal_level = replica
            archive_mode = on
            archive_command = 'test ! -f {self.folder}/archive/%f && cp %p {self.folder}/archive/%f.part \
&& mv {self.folder}/archive/%f.part {self.folder}/archive/%f'
            archive_timeout = 60
        """)
        database.kill()
        database.start()

    def ours(self, path):
        subprocess.run(["chown", "-R", "--reference", self.folder, path], check=True)

    def make(self, name):
        (self.folder / name).mkdir()
        self.ours(self.folder / name)

    def configure(self, name, text):
        with open(self.folder / "data" / name, "a") as file:
            file.write("\n".join(line.strip() for line in text.splitlines()) + "\n")

    def ask(self, sql):
        asked = subprocess.run(["psql", "-At", self.database.url, "-c", sql], check=True, capture_output=True, text=True)
        return asked.stdout.strip()

    def back_up(self):
        """The base copy was made yesterday, too, but the moment to come back to is a later one."""
        base = ["pg_basebackup", "-d", self.database.url, "-D", self.folder / "base", "-X", "stream", "-c", "fast"]
        subprocess.run(base, check=True)
        time.sleep(2)
        self.moment = self.ask("SELECT now()")

    def set_back(self):
        self.ask("SELECT pg_switch_wal()")
        deadline = time.monotonic() + 30
        while self.ask("SELECT last_archived_time > now() - interval '1 minute' AND last_archived_wal >= "
                       "pg_walfile_name(pg_switch_wal()) FROM pg_stat_archiver") != "t":
            assert time.monotonic() < deadline, "the log is not archived"
            time.sleep(0.5)
        self.database.kill()
        data = self.folder / "data"
        data.rename(self.folder / "aside")
        shutil.copytree(self.folder / "base", data)
        data.chmod(0o700)
        self.configure("postgresql.auto.conf", f"""
            restore_command = 'cp {self.folder}/archive/%f %p'
            recovery_target_time = '{self.moment}'
            recovery_target_action = 'promote'
        """)
        (data / "recovery.signal").touch()
        self.ours(data)
        self.database.start()
        while self.ask("SELECT pg_is_in_recovery()") != "f":
            assert time.monotonic() < deadline + 60, "it is still recovering"
            time.sleep(0.1)

    def change(self, *statements):
        changed = [subprocess.run(["psql", self.database.url, "-c", sql], check=True, capture_output=True, text=True).stdout
                   for sql in statements]
        return [int(tag.split()[1]) for tag in changed]


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request, tmp_path):
    if request.param == "sqlite":
        kept = Embedded(tmp_path)
        yield kept
        kept.house.stop()
        return
    with own_postgres() as database:
        kept = Server(tmp_path, database)
        yield kept
        kept.house.stop()


def look(house, path):
    reply = house.call("GET", path)
    while reply.status == 429:
        time.sleep(float(reply.headers["retry-after"]))
        reply = house.call("GET", path)
    assert reply.status in (200, 404), (path, reply.status, reply.text)
    return reply.json if reply.status == 200 else None


def test_yesterdays_backup_debits_nobody_twice(kept, tmp_path):
    house, config, settling = kept.house, tmp_path / "lockstep.toml", tmp_path / "settling.toml"
    limits = "[server]\ncalls_per_second = 2000\n"
    config.write_text(limits + quick_channels(house.bank, places=16))
    settling.write_text(limits + SETTLING + quick_channels(house.bank, places=16))
    serving = house.server.args
    configured(house, config)
    house.start()
    load = Load(house, workers=2)
    prefer(house, "unionpay")
    # More is accepted than the channel takes, so that at any moment something is about to be sent and something is under way.
    house.sandbox_call("POST", "/faults", {"faults": [
        {"channel": "unionpay", "fault": {"kind": "slow", "extra_ms": 300}}]})
    with load.running():
        time.sleep(3)
        kept.back_up()
        # From now on some are tried again on the other channel: that, too, is forgotten.
        house.sandbox_call("POST", "/faults", {"faults": [
            {"channel": "unionpay", "call": "pay", "fault": {"kind": "lose_request"}, "chance_permille": 150}]})
        time.sleep(2)
    house.sandbox_call("DELETE", "/faults")
    before = load.verify()["by_order"]

    # The whole of "After a restore".
    house.server.stop()
    kept.set_back()
    unsure, held = kept.change(UNSURE, HELD)
    serving[-1] = str(settling)
    begun = time.monotonic()
    house.start_server()
    known = {payment: look(house, f"/v1/payments/{payment}") for payment in load.accepted}
    known = {payment for payment, seen in known.items() if seen}
    assert unsure > 5 and 20 < len(known) < len(load.accepted) - 20, (unsure, len(known), len(load.accepted))
    for payment in known:
        house.wait_for(f"/v1/payments/{payment}", lambda seen: seen["status"] not in ("trying", "unknown"), 60)
    settled = time.monotonic() - begun
    by_hand = 0
    for moved in before:
        payment = f"pay_{moved.split('/')[1][:26]}"
        seen, order = look(house, f"/v1/payments/{payment}"), look(house, f"/v1/orders/{load.accepted[payment]}")
        if order is None or seen and seen["status"] == "succeeded":
            continue
        by_hand += 1
        if seen and seen["status"] == "waiting":
            house.make(f"/v1/payments/{payment}/cancel", {})
        house.make(f"/v1/orders/{load.accepted[payment]}/cancel", {})
    assert house.sandbox_call("GET", "/truth")["double_debits"] == []
    assert by_hand > 0, "nothing was forgotten that mattered"

    # The lenders are back, and ask again for everything that isn't collected as far as they can see.
    house.server.stop()
    serving[-1] = str(config)
    house.start_server()
    binding = {borrower: binding for borrower, binding in load.people}
    refused = 0
    for order in load.accepted.values():
        seen = look(house, f"/v1/orders/{order}")
        if seen:
            asked = {"order_id": order, "binding_id": binding[seen["borrower_id"]]}
            refused += house.call("POST", "/v1/payments", asked).status == 409
    time.sleep(3)
    after = house.sandbox_call("GET", "/truth")
    assert after["double_debits"] == []
    orders = [load.accepted.get(f"pay_{moved.split('/')[1][:26]}", moved) for moved in after["by_order"]]
    twice = {order for order in orders if orders.count(order) > 1}
    assert not twice, f"{len(twice)} orders were debited twice"
    assert set(after["by_order"]) == set(before), "money moved after the restore"
    for payment in known:
        seen = house.get(f"/v1/payments/{payment}")
        debited = any(moved.split("/")[1][:26] == payment[4:] for moved in before)
        order = house.get(f"/v1/orders/{load.accepted[payment]}")["status"]
        assert order == ("collected" if seen["status"] == "succeeded" else "cancelled") and debited, (seen, order)
    print(f"{'PostgreSQL' if house.database else 'SQLite'}: payments at the backup: {len(known)}, accepted after it: "
          f"{len(load.accepted) - len(known)}; made unknown: {unsure}, timers held: {held}; settled by the channels after "
          f"{settled:.0f} s; orders cancelled by hand: {by_hand}; asked for again and refused: {refused}")
