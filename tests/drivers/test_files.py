"""Files for the outside world are as docs/reference/files.md lays them down, whole, and the same again."""

from datetime import date, datetime
from pathlib import Path

import pytest

from carrierbill.domain.dates import SEOUL
from carrierbill.domain.notice import BureauReport, Channel, Notice
from carrierbill.domain.purchase import Merchant
from carrierbill.drivers.bureau_files import BureauFiles
from carrierbill.drivers.gateway_files import GatewayFiles
from carrierbill.drivers.notices import FileNotices
from carrierbill.drivers.settlement_files import Paid, SettlementFiles
from carrierbill.services.ports import Addressed, Delivery, NamedReport
from carrierbill.services.settle_merchants import SettledMerchant
from carrierbill.services.tell_others import GatewayMark
from carrierbill.storage.sealed import masked_number

DAY = date(2025, 12, 1)


# ── notices ──────────────────────────────────────────────────────────────────────────────────────────────
def addressed(notice_id: int, tries: int = 1) -> Addressed:
    at = datetime(2025, 12, 1, 9, tzinfo=SEOUL)
    notice = Notice(notice_id, 1, 1, "reminder", "notice.reminder", Channel.SMS, at, at, tries=tries)
    return Addressed(notice, "+821012345678", {"ko": "안녕", "en": "hello"})


def driver(folder: Path, day: date = DAY) -> FileNotices:
    return FileNotices(folder, lambda: day, masked_number)


def test_a_notice_is_a_line_with_its_number_masked_and_is_delivered_that_day(tmp_path: Path) -> None:
    assert driver(tmp_path).send([addressed(7)]) == [Delivery(7, "file/7", DAY)]
    written = (tmp_path / "notices-2025-12-01.jsonl").read_text(encoding="utf-8")
    assert written == (
        '{"id": 7, "number": "010-****-5678", "channel": "sms", "what": "reminder", '
        '"ko": "안녕", "en": "hello"}\n'
    )


def test_a_notice_handed_over_again_is_written_once_and_keeps_its_day(tmp_path: Path) -> None:
    driver(tmp_path).send([addressed(7), addressed(8)])
    again = driver(tmp_path, date(2025, 12, 2)).send([addressed(7, tries=2), addressed(9)])
    assert [(each.notice_id, each.delivered_on) for each in again] == [(7, DAY), (9, date(2025, 12, 2))]
    lines = [file.read_text(encoding="utf-8").count("\n") for file in sorted(tmp_path.iterdir())]
    assert lines == [2, 1]


def test_after_a_crash_in_the_middle_of_a_line_the_notice_is_written_anew(tmp_path: Path) -> None:
    driver(tmp_path).send([addressed(7)])
    file = tmp_path / "notices-2025-12-01.jsonl"
    file.write_bytes(file.read_bytes()[:20])
    driver(tmp_path).send([addressed(7, tries=2)])
    torn, whole = file.read_text(encoding="utf-8").splitlines()
    assert (torn, whole.startswith('{"id": 7,')) == ('{"id": 7, "number": ', True)


def test_nothing_to_send_makes_no_file(tmp_path: Path) -> None:
    assert driver(tmp_path / "out").send([]) == []
    assert not (tmp_path / "out").exists()


# ── bureaus ──────────────────────────────────────────────────────────────────────────────────────────────
def named(
    report_id: int, effect: str, action: str = "add", *, won: int = 50_000, name: str = "홍길동"
) -> NamedReport:
    report = BureauReport(report_id, 1, 1, 33, effect, won, date(2025, 11, 29), reported_on=DAY)
    return NamedReport(report, action, name, "+821012345678", "SKT")


def test_a_bureaus_file_has_counts_records_and_a_trailer(tmp_path: Path) -> None:
    told = [
        named(1, "report_short_term"),
        named(2, "report_short_term", "withdraw", won=30_000, name='Lee, "Jr"'),
    ]
    files = BureauFiles(tmp_path).write(DAY, told)
    assert [Path(file).name for file in files] == ["bureau-KCB-2025-12-01.csv", "bureau-NICE-2025-12-01.csv"]
    assert (tmp_path / "bureau-KCB-2025-12-01.csv").read_bytes().decode() == (
        "H,1,carrierbill,KCB,2025-12-01,1,50000,1,30000\n"
        "A,1,report_short_term,SKT,홍길동,+821012345678,33,50000,2025-12-01\n"
        'W,2,report_short_term,SKT,"Lee, ""Jr""",+821012345678,33,30000,2025-12-01\n'
        "T,2,80000\n"
    )


@pytest.mark.parametrize(
    ("effect", "bureaus"),
    [
        ("report_short_term", ["KCB", "NICE"]),
        ("register_long_term", ["KCB", "NICE"]),
        ("list_kait", ["KAIT"]),
        ("report_insurer", ["SGI"]),
    ],
)
def test_each_effect_is_told_to_its_own(effect: str, bureaus: list[str], tmp_path: Path) -> None:
    files = BureauFiles(tmp_path).write(DAY, [named(1, effect)])
    assert [Path(file).name.split("-")[1] for file in files] == bureaus


def test_the_same_day_again_is_the_same_file_and_nothing_else_is_left(tmp_path: Path) -> None:
    told = [named(1, "list_kait")]
    (file,) = BureauFiles(tmp_path).write(DAY, told)
    first = Path(file).read_bytes()
    BureauFiles(tmp_path).write(DAY, told)
    assert Path(file).read_bytes() == first
    assert [each.name for each in tmp_path.iterdir()] == ["bureau-KAIT-2025-12-01.csv"]


def test_a_day_with_nothing_to_tell_has_no_file(tmp_path: Path) -> None:
    assert BureauFiles(tmp_path).write(DAY, []) == []
    assert list(tmp_path.iterdir()) == []


# ── gateways ─────────────────────────────────────────────────────────────────────────────────────────────
def test_each_gateway_has_a_file_of_its_own(tmp_path: Path) -> None:
    told = [
        GatewayMark(5, "kg/mobilians", "mark", "+821012345678", 33, date(2025, 9, 30), 20_000),
        GatewayMark(6, "danal", "clear", "+821012345678", 32, date(2025, 8, 31), 1_000),
    ]
    files = GatewayFiles(tmp_path).write(DAY, told)
    names = [Path(file).name for file in files]
    assert names == ["gateway-danal-2025-12-01.csv", "gateway-kg%2Fmobilians-2025-12-01.csv"]
    assert Path(files[1]).read_text(encoding="utf-8") == (
        "H,1,carrierbill,kg/mobilians,2025-12-01,1,20000,0,0\n"
        "M,5,+821012345678,33,2025-09-30,20000\n"
        "T,1,20000\n"
    )


def test_a_client_is_told_in_one_file_what_each_of_its_merchants_is_paid(tmp_path: Path) -> None:
    def paid(client: str, identifier: str, *amounts: int) -> Paid:
        merchant = Merchant(1, client, identifier, "Seller", "02-0000-0000", "goods")
        return Paid(merchant, SettledMerchant(len(identifier), *amounts))

    told = [
        paid("kg/pay", "toys", 30_000, 5_000, 0, 25_000),
        paid("kg/pay", "books", 10_000, 12_000, 3_500, 0),
        paid("danal", "danal", 0, 0, 0, 0),
    ]
    files = SettlementFiles(tmp_path).write(DAY, told)
    names = [Path(file).name for file in files]
    assert names == ["settlement-danal-2025-12-01.csv", "settlement-kg%2Fpay-2025-12-01.csv"]
    # Purchases, refunds, brought from before, carried on, paid: 10,000 - 12,000 - 1,500 + 3,500 = 0.
    assert Path(files[1]).read_text(encoding="utf-8") == (
        "H,1,carrierbill,kg/pay,2025-12-01,2,40000,17000,1500,3500,25000\n"
        "S,5,books,10000,12000,1500,3500,0\n"
        "S,4,toys,30000,5000,0,0,25000\n"
        "T,2,25000\n"
    )
    assert SettlementFiles(tmp_path).write(DAY, list(reversed(told))) == files
