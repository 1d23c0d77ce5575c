"""Whatever the contracts allow to be asked, the answer is one they know, and none comes without a token."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from carrierbill.web import running
from served import Served, serving

CONTRACTS = Path(running.__file__).parent / "contracts"
BASES = {
    "carrier-billing": running.PAYMENTS,
    "carrier-billing-refund": running.REFUNDS,
    "carrierbill": running.OWN,
}
SCOPES = " ".join(
    (
        *(f"carrier-billing:payments:{what}" for what in ("create", "read", "write")),
        *(f"carrier-billing-refund:refunds:{what}" for what in ("create", "read")),
        *(
            "carrierbill:lines:read",
            "carrierbill:lines:write",
            "carrierbill:repayments:write",
            "carrierbill:ops",
        ),
    )
)
CHECKS = (
    "not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,ignored_auth"
)
EXAMPLES, SEED = 10, 7


@pytest.fixture(params=["sync", "async"])
def demo(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Served]:
    """A demo, served in either mode."""
    with serving(tmp_path, "demo", DATABASE_URL=database_url, MODE=request.param) as served:
        yield served


def schemathesis(demo: Served, contract: str, token: str) -> str:
    """What a run over a contract tells; it fails the test when anything is not as the contract says."""
    file, base = CONTRACTS / f"{contract}.yaml", demo.address.rstrip("/") + BASES[contract]
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [program, "run", str(file), "--url", base, "--header", f"Authorization: Bearer {token}"]
    command += ["--checks", CHECKS, "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-color"]
    home = demo.environment["HOME"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6_000:]
    return done.stdout


def test_no_answer_breaks_a_contract_and_none_comes_without_a_token(demo: Served) -> None:
    token = demo.told("token", "--client", "demo-shop", "--scope", SCOPES).strip()
    for contract in BASES:
        told = schemathesis(demo, contract, token)
        assert "generated" in told, told[-2_000:]
    log = Path(demo.environment["XDG_DATA_HOME"]) / "carrierbill" / "serve.log"
    assert "ERROR" not in log.read_text(encoding="utf-8")
    assert "The books are clean" in demo.told("db", "verify")
