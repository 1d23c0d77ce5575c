-- What verify_books asks of the records: sums as id and won, exceptions as keys. A blank line between two of them.

-- held_by_line
SELECT line_id, SUM(won) FROM purchases WHERE state IN ('held', 'processing') GROUP BY 1

-- held_by_merchant
SELECT COALESCE(merchant_id, 0), SUM(won) FROM purchases WHERE state IN ('held', 'processing') GROUP BY 1

-- unbilled_by_line
SELECT line_id, SUM(won) FROM purchases WHERE state = 'confirmed' AND bill_id IS NULL GROUP BY 1

-- cancelled_by_line
SELECT p.line_id, SUM(r.cancelled_won)
FROM refunds r JOIN purchases p ON p.id = r.purchase_id
WHERE p.bill_id IS NULL GROUP BY 1

-- principal_left_by_bill
SELECT b.id, CASE WHEN a.won >= b.principal_won THEN 0 ELSE b.principal_won - COALESCE(a.won, 0) END
FROM bills b LEFT JOIN (SELECT bill_id, SUM(won) AS won FROM allocations GROUP BY 1) a ON a.bill_id = b.id

-- fee_left_by_bill
SELECT b.id, b.fee_booked_won - b.fee_waived_won
    - CASE WHEN a.won > b.principal_won THEN a.won - b.principal_won ELSE 0 END
FROM bills b LEFT JOIN (SELECT bill_id, SUM(won) AS won FROM allocations GROUP BY 1) a ON a.bill_id = b.id

-- fee_booked_by_bill
SELECT id, fee_booked_won FROM bills

-- fee_waived_by_bill
SELECT id, fee_waived_won FROM bills

-- credit_by_line
SELECT id, credit_won FROM lines

-- paid_back_by_line
SELECT id, paid_back_won FROM lines

-- repaid_by_line
SELECT id, repaid_won FROM lines

-- received_by_line
SELECT line_id, SUM(won) FROM repayments GROUP BY 1

-- refunds_paid_back_by_line
SELECT line_id, SUM(paid_back_won) FROM refunds GROUP BY 1

-- refunded_by_purchase
SELECT id, refunded_won FROM purchases WHERE refunded_won <> 0

-- refunds_by_purchase
SELECT purchase_id, SUM(won) FROM refunds GROUP BY 1

-- cancelled_by_purchase
SELECT id, cancelled_won FROM purchases WHERE cancelled_won <> 0

-- refunds_cancelled_by_purchase
SELECT purchase_id, SUM(cancelled_won) FROM refunds GROUP BY 1

-- paid_back_by_purchase
SELECT id, paid_back_won FROM purchases WHERE paid_back_won <> 0

-- refunds_paid_back_by_purchase
SELECT purchase_id, SUM(paid_back_won) FROM refunds GROUP BY 1

-- used_by_line
SELECT line_id, SUM(won) FROM usages GROUP BY 1

-- using_by_line: a refund frees the limit of the purchase's month while it is that month
SELECT line_id, SUM(won) FROM (
    SELECT line_id, won FROM purchases WHERE state IN ('held', 'processing', 'confirmed')
    UNION ALL
    SELECT p.line_id, -r.cancelled_won
    FROM refunds r JOIN purchases p ON p.id = r.purchase_id
    WHERE {month_of_refund} = {month_of_purchase}
) AS used GROUP BY 1

-- withheld_by_merchant
SELECT COALESCE(merchant_id, 0), SUM(withheld_won) FROM objections WHERE state = 'open' GROUP BY 1

-- confirmed_by_merchant
SELECT COALESCE(merchant_id, 0), SUM(won) FROM purchases WHERE state = 'confirmed' GROUP BY 1

-- refunded_by_merchant
SELECT COALESCE(merchant_id, 0), SUM(won) FROM refunds GROUP BY 1

-- settled_by_merchant
SELECT merchant_id, SUM(won) FROM settlements GROUP BY 1

-- received
SELECT 0, SUM(won) FROM repayments HAVING SUM(won) IS NOT NULL

-- paid_out
SELECT 0, SUM(won) FROM settlements HAVING SUM(won) IS NOT NULL

-- voided_and_posted
SELECT v.key FROM entries v JOIN entries c ON c.key = 'confirm/' || substr(v.key, 6)
WHERE substr(v.key, 1, 5) = 'void/'

-- confirmed_unposted
SELECT p.id FROM purchases p LEFT JOIN entries e ON e.key = 'confirm/' || p.id
WHERE p.state = 'confirmed' AND e.seq IS NULL

-- held_unposted
SELECT p.id FROM purchases p LEFT JOIN entries e ON e.key = 'hold/' || p.id
WHERE p.state IN ('held', 'processing') AND e.seq IS NULL

-- paid_back_beyond_repaid
SELECT id FROM lines WHERE paid_back_won > repaid_won

-- above_limit: not where the limit was changed since, as the audit trail tells, nor where a gateway reported late
SELECT DISTINCT u.line_id FROM (
    SELECT line_id, month, SUM(won) AS won FROM usages GROUP BY line_id, month, category = 'content'
) AS u JOIN lines l ON l.id = u.line_id
WHERE u.won > l.monthly_limit_won
AND NOT EXISTS (SELECT 1 FROM audits a WHERE a.line_id = l.id AND {limit_in_action} > 0)
AND NOT EXISTS (
    SELECT 1 FROM purchases p WHERE p.line_id = u.line_id AND p.month = u.month AND p.reported_month IS NOT NULL
)

-- key_twice
SELECT key FROM entries GROUP BY key HAVING COUNT(*) > 1

-- reverses_nothing
SELECT e.key FROM entries e LEFT JOIN entries r ON r.key = e.reverses
WHERE e.reverses IS NOT NULL AND r.seq IS NULL

-- settled_wrongly
SELECT b.id FROM bills b
LEFT JOIN (SELECT bill_id, SUM(won) AS won FROM allocations GROUP BY 1) a ON a.bill_id = b.id
WHERE (b.settled_on IS NOT NULL) <> (COALESCE(a.won, 0) >= b.principal_won)

-- purchase_of_nobody: these pointers have no foreign key, for speed
SELECT p.id FROM purchases p
LEFT JOIN lines l ON l.id = p.line_id AND l.holder_id = p.holder_id
LEFT JOIN merchants m ON m.id = p.merchant_id
WHERE l.id IS NULL OR (p.merchant_id IS NOT NULL AND m.id IS NULL)
