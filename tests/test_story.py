"""The whole story of one borrower over HTTP, with a webhook receiver that verifies with a library we didn't write."""

import json
import time

from conftest import PERSON, card, dump, run
from standardwebhooks.webhooks import Webhook


def sign_up(house, reference="B-1"):
    return house.make("/v1/borrowers", {"reference": reference})


def bind_card(house, borrower, number=card(1), mobile=PERSON["mobile"], channels=("unionpay", "netsunion")):
    binding = house.make("/v1/bindings", {
        "borrower_id": borrower["id"], **PERSON, "card_number": number, "mobile": mobile, "channels": list(channels),
    })
    path = f"/v1/bindings/{binding['id']}"
    for _ in channels:
        seen = house.wait_for(path, lambda seen: any(m["status"] == "awaiting_code" for m in seen["mandates"]))
        channel = next(m["channel"] for m in seen["mandates"] if m["status"] == "awaiting_code")
        house.make(f"{path}/verify", {"channel": channel, "code": house.latest_code(mobile)})
        house.wait_for(path, lambda seen: any(
            m["channel"] == channel and m["status"] == "live" for m in seen["mandates"]))
    return house.get(path)


def order_for(house, borrower, reference, amount=125_000):
    return house.make("/v1/orders", {
        "borrower_id": borrower["id"], "reference": reference, "amount_minor": amount, "currency": "CNY",
        "due_at": "2026-01-01T09:00:00+08:00",
    })


def pay(house, order, binding, **more):
    return house.make("/v1/payments", {"order_id": order["id"], "binding_id": binding["id"], **more})


def ended(seen):
    return seen["status"] in ("succeeded", "failed", "cancelled")


def test_card_order_payment_webhook(house, receiver):
    endpoint = house.make("/v1/webhook_endpoints", {"url": receiver.url})
    borrower = sign_up(house)
    binding = bind_card(house, borrower)
    assert binding["status"] == "usable"
    order = order_for(house, borrower, "L-1")
    payment = pay(house, order, binding)
    done = house.wait_for(f"/v1/payments/{payment['id']}", ended)
    assert done["status"] == "succeeded"
    assert house.get(f"/v1/orders/{order['id']}")["status"] == "collected"

    deadline = time.monotonic() + 20
    kinds = []
    while "order.collected" not in kinds and time.monotonic() < deadline:
        kinds = [json.loads(body)["type"] for _, body in receiver.messages]
        time.sleep(0.1)
    assert {"binding.usable", "payment.succeeded", "order.collected"} <= set(kinds), kinds
    for headers, body in receiver.messages:
        Webhook(endpoint["secret"]).verify(body, headers)
        for secret in PERSON.values():
            assert secret not in body.decode()
    per_subject = {}
    for _, body in receiver.messages:
        message = json.loads(body)
        subject = next(message["data"][name] for name in ("payment", "binding", "order") if name in message["data"])
        if message["data"].get("object") == "payment":
            per_subject.setdefault(subject, []).append(message["version"])
    for versions in per_subject.values():
        assert versions == sorted(versions)


def test_frozen_card_is_declined_with_cause_and_next_step(house):
    borrower = sign_up(house)
    binding = bind_card(house, borrower, channels=("netsunion",))
    house.sandbox_call("PATCH", f"/accounts/{card(1)}", {"state": "frozen"})
    payment = pay(house, order_for(house, borrower, "L-1"), binding)
    done = house.wait_for(f"/v1/payments/{payment['id']}", ended)
    assert done["status"] == "failed" and done["reason"] == "account_frozen"
    diagnosis = house.get(f"/v1/payments/{payment['id']}/diagnosis")
    assert diagnosis["cause"] == "account_frozen" and diagnosis["actor"] == "borrower"
    assert diagnosis["money"] == "not_taken"
    assert "冻结" in diagnosis["title"]["zh"] and diagnosis["title"]["en"]
    assert diagnosis["next_step"]["zh"] and diagnosis["next_step"]["en"]
    assert house.get(f"/v1/bindings/{binding['id']}")["status"] == "suspended"


def test_debited_then_timed_out_becomes_unknown_then_succeeded_once(house):
    borrower = sign_up(house)
    binding = bind_card(house, borrower, channels=("unionpay",))
    house.sandbox_call("POST", "/faults", {"faults": [
        {"channel": "unionpay", "fault": {"kind": "execute_then_timeout"}, "call": "pay", "times": 1}]})
    payment = pay(house, order_for(house, borrower, "L-1"), binding)
    path = f"/v1/payments/{payment['id']}"
    house.wait_for(path, lambda seen: seen["status"] == "unknown")
    refused = house.call("POST", f"{path}/cancel")
    assert refused.status == 409 and refused.json["code"] == "outcome_unknown"
    done = house.wait_for(path, ended, seconds=120)
    assert done["status"] == "succeeded" and len(done["attempts"]) == 1
    words = json.dumps(house.get(f"{path}/timeline"), ensure_ascii=False)
    assert "unknown" in words and "未知" in words
    truth = house.sandbox_call("GET", "/truth")
    assert truth["double_debits"] == [] and truth["debits"]["count"] == 1


def test_bank_account_by_micro_deposit(house):
    borrower = sign_up(house)
    number = "11001234567890123"
    house.sandbox_call("POST", "/accounts", {
        "number": number, "holder_name": "王伟", "id_number": PERSON["id_number"], "mobile": PERSON["mobile"],
        "balance_minor": 1_000_000,
    })
    binding = house.make("/v1/bindings", {
        "borrower_id": borrower["id"], "kind": "bank_account", "card_number": number, "holder_name": "王伟",
        "channels": ["bankdirect"],
    })
    path = f"/v1/bindings/{binding['id']}"
    house.wait_for(path, lambda seen: seen["status"] == "awaiting_amount", seconds=180)
    account = house.sandbox_call("GET", f"/accounts?number={number}")
    sent = account["balance_minor"] - 1_000_000
    assert 1 <= sent <= 99
    wrong = house.make(f"{path}/verify", {"amount_minor": sent % 99 + 1})
    assert wrong["status"] == "awaiting_amount"
    house.make(f"{path}/verify", {"amount_minor": sent})
    house.wait_for(path, lambda seen: seen["status"] == "usable")
    payment = pay(house, order_for(house, borrower, "L-1", 5_000), binding)
    assert house.wait_for(f"/v1/payments/{payment['id']}", ended, seconds=180)["status"] == "succeeded"


def test_nothing_personal_leaves_the_vault(house):
    """Canaries: what was typed is in no log, no answer, no event, no database file."""
    borrower = sign_up(house)
    number, mobile = card(777), "13912345678"
    binding = bind_card(house, borrower, number=number, mobile=mobile, channels=("unionpay", "netsunion"))
    payment = pay(house, order_for(house, borrower, "L-1"), binding)
    house.wait_for(f"/v1/payments/{payment['id']}", ended)
    house.call("POST", "/v1/bindings", {"borrower_id": borrower["id"], **PERSON, "card_number": number + "1"})
    house.call("POST", "/v1/bindings", b'{"card_number": "' + number.encode() + b'", ')
    house.call("POST", "/v1/precheck", {"card_number": number[:-1], "mobile": mobile, "id_number": PERSON["id_number"]})
    answers = [house.call("GET", path).text for path in (
        f"/v1/bindings/{binding['id']}", "/v1/bindings", "/v1/payments", f"/v1/payments/{payment['id']}/timeline",
        "/v1/audit", "/v1/borrowers", "/v1/webhook_deliveries")]
    house.server.stop()
    places = {path: path.read_bytes() for path in house.data.rglob("*") if path.is_file() and path.suffix != ".key"}
    places[house.server.log] = open(house.server.log, "rb").read()
    if house.database:
        places["the database"] = dump(house.database)
    for secret in (number, mobile, PERSON["id_number"], PERSON["holder_name"]):
        for place, content in places.items():
            assert secret.encode() not in content, f"{place} holds personal data"
        for answer in answers:
            assert secret not in answer


def test_other_lenders_see_nothing(house):
    borrower = sign_up(house)
    binding = bind_card(house, borrower, channels=("unionpay",))
    order = order_for(house, borrower, "L-1")
    payment = pay(house, order, binding)
    # A second lender, made while the server is stopped: the command line needs an embedded database for itself.
    house.server.stop()
    added = json.loads(run("tenant", "add", "Other", *house.place, "--json").stdout)
    house.start_server()
    other = added["api_key"]
    for path in (f"/v1/borrowers/{borrower['id']}", f"/v1/bindings/{binding['id']}", f"/v1/orders/{order['id']}",
                 f"/v1/payments/{payment['id']}", f"/v1/payments/{payment['id']}/diagnosis"):
        assert house.call("GET", path, key=other).status == 404
    assert house.call("POST", f"/v1/orders/{order['id']}/cancel", key=other).status == 404
    assert house.call("POST", "/v1/payments", {"order_id": order["id"], "binding_id": binding["id"]},
                      key=other).status == 404
    assert house.call("GET", "/v1/payments", key=other).json["data"] == []


def test_bad_input_is_named(house):
    borrower = sign_up(house)
    cases = [
        ("/v1/orders", {"borrower_id": borrower["id"]}, (400, 422)),
        ("/v1/orders", {"borrower_id": borrower["id"], "reference": "x", "amount_minor": -1, "currency": "CNY",
                        "due_at": "2026-01-01T00:00:00Z"}, (400, 422)),
        ("/v1/orders", {"borrower_id": borrower["id"], "reference": "x", "amount_minor": 1, "currency": "RMB",
                        "due_at": "2026-01-01T00:00:00Z"}, (400, 422)),
        ("/v1/orders", {"borrower_id": borrower["id"], "reference": "x", "amount_minor": 1, "currency": "CNY",
                        "due_at": "tomorrow"}, (400, 422)),
        ("/v1/borrowers", {"reference": "x", "admin": True}, (400, 422)),
        ("/v1/bindings", {"borrower_id": borrower["id"], **PERSON, "card_number": "123"}, (422,)),
        ("/v1/borrowers", b"{", (400,)),
        ("/v1/borrowers", b"[" * 5000, (400,)),
        ("/v1/borrowers", b'{"reference": "' + b"x" * 70_000 + b'"}', (413,)),
    ]
    for path, body, statuses in cases:
        reply = house.call("POST", path, body)
        assert reply.status in statuses, (path, body if not isinstance(body, bytes) else body[:50], reply.status, reply.text)
        assert reply.headers["content-type"].startswith("application/problem+json")
        problem = reply.json
        assert problem["code"] and problem["detail"] and problem["detail_zh"] and problem["status"] == reply.status
