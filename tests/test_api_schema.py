"""Requests generated from the served OpenAPI document by schemathesis."""

import json
import os
import subprocess
import sys

from conftest import ROOT


def test_generated_requests(house):
    """Every operation, valid and invalid requests: no 5xx, only documented answers, schemas met, bad data refused."""
    seconds = os.environ.get("SCHEMATHESIS_EXAMPLES", "40")
    report = house.folder / "schemathesis"
    done = subprocess.run(
        [
            os.path.join(os.path.dirname(sys.executable), "schemathesis"),
            "--config-file", str(ROOT / "tests/schemathesis.toml"),
            "run", f"{house.api}/openapi.json",
            "--header", f"Authorization: Bearer {house.key}",
            # One worker: Python 3.11 counts the depth of its syntax trees for all threads together and trips over two.
            "--max-examples", seconds, "--seed", "20261122", "--workers", "1",
            "--report", "junit", "--report-dir", str(report),
        ],
        capture_output=True, text=True, timeout=1500,
    )
    print(done.stdout[-6000:])
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
