#!/usr/bin/env python3
"""A small HTTP load on the embedded default: payments per second, p50/p99 of accepting, time to settled, memory.

    target/tools/bin/python scripts/http_load.py [payments] [clients]

Starts the release binary and a sandbox as two processes on loopback, binds a few cards, then has the clients create an order and a
payment each time over kept connections. Prints one JSON object. The client is Python and shares the machine, so
the figures are a lower bound.
"""

import http.client
import json
import pathlib
import re
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from conftest import House  # noqa: E402
from test_kill import bind  # noqa: E402


def main():
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    clients = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "lockstep.toml"
        config.write_text("[server]\ncalls_per_second = 100000\n")
        house = House(pathlib.Path(folder))
        house.server.args += ["--config", str(config)]
        house.start()
        try:
            print(json.dumps(measure(house, wanted, clients)))
        finally:
            house.stop()


def measure(house, wanted, clients):
    people = [bind(house, number) for number in range(1, clients + 1)]
    accepted, payments, lock = [], [], threading.Lock()

    def work(index):
        borrower, binding = people[index]
        line = http.client.HTTPConnection("127.0.0.1", house.api_port, timeout=30)

        def post(path, body, key):
            headers = {"Authorization": f"Bearer {house.key}", "Content-Type": "application/json",
                       "Idempotency-Key": f'"{key}"'}
            begun = time.perf_counter()
            line.request("POST", path, json.dumps(body), headers)
            answer = line.getresponse()
            content = json.loads(answer.read())
            assert answer.status in (200, 201, 202), content
            return content, time.perf_counter() - begun

        for number in range(wanted // clients):
            order, _ = post("/v1/orders", {
                "borrower_id": borrower, "reference": f"L-{index}-{number}", "amount_minor": 1000, "currency": "CNY",
                "due_at": "2026-01-01T00:00:00Z"}, f"o-{index}-{number}")
            payment, took = post("/v1/payments", {"order_id": order["id"], "binding_id": binding}, f"p-{index}-{number}")
            with lock:
                accepted.append(took)
                payments.append(payment["id"])

    begun = time.perf_counter()
    threads = [threading.Thread(target=work, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepting = time.perf_counter() - begun
    while house.get("/v1/payments?status=trying&limit=1")["data"] or house.get("/v1/payments?status=unknown&limit=1")["data"]:
        time.sleep(0.05)
    settled = time.perf_counter() - begun
    accepted.sort()
    status = pathlib.Path(f"/proc/{house.server.child.pid}/status").read_text()
    truth = house.sandbox_call("GET", "/truth")
    return {
        "payments": len(payments),
        "clients": clients,
        "accepted_per_s": round(len(payments) / accepting),
        "settled_per_s": round(len(payments) / settled),
        "accept_p50_ms": round(accepted[len(accepted) // 2] * 1000, 2),
        "accept_p99_ms": round(accepted[len(accepted) * 99 // 100] * 1000, 2),
        "rss_mb": int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) // 1024,
        "peak_rss_mb": int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) // 1024,
        "debits": truth["debits"]["count"],
        "double_debits": len(truth["double_debits"]),
    }


if __name__ == "__main__":
    main()
