"""The bench: its figures, that everything it sent has settled, and what it says about wrong input. No times are judged."""

import json
import os

from conftest import empty_database, run

NUMBERS = {
    "payments_per_s", "accept_p50_ms", "accept_p99_ms", "accept_p999_ms", "settle_p50_ms", "settle_p99_ms",
    "settle_p999_ms", "cpu_ms_per_payment", "bytes_written_per_payment", "file_growth_per_payment", "rss_mb",
    "rss_peak_mb", "wall_s", "webhooks_after_s",
}
MAY_BE_ZERO = {"bytes_written_per_payment", "file_growth_per_payment", "webhooks_after_s"}
SMALL = ("--payments", 300, "--bindings", 40, "--channel-latency-ms", 5)


def bench(*args):
    done = run("bench", "--json", *SMALL, *args)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_everything_sent_has_settled():
    figures = bench()
    assert set(figures) == NUMBERS | {"payments", "clients", "store", "errors"}
    assert (figures["payments"], figures["clients"], figures["store"]) == (300, 64, "sqlite")
    assert figures["errors"] == {}
    for name in NUMBERS - MAY_BE_ZERO:
        assert figures[name] > 0, name
    assert figures["accept_p50_ms"] <= figures["accept_p99_ms"] <= figures["accept_p999_ms"]
    assert figures["settle_p50_ms"] <= figures["settle_p99_ms"] <= figures["settle_p999_ms"]


def test_an_open_loop_sends_as_told_and_a_folder_serves_twice(tmp_path):
    folder = tmp_path / "data"
    assert bench("--data", folder, "--stored", 100)["payments"] == 300
    again = bench("--data", folder, "--rate", 200, "--clients", 8)
    assert again["payments"] == 300 and again["errors"] == {}
    assert again["wall_s"] >= 299 / 200
    assert (folder / "lockstep.db").exists()


def test_a_server_is_measured_in_turns_with_its_own_benchmark(postgres):
    # The rival makes a database of its own, which the role that serves may not.
    database = empty_database(postgres).replace("//house@", "//lockstep@", 1)
    figures = bench("--store", "postgres", "--database", database, "--against-pgbench")
    assert (figures["payments"], figures["store"], figures["errors"]) == (300, "postgres", {})
    assert all(figures[name] > 0 for name in NUMBERS - MAY_BE_ZERO)
    assert figures["bytes_written_per_payment"] > 0, "the server says how much its log has grown"
    ratio = figures["payments_per_s"] / figures["pgbench_tps"]
    assert abs(figures["ratio_to_pgbench"] - ratio) < 0.01


def test_tables_for_people():
    for lang, words in {"en": ("settled per second", "at most"), "zh-CN": ("每秒结清", "峰值")}.items():
        done = run("bench", *SMALL, "--lang", lang)
        assert done.returncode == 0, done.stderr[-3000:]
        for word in words:
            assert word in done.stdout


def test_what_is_not_there_is_said():
    done = run("bench", "--store", "postgres")
    assert done.returncode == 1 and done.stdout == ""
    assert "scripts/postgres.sh serve" in done.stderr
    done = run("bench", "--against-pgbench", "--database", "postgres://nobody@127.0.0.1:1/none")
    assert done.returncode == 1 and "--against-pgbench needs --store postgres" in done.stderr
    nothing = {**os.environ, "PATH": "/nowhere"}
    done = run("bench", "--store", "postgres", "--against-pgbench", "--database", "postgres://nobody@127.0.0.1:1/none",
               env=nothing)
    assert done.returncode == 1 and "apt-get install postgresql" in done.stderr
    assert run("bench", "--payments", 0).returncode == 2
