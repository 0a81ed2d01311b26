"""Lenders who collect without a pause and insist on their answers, and what has to be true of it afterwards."""

import concurrent.futures
import contextlib
import random
import re
import threading
import time
import uuid

from conftest import PERSON, ROOT, card

def bind(house, number):
    borrower = house.make("/v1/borrowers", {"reference": f"B-{number}"})
    mobile = f"139{number:08d}"
    binding = house.make("/v1/bindings", {
        "borrower_id": borrower["id"], **PERSON, "card_number": card(number), "mobile": mobile,
        "channels": ["unionpay", "netsunion"],
    })
    path = f"/v1/bindings/{binding['id']}"
    for _ in range(2):
        seen = house.wait_for(path, lambda seen: seen["status"] == "awaiting_code" or any(
            mandate["status"] == "awaiting_code" for mandate in seen["mandates"]))
        channel = next(m["channel"] for m in seen["mandates"] if m["status"] == "awaiting_code")
        house.make(f"{path}/verify", {"channel": channel, "code": house.latest_code(mobile)})
        house.wait_for(path, lambda seen: any(
            m["channel"] == channel and m["status"] == "live" for m in seen["mandates"]))
    house.sandbox_call("PATCH", f"/accounts/{card(number)}", {"balance_minor": 10**12, "daily_limit_minor": 10**12})
    return borrower["id"], binding["id"]


def prefer(house, channel):
    """The lender's own order of channels. Where a call that was cut off may still be executed days later, a payment stays
    unknown for days, and rightly so; a test that waits for the end has to go where that is shorter."""
    rules = {"version": 0, "rules": [{"name": "first", "then": {"prefer": [channel]}}]}
    assert house.call("PUT", "/v1/routing_rules", rules).status == 200


def any_reference():
    """A name without digits: some rows of them look like a phone number, which a reference must not be."""
    return uuid.uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))


def quick_channels(bank, places=64):
    """The sandbox's channels as a configuration would name them, but what became of a call is certain after seconds."""
    text = ""
    for name in ("unionpay", "netsunion"):
        capability = (ROOT / f"crates/lockstep-sim/channels/{name}.toml").read_text()
        for field, value in {"late_execution_window_s": 8, "call_timeout_ms": 1000, "max_in_flight": places,
                             "ladder_s": "[1, 2, 3, 5, 10]"}.items():
            capability = re.sub(rf"\b{field} = (\[.*?\]|\d+)", f"{field} = {value}", capability)
        capability = re.sub(r"^(opens|closes)_minute.*\n", "", capability, flags=re.MULTILINE)
        capability = re.sub(r"^\[(\w+)\]", r"[channels.capability.\1]", capability, flags=re.MULTILINE)
        key = "the-sandbox-signs-with-this-public-key-it-guards-nothing"
        text += f'[[channels]]\nadapter = "sandbox"\nbase_url = "{bank}"\nkey = "{key}"\n[channels.capability]\n{capability}\n'
    return text


def configured(house, file):
    """The server takes its channels from a file instead of the sandbox's own words."""
    args = house.server.args
    del args[args.index("--sandbox-at"):args.index("--sandbox-at") + 2]
    args += ["--config", str(file)]


def at_rest(payment):
    """It has ended; or nothing of it is under way, and its next try is planned: after many kills at once the budget of
    tries again is used up, and the rest wait for their turn."""
    waits = payment["status"] == "waiting" and payment["next_try_at"] is not None
    return waits or payment["status"] in ("succeeded", "failed", "cancelled")


def side_by_side(house, payment, moved):
    """What we say and how often the bank debited. Where they differ both are asked again for a while: a try that was
    planned may just have been made."""
    for _ in range(20):
        seen = house.get(f"/v1/payments/{payment}")
        count = moved.get(payment.removeprefix("pay_"), {"count": 0})["count"]
        if at_rest(seen) and count == (1 if seen["status"] == "succeeded" else 0):
            break
        time.sleep(0.5)
        moved = house.sandbox_call("GET", "/truth")["debits_by_payment"]
    return seen, count


class Load:
    """Six lenders at once, each insisting: the same key until there is an answer."""

    def __init__(self, house, workers=6):
        self.house, self.workers = house, workers
        self.people = [bind(house, number) for number in range(1, 9)]
        self.accepted, self.lock, self.stop = {}, threading.Lock(), threading.Event()

    def insist(self, path, body):
        key = str(uuid.uuid4())
        while not self.stop.is_set():
            try:
                reply = self.house.call("POST", path, body, idem=key, timeout=10)
            except OSError:
                time.sleep(0.05)
                continue
            if reply.status in (200, 201, 202):
                return reply.json
            if reply.status in (409, 429, 503):
                time.sleep(0.05)
                continue
            raise AssertionError((path, reply.status, reply.text))
        return None

    def lend(self, worker):
        rng = random.Random(worker)
        count = 0
        while not self.stop.is_set():
            borrower, binding = rng.choice(self.people)
            count += 1
            order = self.insist("/v1/orders", {
                "borrower_id": borrower, "reference": f"L-{worker}-{count}",
                "amount_minor": 1000 + rng.randrange(100_000), "currency": "CNY", "due_at": "2026-01-01T00:00:00Z",
            })
            if order is None:
                return
            payment = self.insist("/v1/payments", {"order_id": order["id"], "binding_id": binding})
            if payment is not None:
                with self.lock:
                    self.accepted[payment["id"]] = order["id"]

    @contextlib.contextmanager
    def running(self):
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            working = [pool.submit(self.lend, worker) for worker in range(self.workers)]
            try:
                yield
                time.sleep(1)
            finally:
                self.stop.set()
            for one in working:
                one.result()

    def wait_for_progress(self, seconds):
        """Until another payment is accepted; how long that took."""
        begun, before = time.monotonic(), len(self.accepted)
        while len(self.accepted) == before:
            assert time.monotonic() - begun < seconds, "nothing is accepted any more"
            time.sleep(0.02)
        return time.monotonic() - begun

    def verify(self, seconds=240):
        """Everything that was accepted comes to rest, and the banks' books say what ours say."""
        house, accepted = self.house, self.accepted
        assert len(accepted) > 200, f"too little load to mean anything: {len(accepted)}"
        deadline = time.monotonic() + seconds
        left = set(accepted)
        while left and time.monotonic() < deadline:
            left = {payment for payment in left if not at_rest(house.get(f"/v1/payments/{payment}"))}
            time.sleep(0.5)
        shown = [house.get(f"/v1/payments/{payment}") for payment in sorted(left)[:3]]
        assert not left, f"{len(left)} of {len(accepted)} payments did not come to rest: {shown}"
        truth = house.sandbox_call("GET", "/truth")
        assert truth["double_debits"] == []
        moved = truth["debits_by_payment"]
        for payment, order in accepted.items():
            seen, debited = side_by_side(house, payment, moved)
            assert debited == (1 if seen["status"] == "succeeded" else 0), (seen, debited)
            if seen["status"] == "succeeded":
                assert house.get(f"/v1/orders/{order}")["status"] == "collected"
        return truth
