"""Our own attempts as a file, and the replay of them: the probabilities that were stored are the ones that are read."""

import csv
import json

import pytest
from conftest import ROOT, House, run

COLUMNS = ["time", "order", "borrower", "issuer", "channel", "amount", "currency", "success", "code", "reason",
           "propensity", "cost"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A data folder in which the example's first 400 rows have been collected."""
    folder = tmp_path_factory.mktemp("export")
    lines = (ROOT / "examples/due-list.csv").read_text().splitlines(keepends=True)
    due = folder / "due.csv"
    due.write_text("".join(lines[:401]))
    done = run("collect", due, "--out", folder / "results.csv", "--rejects", folder / "rejects.csv", "--data",
               folder / "data", "--json")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, json.loads(done.stdout)


def export(folder, *more, to="attempts.csv"):
    return run("export", "attempts", folder / to, "--data", folder / "data", *more)


def test_every_attempt_is_there_and_replay_reads_it(house):
    folder, figures = house
    done = export(folder)
    assert done.returncode == 0, done.stderr
    with open(folder / "attempts.csv", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == COLUMNS
        rows = list(reader)
    assert f"{len(rows)} attempts written" in done.stdout
    assert len({row["order"] for row in rows if row["success"] == "success"}) == figures["collected"]
    assert len(rows) > figures["collected"]
    for row in rows:
        assert row["order"].startswith("ord_") and row["borrower"].startswith("bor_")
        assert 0 < float(row["propensity"]) <= 1
        assert (row["reason"] == "") == (row["success"] == "success")
        assert (float(row["cost"]) > 0) <= (row["success"] == "success")
        assert float(row["amount"]) > 0 and row["currency"] == "CNY" and row["issuer"]
    judged = run("replay", folder / "attempts.csv", "--scheme", "auto", "--json", "--rejects", folder / "x.csv",
                 "--draws", 100)
    assert judged.returncode == 0, judged.stderr[-3000:]
    report = json.loads(judged.stdout)
    assert report["logged"]["attempts"] == len(rows)
    assert report["input"]["columns"]["propensity"] == "propensity"
    assert not (folder / "x.csv").exists(), (folder / "x.csv").read_text()[:500]


def test_days_choose_and_wrong_flags_are_said(house):
    folder, _ = house
    assert "0 attempts written" in export(folder, "--until", "2001-01-01", to="none.csv").stdout
    for flags, words in (
        (("--from", "yesterday"), "--from: \"yesterday\" is no day"),
        (("--tz", "Mars/Base"), "--tz: there is no zone"),
        (("--tenant", "nobody"), "--tenant"),
    ):
        done = export(folder, *flags, *(() if flags[0] != "--tz" else ("--from", "2026-01-01")))
        assert done.returncode == 1 and words in done.stderr, done.stderr
    nowhere = run("export", "attempts", folder / "y.csv", "--data", folder / "none")
    assert nowhere.returncode == 1 and "there is no database" in nowhere.stderr
    assert not (folder / "y.csv").exists() and not (folder / "none").exists()


def test_it_works_beside_a_running_server(house):
    folder, _ = house
    assert "attempts written" in export(folder, to="before.csv").stdout
    running = House(folder)
    running.sandbox.start(f"{running.bank}/sandbox/v1/health")
    running.start_server()
    try:
        beside = export(folder, to="beside.csv")
        assert beside.returncode == 0, beside.stderr
        assert (folder / "beside.csv").read_text() == (folder / "before.csv").read_text()
    finally:
        running.stop()
