"""The doctor finds what is wrong, and says what to do."""

import json
import os

from conftest import run


def findings(*args):
    done = run("doctor", "--json", *args)
    return done, [finding for finding in json.loads(done.stdout) if finding["grade"] == "problem"]


def test_a_fresh_and_a_used_place_are_fine(tmp_path):
    done, problems = findings("--data", tmp_path / "data")
    assert done.returncode == 0 and not problems
    assert run("tenant", "add", "Sunrise", "--data", tmp_path / "data").returncode == 0
    done, problems = findings("--data", tmp_path / "data")
    assert done.returncode == 0 and not problems, problems


def test_each_trouble_is_named_with_its_fix(tmp_path):
    data = tmp_path / "data"
    assert run("tenant", "add", "Sunrise", "--data", data).returncode == 0
    key = data / "master.key"

    os.chmod(key, 0o644)
    done, problems = findings("--data", data)
    assert done.returncode != 0 and any("chmod 600" in problem["words"] for problem in problems)
    os.chmod(key, 0o600)

    os.chmod(data, 0o755)
    _, problems = findings("--data", data)
    assert any("chmod 700" in problem["words"] for problem in problems)
    os.chmod(data, 0o700)

    text = key.read_text()
    key.rename(data / "away")
    _, problems = findings("--data", data)
    assert any("missing" in problem["words"] for problem in problems)
    (data / "away").rename(key)
    assert key.read_text() == text

    database = data / "lockstep.db"
    good = database.read_bytes()
    database.write_bytes(good[:4096] + bytes(4096) + good[8192:])
    _, problems = findings("--data", data)
    assert any(problem["what"] == "database" for problem in problems)
    database.write_bytes(good)

    config = tmp_path / "lockstep.toml"
    config.write_text('[server]\nlissen = "x"\n')
    _, problems = findings("--config", config)
    assert any("lissen" in problem["words"] and "line 2" in problem["words"] for problem in problems)
    config.write_text("""
[[channels]]
adapter = "sandbox"
base_url = "http://bank.example"
key = "short"
[channels.capability]
id = "unionpay"
name = { zh = "银联", en = "UnionPay" }
scheme = "unionpay_acp"
notices = false
late_execution_window_s = 1
call_timeout_ms = 5000
unknown_deadline_s = 3600
max_in_flight = 8
[channels.capability.hours]
zone = "Asia/Shanghai"
""")
    _, problems = findings("--config", config, "--data", data)
    words = " ".join(problem["words"] for problem in problems)
    for part in ("https", "key needs", "late_execution_window_s", "unknown could never end"):
        assert part in words, words
