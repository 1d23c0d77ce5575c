"""Lists: which, in what order, how many of how many; and what a parameter cannot be."""

from datetime import timedelta
from typing import Any

import pytest

from books import Books
from camara_face import CODE, FRESH, GAME, GOOD, PAYMENTS, Face, by_merchant, code_of, refunds_of, taken
from carrierbill.storage.listing import Wanted, count_purchases, list_purchases
from carrierbill.web.camara.payments import LIST

INVALID = (400, "INVALID_ARGUMENT")
OUT_OF_RANGE = (400, "OUT_OF_RANGE")


@pytest.fixture(params=["payments", "refunds"])
def of(request: pytest.FixtureRequest, face: Face) -> tuple[Face, str, list[str], str]:
    """Five of either kind, a minute apart: where they are listed, their ids, what their dates are named."""
    ids = []
    payment_id = face.paid(10_000) if request.param == "refunds" else ""
    for number in range(5):
        face.book.clock.by(minutes=1)
        if payment_id:
            ids.append(taken(face.refund(payment_id, 100 + number), 201)["refundId"])
        else:
            ids.append(face.paid(100 + number))
    return face, refunds_of(payment_id) if payment_id else PAYMENTS, ids, request.param.removesuffix("s")


Of = tuple[Face, str, list[str], str]


def ids_of(response: Any) -> list[str]:
    return [each.get("refundId") or each["paymentId"] for each in taken(response, 200)]


def heads(response: Any) -> tuple[str, str]:
    return response.headers["content-last-key"], response.headers["x-total-count"]


def test_a_list_begins_with_the_latest_unless_asked_otherwise(of: Of) -> None:
    face, path, ids, _ = of
    assert ids_of(face.get(path)) == ids[::-1]
    assert ids_of(face.get(path, params={"order": "desc"})) == ids[::-1]
    assert ids_of(face.get(path, params={"order": "asc"})) == ids


def test_a_list_is_told_by_pages_that_say_where_they_end(of: Of) -> None:
    face, path, ids, _ = of
    pages = [face.get(path, params={"perPage": 2, "page": page, "order": "asc"}) for page in (1, 2, 3)]
    assert [ids_of(page) for page in pages] == [ids[:2], ids[2:4], ids[4:]]
    assert [heads(page) for page in pages] == [("2", "5"), ("4", "5"), ("5", "5")]
    assert heads(face.get(path)) == ("5", "5")
    assert code_of(face.get(path, params={"perPage": 2, "page": 4})) == OUT_OF_RANGE
    assert code_of(face.get(path, params={"perPage": 5, "page": 2})) == OUT_OF_RANGE


def test_a_list_of_a_time_has_both_of_its_ends(of: Of) -> None:
    face, path, ids, kind = of
    since, until = f"{kind}CreationDate.gte", f"{kind}CreationDate.lte"
    dates = [each[f"{kind}CreationDate"] for each in taken(face.get(path, params={"order": "asc"}), 200)]
    assert ids_of(face.get(path, params={since: dates[1], until: dates[3]})) == ids[3:0:-1]
    assert ids_of(face.get(path, params={since: dates[3]})) == ids[:2:-1]
    assert ids_of(face.get(path, params={until: dates[1]})) == ids[1::-1]
    assert ids_of(face.get(path, params={since: dates[2], until: dates[2]})) == [ids[2]]
    in_london = (face.book.clock.at - timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids_of(face.get(path, params={since: in_london})) == [ids[4]]
    # A plus that nobody escaped.
    assert ids_of(face.get(f"{path}?{since}={dates[4]}")) == [ids[4]]
    assert ids_of(face.get(path, params={since: "2030-01-01T00:00:00Z"})) == []


def test_a_time_that_ends_before_it_begins_is_refused(of: Of) -> None:
    face, path, _, kind = of
    params = {
        f"{kind}CreationDate.gte": "2026-03-02T02:00:00Z",
        f"{kind}CreationDate.lte": "2026-03-02T10:59:59+09:00",
    }
    family = "CARRIER_BILLING" if kind == "payment" else "CARRIER_BILLING_REFUND"
    assert code_of(face.get(path, params=params)) == (400, f"{family}.INVALID_DATE_RANGE")
    params[f"{kind}CreationDate.lte"] = "2026-03-02T11:00:00+09:00"
    assert ids_of(face.get(path, params=params)) == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"page": "0"}, OUT_OF_RANGE),
        ({"page": "-1"}, OUT_OF_RANGE),
        ({"page": "9" * 30}, OUT_OF_RANGE),
        ({"page": "x"}, INVALID),
        ({"page": ""}, INVALID),
        ({"page": "1.0"}, INVALID),
        ({"page": "١"}, INVALID),
        ({"page": ["1", "2"]}, INVALID),
        ({"perPage": "0"}, OUT_OF_RANGE),
        ({"perPage": "1001"}, OUT_OF_RANGE),
        ({"perPage": "ten"}, INVALID),
        ({"order": "up"}, INVALID),
        ({"order": "DESC"}, INVALID),
        ({"{}Status": "settled"}, INVALID),
        ({"{}Status": ["succeeded", "settled"]}, INVALID),
        ({"{}Status": "succeeded,settled"}, INVALID),
        ({"{}Status": ""}, INVALID),
        ({"{}CreationDate.gte": "2026-03-02T10:00:00"}, INVALID),
        ({"{}CreationDate.gte": "2026-03-02"}, INVALID),
        ({"{}CreationDate.lte": "2026-02-30T10:00:00Z"}, INVALID),
        ({"{}CreationDate.lte": "0001-01-01T00:00:00+09:00"}, INVALID),
        ({"{}CreationDate.lte": "yesterday"}, INVALID),
        ({"merchantIdentifier": "a\0b"}, INVALID),
    ],
)
def test_what_a_parameter_cannot_be_is_refused(
    params: dict[str, Any], code: tuple[int, str], quick: Face
) -> None:
    payment_id = quick.paid()
    for path, kind in ((PAYMENTS, "payment"), (refunds_of(payment_id), "refund")):
        asked = {name.format(kind): value for name, value in params.items()}
        assert code_of(quick.get(path, params=asked)) == code


def test_the_ends_of_what_a_page_may_be_are_taken_and_unknown_parameters_let_go(quick: Face) -> None:
    payment_id = quick.paid()
    for params in ({"perPage": "1"}, {"perPage": "1000"}, {"page": "01"}, {"colour": "red"}):
        assert ids_of(quick.get(PAYMENTS, params=params)) == [payment_id]


def test_of_nothing_the_first_page_is_empty_and_there_is_no_second(face: Face) -> None:
    response = face.get(PAYMENTS)
    assert (response.json(), heads(response)) == ([], ("0", "0"))
    assert code_of(face.get(PAYMENTS, params={"page": 2})) == OUT_OF_RANGE
    response = face.get(refunds_of(face.paid()))
    assert (response.json(), heads(response)) == ([], ("0", "0"))


def test_payments_are_listed_by_any_of_their_statuses(face: Face) -> None:
    ids = {
        "succeeded": face.paid(),
        "reserved": face.prepared(),
        "pending_validation": face.prepared(number=CODE),
        "cancelled": face.prepared(),
    }
    assert face.step(ids["cancelled"], "cancel").status_code == 202
    for status, payment_id in ids.items():
        assert ids_of(face.get(PAYMENTS, params={"paymentStatus": status})) == [payment_id]
    both = [ids["cancelled"], ids["succeeded"]]
    for asked in (["succeeded", "cancelled"], "succeeded,cancelled"):
        assert ids_of(face.get(PAYMENTS, params={"paymentStatus": asked})) == both
    assert ids_of(face.get(PAYMENTS, params={"paymentStatus": "denied"})) == []
    # A lapsed hold is cancelled too.
    face.later(600)
    lapsed = face.get(PAYMENTS, params={"paymentStatus": "cancelled"})
    assert len(ids_of(lapsed)) == int(lapsed.headers["x-total-count"]) == 3


def test_payments_are_listed_by_the_merchant_that_was_named(face: Face) -> None:
    known = face.paid(amount=by_merchant("demo-shop"))
    face.book.clock.by(minutes=1)
    unknown = face.paid(amount=by_merchant('who "knows", {this}'))
    face.book.clock.by(minutes=1)
    unnamed = face.paid()
    for merchant, found in (("demo-shop", [known]), ('who "knows", {this}', [unknown]), ("x", [])):
        assert ids_of(face.get(PAYMENTS, params={"merchantIdentifier": merchant})) == found
    assert ids_of(face.get(PAYMENTS)) == [unnamed, unknown, known]


def test_refunds_are_listed_by_status_and_merchant(slow_face: Face) -> None:
    face = slow_face
    payment_id = face.paid(1_000)
    face.later(1)
    done = taken(face.refund(payment_id, 1, amount=by_merchant("a")), 201)["refundId"]
    face.later(1)
    under_way = taken(face.refund(payment_id, 2, amount=by_merchant("b")), 201)["refundId"]
    path = refunds_of(payment_id)
    assert ids_of(face.get(path, params={"refundStatus": "succeeded"})) == [done]
    assert ids_of(face.get(path, params={"refundStatus": "processing"})) == [under_way]
    assert ids_of(face.get(path, params={"refundStatus": "denied"})) == []
    assert ids_of(face.get(path, params={"merchantIdentifier": "b"})) == [under_way]


def test_all_filters_hold_at_once_for_a_token_of_a_number_too(face: Face) -> None:
    wanted = face.paid(number=FRESH, amount=by_merchant("demo-shop"))
    face.paid(number=FRESH)
    face.paid(number=GOOD, amount=by_merchant("demo-shop"))
    face.paid(number=FRESH, amount=by_merchant("demo-shop"), client=GAME)
    face.prepared(number=FRESH, amount=by_merchant("demo-shop"))
    params = {
        "paymentStatus": "succeeded",
        "merchantIdentifier": "demo-shop",
        "paymentCreationDate.gte": "2026-03-02T10:00:00+09:00",
        "paymentCreationDate.lte": "2026-03-02T10:00:00+09:00",
    }
    response = face.get(PAYMENTS, params=params, number=FRESH)
    assert (ids_of(response), heads(response)) == ([wanted], ("1", "1"))


def test_too_many_that_match_are_not_told_at_all(book: Books) -> None:
    face = Face(book, max_matching=2)
    payment_id = face.paid(1_000)
    face.paid(1)
    for won in (1, 2):
        face.refund(payment_id, won)
    assert len(ids_of(face.get(PAYMENTS))) == len(ids_of(face.get(refunds_of(payment_id)))) == 2
    face.prepared(1)
    face.refund(payment_id, 3)
    too_many = "TOO_MANY_MATCHING_RECORDS"
    assert code_of(face.get(PAYMENTS)) == (400, f"CARRIER_BILLING.{too_many}")
    assert code_of(face.get(refunds_of(payment_id))) == (400, f"CARRIER_BILLING_REFUND.{too_many}")
    # With a narrower question there are few enough.
    assert len(ids_of(face.get(PAYMENTS, params={"paymentStatus": "reserved"}))) == 1
    face.close()


# ── by the index ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("more", "index"),
    [
        ({}, "purchase_requests_by_client_asked_at"),
        ({"states": ("held",), "merchant": "m"}, "purchase_requests_by_client_asked_at"),
        ({"newest_first": False}, "purchase_requests_by_client_asked_at"),
        ({"line_id": 1}, "purchases_by_line_id_billed_month"),
    ],
)
def test_a_list_is_found_by_an_index_however_many_there_are(
    more: dict[str, Any], index: str, book: Books
) -> None:
    wanted = Wanted("shop", merchant_at=LIST.merchant_at, **more)
    plans = []
    with book.db.session() as session:
        explain = "EXPLAIN QUERY PLAN " if session.on_sqlite else "EXPLAIN "
        if not session.on_sqlite:
            # Of an empty table all is read soonest by reading it; and a line's few are not sorted out of all.
            session.rows("SET LOCAL enable_bitmapscan = off")

        class Explained:
            """Asks how a statement would be carried out."""

            on_sqlite, any_of = session.on_sqlite, staticmethod(session.any_of)

            def rows(self, statement: str, values: Any = ()) -> list[Any]:
                plans.append(str(session.rows(explain + statement, values)))
                return [(0,)] if "count" in statement else []

        explained: Any = Explained()
        list_purchases(explained, wanted, skip=0, most=10)
        count_purchases(explained, wanted)
    assert len(plans) == 2
    for plan in plans:
        assert index in plan
