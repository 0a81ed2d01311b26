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
