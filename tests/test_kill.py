"""kill -9 of the server, and of its database, under load, again and again: nothing accepted is lost, nothing is doubled."""

import random
import time
import uuid

from conftest import House, own_postgres
from load import Load

KILLS = 50
DATABASE_KILLS = 20


def test_kill_nine_fifty_times(house):
    load = Load(house)
    # The lender's own order of channels: the faulty one first. It has to survive every kill, too.
    rules = {"version": 0, "rules": [{"name": "faulty first", "then": {"prefer": ["unionpay"]}}]}
    assert house.call("PUT", "/v1/routing_rules", rules, idem=str(uuid.uuid4())).status == 200
    house.sandbox_call("POST", "/faults", {"faults": [
        {"channel": "unionpay", "fault": {"kind": "lose_answer"}, "chance_permille": 50}]})
    rng = random.Random(9)
    with load.running():
        for _ in range(KILLS):
            time.sleep(rng.uniform(0.05, 0.6))
            house.server.kill()
            house.start_server()
    house.sandbox_call("DELETE", "/faults")
    assert house.get("/v1/routing_rules")["version"] == 1
    truth = load.verify()
    tried = [house.get(f"/v1/payments/{payment}")["attempts"][0]["channel"] for payment in load.accepted]
    assert "unionpay" in tried, "netsunion is cheaper: without the rule nothing would have gone there"
    print(f"kills survived: {KILLS}; payments accepted: {len(load.accepted)}; debits: {truth['debits']['count']}")


def test_the_database_is_killed_twenty_times(tmp_path):
    """The server of the database and all its processes at once, as when the machine under it dies. Lockstep stays up."""
    with own_postgres() as database:
        house = House(tmp_path, database.url).start()
        load = Load(house)
        rng, back = random.Random(20), []
        with load.running():
            for _ in range(DATABASE_KILLS):
                time.sleep(rng.uniform(0.3, 1.2))
                database.kill()
                time.sleep(rng.uniform(0.0, 0.5))
                database.start()
                back.append(load.wait_for_progress(30))
        truth = load.verify()
        print(f"kills of the database survived: {DATABASE_KILLS}; payments accepted: {len(load.accepted)}; "
              f"debits: {truth['debits']['count']}; accepting again after {max(back):.1f} s at most")
        house.stop()
