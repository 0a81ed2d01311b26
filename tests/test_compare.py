"""Policies side by side: the command, its worlds, its figures, its page, and what it says about wrong input."""

import json

from conftest import run

SMALL = ("--seeds", 2, "--orders", 800, "--days", 10)


def compare(*args):
    done = run("compare", "--json", *SMALL, *args)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def complaint(*args):
    done = run("compare", *SMALL, *args)
    assert done.returncode == 1 and done.stdout == "", done.stdout[-500:]
    return done.stderr


def test_figures_and_repetition():
    first = compare()
    assert first["world"] == "standard" and first["seeds"] == 2
    policies = first["policies"]
    assert {"single", "daily_blind", "cascade_on_timeout", "failover_daily", "de_compose", "de_oneclick", "de_full",
            "hyperswitch", "lockstep", "oracle"} == set(policies)
    for name, policy in policies.items():
        assert 0 < policy["collected_first"] <= policy["collected_10d"] <= 1, name
        assert policy["collected_10d"] <= policies["oracle"]["collected_10d"], name
        low, high = policy["ci"]["collected_10d"]
        assert low <= policy["collected_10d"] <= high, name
        assert policy["most_attempts"] <= 8, name
    ours = policies["lockstep"]
    assert ours["double_debits_per_100k"] == 0
    assert ours["status_over_cap_per_100k"] == 0
    assert ours["collected_10d"] > policies["single"]["collected_10d"]
    assert compare("--threads", 1) == first
    assert compare("--seed", 9)["policies"] != policies


def test_tables_and_page_for_people(tmp_path):
    page = tmp_path / "report.html"
    done = run("compare", *SMALL, "--policies", "single,lockstep,oracle", "--explain", "--html", page, "--lang", "zh-CN")
    assert done.returncode == 0, done.stderr[-3000:]
    for word in ("收回", "代价", "渠道瘫痪时", "校准", "lockstep", "oracle"):
        assert word in done.stdout
    assert "de_full" not in done.stdout
    html = page.read_text()
    assert html.startswith("<!DOCTYPE html>") and "<svg" in html and "lockstep" in html
    assert "<script" not in html and "https://" not in html


def test_a_world_can_be_printed_edited_and_run(tmp_path):
    listed = run("compare", "--list-worlds").stdout
    for name in ("standard", "no_outages", "correlated_outage", "slow_drift", "issuer_only_outage", "nsf_29", "nsf_2_5",
                 "payday_shift", "status_storm"):
        assert name in listed
    text = run("compare", "--print-world", "standard").stdout
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace('name = "standard"', 'name = "mine"').replace("short_share = 0.062", "short_share = 0.5"))
    edited = compare("--world", mine, "--policies", "single,oracle")
    assert edited["world"] == "mine"
    assert edited["policies"]["single"]["collected_first"] < 0.6


def test_wrong_input_is_named(tmp_path):
    wrong = tmp_path / "wrong.toml"
    for text, words in (
        ("[funds]\nshort_shere = 0.1\n", "short_shere"),
        ("[funds]\nshort_share = 3.0\n", "funds.short_share: must be between 0 and 1"),
        ("[funds\n", "line 1"),
        ("\0\0", "line 1"),
    ):
        wrong.write_text(text)
        told = complaint("--world", wrong)
        assert words in told and "wrong.toml" in told, told
    wrong.write_bytes(b"\xff\xfe")
    assert "can't be read" in complaint("--world", wrong)
    assert "can't be read" in complaint("--world", tmp_path / "absent.toml")
    assert "standard" in complaint("--world", "paradise")
    assert "de_full" in complaint("--policies", "best")
    assert "can't be written" in complaint("--policies", "single", "--html", tmp_path / "no" / "folder.html")
    assert run("compare", "--seeds", 0).returncode == 2
