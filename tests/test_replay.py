"""The replay of a lender's own log, from the command line: figures, rejects, page, exit status."""

import csv
import json

import pytest
from conftest import ROOT, run

EXAMPLE = ROOT / "examples/attempts.csv"


def replay(tmp_path, file=EXAMPLE, *more):
    return run("replay", file, "--rejects", tmp_path / "rejects.csv", *more, cwd=tmp_path)


def figures(tmp_path, *more):
    done = replay(tmp_path, EXAMPLE, "--scheme", "unionpay_acp", "--json", *more)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout), done.stdout


def test_the_example_in_figures(tmp_path):
    report, first = figures(tmp_path)
    assert report["schema"] == "lockstep.replay/1"
    assert (report["logged"]["attempts"], report["logged"]["orders"]) == (3013, 2400)
    assert report["logged"]["success"]["value"] == pytest.approx(0.6459, abs=5e-4)
    policies = report["evaluation"]["policies"]
    assert list(policies)[:4] == ["logged", "capped", "without", "per_context"]
    for policy in policies.values():
        estimate = policy["held_out"]["attempts"]
        for name in ("snips", "doubly_robust", "gain"):
            value = estimate[name]
            assert value is None or value["low"] <= value["value"] <= value["high"]
    assert policies["capped"]["held_out"]["shares"]["bankdirect"] < 0.2
    assert "bankdirect" not in policies["without"]["held_out"]["shares"]
    assert report["anatomy"]["by_cause"][0]["name"] == "insufficient_funds"
    for conclusion in report["conclusions"]:
        assert conclusion["text"]["zh"] and conclusion["text"]["en"]
    assert figures(tmp_path)[1] == first, "the same seed must give the same bytes"
    assert figures(tmp_path, "--seed", "2")[1] != first


def test_rejects_name_row_column_and_fix(tmp_path):
    figures(tmp_path)
    with open(tmp_path / "rejects.csv", newline="", encoding="utf-8") as file:
        rejects = list(csv.DictReader(file))
    assert [reject["code"] for reject in rejects] == ["bad_time", "bad_amount", "empty", "wrong_column_count"]
    for reject in rejects:
        assert reject["row"].isdigit() and reject["column"] and reject["problem_en"] and reject["problem_zh"]


def test_a_table_for_people_in_both_languages(tmp_path):
    for lang, words in (("en", "What other choices would have collected"), ("zh-CN", "其他选择能收回多少")):
        done = replay(tmp_path, EXAMPLE, "--lang", lang, "--html", tmp_path / f"{lang}.html")
        assert done.returncode == 0, done.stderr[-3000:]
        assert words in done.stdout
        page = (tmp_path / f"{lang}.html").read_text(encoding="utf-8")
        assert f'<html lang="{lang}">' in page and page.rstrip().endswith("</html>")
        assert "<script" not in page and "http" not in page.replace("http-equiv", "")


def test_foreign_headers_and_a_mapping(tmp_path):
    rows = [f"2026-03-{1 + n // 100:02} {n % 24:02}:{n % 60:02}:00;P{n * 7 % 3};{n * 13 % 4 // 3};{n % 90 + 10}" for n in range(2500)]
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("wann;wohin;geklappt;betrag\n" + "\n".join(rows) + "\n")
    done = replay(tmp_path, foreign, "--json")
    assert done.returncode == 1 and "--map" in done.stderr and "wohin" in done.stderr
    mapping = tmp_path / "map.toml"
    mapping.write_text('time = "wann"\nchannel = "wohin"\nsuccess = "geklappt"\namount = "betrag"\n')
    for given in ("time=wann,channel=wohin,success=geklappt,amount=betrag", mapping):
        done = replay(tmp_path, foreign, "--json", "--map", given)
        assert done.returncode == 0, done.stderr[-3000:]
        assert json.loads(done.stdout)["logged"]["attempts"] == 2500


def test_formulas_and_markup_stay_text(tmp_path):
    evil = tmp_path / "evil.csv"
    good = "".join(f"2026-03-02 09:{n % 60:02}:00,{'<b onmouseover=alert(1)>' if n % 2 else '=2+2'},{n % 3 % 2}\n" for n in range(600))
    evil.write_text("time,=HYPERLINK(1),success\n" + good + "=cmd|' /C calc'!A0,a,1\n2026-03-02 09:00:00,,1\n")
    done = replay(tmp_path, evil, "--map", "channel==HYPERLINK(1)", "--html", tmp_path / "evil.html")
    assert done.returncode == 0, done.stderr[-3000:]
    with open(tmp_path / "rejects.csv", newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row), row
    page = (tmp_path / "evil.html").read_text(encoding="utf-8")
    assert "<b onmouseover" not in page and "&lt;b onmouseover" in page


def test_exit_status_and_words_for_what_is_wrong(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("time,channel,success\n" + "2026-03-02 09:00:00,a,1\n" * 3 + "nonsense,a,1\n" * 2)
    assert replay(tmp_path, bad).returncode == 3
    assert replay(tmp_path, bad, "--max-rejects", "0.5").returncode == 0
    for name, content, said in (
        ("empty.csv", b"", "empty"),
        ("binary.csv", bytes(range(256)) * 40, "bad"),
        ("utf16.csv", "time,channel,success\n".encode("utf-16"), "UTF"),
        ("header.csv", b"time,channel,success\n", "no rows"),
    ):
        file = tmp_path / name
        file.write_bytes(content)
        done = replay(tmp_path, file)
        assert done.returncode == 1 and len(done.stderr) > 20 and "panicked" not in done.stderr, (name, done.stderr)
        if said != "bad":
            assert said in done.stderr, (name, done.stderr)
    assert "none.csv" in replay(tmp_path, tmp_path / "none.csv").stderr
    for flags in (
        ["--tz", "Mars/Base"], ["--scheme", "nope"], ["--order-gap", "soon"], ["--map", "zeit=x"], ["--clip", "0"],
        ["--html", str(EXAMPLE)], ["--policy", str(bad)], ["--train-share", "2"], ["--delimiter", "a"],
    ):
        done = replay(tmp_path, EXAMPLE, *flags)
        assert done.returncode in (1, 2) and "panicked" not in done.stderr, flags
    assert EXAMPLE.read_text(encoding="utf-8").startswith("time,order")


def test_help_teaches(tmp_path):
    done = run("replay", "--help")
    assert done.returncode == 0
    for word in ("--map", "time=tmsp", "propensity", "capped", "Exit status"):
        assert word in done.stdout
