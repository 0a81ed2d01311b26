"""Three times as many calls as the machine can take: what is already on its way goes on, what is new and too much is told
so at once, and afterwards everything is as before."""

import asyncio
import json
import multiprocessing
import pathlib
import time
import uuid

from conftest import House, request
from load import any_reference, bind

CLIENTS = 2  # processes that offer, beside the server
LINES = 400  # connections of each
SECONDS = 15


async def post(line, key, path, body):
    """One call on a connection that is kept; its status, how long it took, and when to come back."""
    reader, writer = line
    text = json.dumps(body)
    begun = time.perf_counter()
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: \"{uuid.uuid4()}\"\r\n"
                 f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    status = int(head.split(" ", 2)[1])
    length = int(head.split("content-length:")[1].split("\r\n")[0])
    answer = json.loads(await reader.readexactly(length))
    took = time.perf_counter() - begun
    assert status in (201, 202, 429, 503), answer
    return status, took, "retry-after:" in head, answer


async def offer(port, key, people, rate, lines, seconds):
    """An open loop: calls leave by the clock, whatever became of the ones before; without a rate, a closed one."""
    seen, free = [], asyncio.Queue()
    for _ in range(lines):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    begun, turn, tasks = time.perf_counter(), 0, set()

    async def one(number):
        line = await free.get()
        borrower, binding = people[number % len(people)]
        body = {"borrower_id": borrower, "reference": any_reference(), "amount_minor": 1000, "currency": "CNY",
                "due_at": "2026-01-01T00:00:00Z"}
        *said, order = await post(line, key, "/v1/orders", body)
        seen.append(said)
        if said[0] == 201:
            *said, _ = await post(line, key, "/v1/payments", {"order_id": order["id"], "binding_id": binding})
            seen.append(said)
        free.put_nowait(line)

    while (now := time.perf_counter() - begun) < seconds:
        wanted = int(now * rate) if rate else turn + lines - len(tasks)
        for _ in range(min(wanted - turn, lines - len(tasks))):
            task = asyncio.create_task(one(turn))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            turn += 1
        turn = max(turn, wanted) if rate else turn
        await asyncio.sleep(0.002)
    await asyncio.gather(*tasks)
    return seen


def client(port, key, people, rate, lines, seconds, results):
    results.put(asyncio.run(offer(port, key, people, rate, lines, seconds)))


def offered(house, people, rate, lines, seconds, meanwhile=lambda: None):
    results = multiprocessing.Queue()
    clients = [multiprocessing.Process(target=client, args=(
        house.api_port, house.key, people, rate / CLIENTS, lines, seconds, results)) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    meanwhile()
    seen = sum((results.get(timeout=seconds + 60) for _ in clients), [])
    for one in clients:
        one.join()
    return seen


def percentile(values, part):
    return sorted(values)[int(len(values) * part)] if values else 0.0


def answers(house):
    """How many notices of channels were taken, and how many got any other answer. A line of the log ends with the status."""
    log = pathlib.Path(house.server.log).read_text(errors="replace")
    statuses = [line[-3:] for line in log.splitlines() if "/v1/callbacks/" in line]
    taken = statuses.count("200")
    return taken, len(statuses) - taken


def test_three_times_as_much_as_it_can_take(tmp_path):
    config = tmp_path / "lockstep.toml"
    config.write_text("[server]\ncalls_per_second = 100000\n")
    house = House(tmp_path)
    house.server.args += ["--config", str(config)]
    house.start()
    try:
        overload(house)
    finally:
        house.server.kill()
        house.stop()


def overload(house):
    people = [bind(house, number) for number in range(1, 9)]
    order = house.make("/v1/orders", {"borrower_id": people[0][0], "reference": "first", "amount_minor": 1000,
                                      "currency": "CNY", "due_at": "2026-01-01T00:00:00Z"})
    payment = house.make("/v1/payments", {"order_id": order["id"], "binding_id": people[0][1]})
    # A slow disk: what the machine can take is then less than what clients on the same machine can offer.
    house.server.stop()
    house.server.under = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync,fdatasync",
                          "-e", "inject=fsync,fdatasync:delay_enter=500000"]
    house.start_server()

    calm = percentile([took for _, took, _ in offered(house, people, 10, 20, 4)], 0.99)
    full = [status for status, _, _ in offered(house, people, 0, 100, 8)]
    capacity = sum(status in (201, 202) for status in full) / 8
    probes = {f"{house.api}/health/live": [], f"{house.api}/health/ready": [], f"{house.api}/v1/payments/{payment['id']}": []}

    def probe():
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for url, seen in probes.items():
                begun = time.monotonic()
                status = request("GET", url, headers={"Authorization": f"Bearer {house.key}"}, timeout=10).status
                seen.append((status, time.monotonic() - begun))
            time.sleep(0.2)

    taken_before, refused_before = answers(house)
    seen = offered(house, people, 3 * capacity, LINES, SECONDS, probe)
    ended = time.monotonic()
    taken = [took for status, took, _ in seen if status in (201, 202)]
    shed = [(took, comes_back) for status, took, comes_back in seen if status in (429, 503)]
    again, row = 0.0, 0
    while row < 3:
        again = time.monotonic() - ended
        assert again < 30, "it is still slow"
        begun = time.monotonic()
        reply = house.call("POST", "/v1/borrowers", {"reference": any_reference()})
        row = row + 1 if reply.status == 201 and time.monotonic() - begun <= 2 * calm else 0
    taken_after, refused_after = answers(house)
    notices, refused = taken_after - taken_before, refused_after - refused_before
    worst = {url.removeprefix(house.api)[:16]: max(took for _, took in seen) for url, seen in probes.items()}
    print(f"capacity: {capacity:.0f} calls/s; offered: {len(seen) / SECONDS:.0f}; taken: {len(taken) / SECONDS:.0f} (p99 "
          f"{percentile(taken, 0.99):.2f} s, {calm:.2f} when calm); shed: {len(shed) / SECONDS:.0f} (p50 "
          f"{percentile([took for took, _ in shed], 0.5):.3f} s, p99 {percentile([took for took, _ in shed], 0.99):.3f} s); "
          f"notices taken: {notices}, refused: {refused}; slowest probes: {worst}; normal again after {again:.1f} s")
    assert len(seen) / SECONDS > 2.5 * capacity, "the clients could not offer as much"
    assert len(taken) + len(shed) == len(seen), {status for status, _, _ in seen}
    assert len(taken) / SECONDS > capacity / 2 and len(shed) > len(seen) / 4
    assert all(comes_back for _, comes_back in shed)
    assert percentile([took for took, _ in shed], 0.5) < 0.25 and percentile([took for took, _ in shed], 0.99) < 2
    for url, answered in probes.items():
        assert len(answered) > 5 and all(status == 200 and took < 5 for status, took in answered), (url, answered)
    assert notices > 10 and refused == 0
