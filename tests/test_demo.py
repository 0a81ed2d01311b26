"""The demo: its table, its figures, and that a seed repeats them."""

import json

from conftest import run

TIMING = {"wall_s", "payments_per_s"}


def demo(folder, seed, *more):
    done = run("demo", "--once", "--json", "--seed", seed, "--data", folder, *more)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_figures_and_repetition(tmp_path):
    first = demo(tmp_path / "a", 7)
    assert first["orders"] >= 2000
    assert first["collected"] + first["pending"] + first["impossible"] == first["orders"]
    assert first["double_debits"] == 0
    assert first["unknown_seen"] > 0
    assert first["unknown_open"] <= first["pending"]
    assert first["collected"] > first["orders"] * 0.85
    again = demo(tmp_path / "b", 7)
    strip = lambda figures: {name: value for name, value in figures.items() if name not in TIMING}
    assert strip(first) == strip(again)
    other = demo(tmp_path / "c", 8)
    assert strip(other) != strip(first)


def test_table_for_people(tmp_path):
    done = run("demo", "--once", "--seed", "3", "--data", tmp_path / "d", "--lang", "zh-CN")
    assert done.returncode == 0, done.stderr[-3000:]
    for word in ("已收回", "处理中", "按发卡行", "按渠道", "重复扣款"):
        assert word in done.stdout
