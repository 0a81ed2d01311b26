"""The due list: rejects are named, kills lose and double nothing, a second run changes nothing."""

import csv
import json
import os
import random
import signal
import subprocess
import time

from conftest import BINARY, ROOT, run

EXAMPLE = ROOT / "examples/due-list.csv"


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def collect(tmp_path, *more):
    return run(
        "collect", EXAMPLE, "--out", tmp_path / "results.csv", "--rejects", tmp_path / "rejects.csv",
        "--data", tmp_path / "data", "--json", *more,
    )


def test_killed_at_any_moment_and_run_again(tmp_path):
    rng = random.Random(20261122)
    kills = 0
    for _ in range(200):
        child = subprocess.Popen(
            [BINARY, "collect", EXAMPLE, "--out", tmp_path / "results.csv", "--rejects", tmp_path / "rejects.csv",
             "--data", tmp_path / "data", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )
        if kills >= 25:
            out, err = child.communicate(timeout=600)
            assert child.returncode == 0, err[-3000:]
            break
        time.sleep(rng.uniform(0.02, 1.0))
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            kills += 1
            child.communicate()
        else:
            out, err = child.communicate()
            assert child.returncode == 0, err[-3000:]
            break
    figures = json.loads(out)
    assert kills >= 5, "the run was too fast to be killed often enough"
    assert figures["double_debits"] == 0
    listed = rows(EXAMPLE)
    results, rejects = rows(tmp_path / "results.csv"), rows(tmp_path / "rejects.csv")
    assert len(results) + len({reject["row"] for reject in rejects}) == len(listed)
    assert len({result["order"] for result in results}) == len(results)
    collected = [result for result in results if result["status"] == "collected"]
    assert figures["bank_debits"] == len(collected)
    assert figures["bank_debited_minor"] == sum(int(result["collected_minor"]) for result in collected)

    again = collect(tmp_path)
    assert again.returncode == 0, again.stderr[-3000:]
    repeated = json.loads(again.stdout)
    assert repeated["bank_debits"] == figures["bank_debits"]
    assert [row["status"] for row in rows(tmp_path / "results.csv")] == [row["status"] for row in results]


def test_every_reject_names_row_field_and_fix(tmp_path):
    done = collect(tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    rejects = rows(tmp_path / "rejects.csv")
    assert len(rejects) >= 30
    for reject in rejects:
        assert reject["row"].isdigit() and reject["field"] and reject["code"]
        assert len(reject["problem_en"]) > 10 and len(reject["problem_zh"]) > 4
    for result in rows(tmp_path / "results.csv"):
        if result["status"] != "collected":
            assert result["cause"] and result["who_acts"] and result["next_step_zh"] and result["next_step_en"]


def test_what_is_wrong_with_a_file_is_said(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("order,iban\n1,2\n")
    done = run("collect", bad, "--out", tmp_path / "r.csv", "--data", tmp_path / "data")
    assert done.returncode != 0 and "iban" in done.stderr and "due_date" in done.stderr
    missing = run("collect", tmp_path / "none.csv", "--out", tmp_path / "r.csv", "--data", tmp_path / "data")
    assert missing.returncode != 0 and "none.csv" in missing.stderr


def some_rows(count=3):
    """The header and the first good rows of the example."""
    listed = EXAMPLE.read_text(encoding="utf-8").splitlines()
    return listed[0], listed[1:1 + count]


def test_the_due_list_is_never_overwritten(tmp_path):
    header, lines = some_rows()
    due = tmp_path / "due.csv"
    due.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    before = due.read_bytes()
    (tmp_path / "folder").mkdir()
    for out in (due, tmp_path / "folder" / ".." / "due.csv"):
        done = run("collect", due, "--out", out, "--data", tmp_path / "data")
        assert done.returncode != 0 and "three different files" in done.stderr
    done = run("collect", due, "--out", tmp_path / "r.csv", "--rejects", due, "--data", tmp_path / "data")
    assert done.returncode != 0 and due.read_bytes() == before


def test_a_list_of_nothing_but_mistakes_fails(tmp_path):
    header, lines = some_rows(1)
    due = tmp_path / "due.csv"
    fields = dict(zip(header.split(","), lines[0].split(",")))
    fields["channels"] = "paypal"
    due.write_text(header + "\n" + ",".join(fields.values()) + "\n", encoding="utf-8")
    done = run("collect", due, "--out", tmp_path / "r.csv", "--rejects", tmp_path / "x.csv", "--data", tmp_path / "data")
    assert done.returncode != 0 and "x.csv" in done.stderr
    (reject,) = rows(tmp_path / "x.csv")
    assert reject["field"] == "channels" and "paypal" not in reject["code"]


def test_what_falls_due_much_later_is_not_yet(tmp_path):
    header, lines = some_rows(2)
    due = tmp_path / "due.csv"
    fields = dict(zip(header.split(","), lines[1].split(",")))
    year, rest = fields["due_date"].split("-", 1)
    fields["due_date"] = f"{int(year) + 1}-{rest}"
    due.write_text("\n".join([header, lines[0], ",".join(fields.values())]) + "\n", encoding="utf-8")
    done = run("collect", due, "--out", tmp_path / "r.csv", "--rejects", tmp_path / "x.csv", "--data", tmp_path / "data", "--json")
    assert done.returncode == 0, done.stderr[-2000:]
    results = {result["order"]: result["status"] for result in rows(tmp_path / "r.csv")}
    assert results[fields["order"]] not in ("collected", "impossible") and len(results) == 2
