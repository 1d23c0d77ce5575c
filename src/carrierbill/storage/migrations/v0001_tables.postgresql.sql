CREATE TABLE answers (
    key TEXT NOT NULL,
    client TEXT NOT NULL,
    operation TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    outcome TEXT NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT answers_key PRIMARY KEY (key, client, operation)
)

CREATE INDEX answers_by_answered_at ON answers (answered_at)

CREATE TABLE audits (
    seq BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    line_id BIGINT,
    why TEXT NOT NULL,
    details TEXT NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT audits_key PRIMARY KEY (seq)
)

CREATE INDEX audits_by_line_id ON audits (line_id)

CREATE TABLE chains (
    name TEXT NOT NULL,
    seq BIGINT NOT NULL,
    head BYTEA NOT NULL,
    CONSTRAINT chains_key PRIMARY KEY (name)
)

CREATE TABLE clients (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    demo BOOLEAN NOT NULL,
    CONSTRAINT clients_key PRIMARY KEY (id)
)

CREATE TABLE counters (
    name TEXT NOT NULL,
    next BIGINT NOT NULL,
    CONSTRAINT counters_key PRIMARY KEY (name)
)

CREATE TABLE entries (
    seq BIGINT NOT NULL,
    key TEXT NOT NULL,
    what TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    line_id BIGINT,
    reverses TEXT,
    hash BYTEA NOT NULL,
    CONSTRAINT entries_key PRIMARY KEY (seq),
    CONSTRAINT entries_key_once UNIQUE (key)
)

CREATE INDEX entries_by_line_id ON entries (line_id)

CREATE TABLE holders (
    id BIGINT NOT NULL,
    welfare BOOLEAN NOT NULL,
    minor_until DATE,
    checked_month DATE,
    forgotten_on DATE,
    CONSTRAINT holders_key PRIMARY KEY (id)
)

CREATE TABLE leases (
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT leases_key PRIMARY KEY (name)
)

CREATE TABLE marks (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT marks_key PRIMARY KEY (name)
)

CREATE TABLE merchants (
    id BIGINT NOT NULL,
    client TEXT NOT NULL,
    identifier TEXT NOT NULL,
    name TEXT NOT NULL,
    contact TEXT NOT NULL,
    category TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    refund_terms TEXT NOT NULL,
    refund_cap_won BIGINT,
    CONSTRAINT merchants_key PRIMARY KEY (id),
    CONSTRAINT merchants_client_identifier_once UNIQUE (client, identifier),
    CONSTRAINT merchants_refund_cap_won_in_bounds CHECK (refund_cap_won BETWEEN 0 AND 1000000000000)
)

CREATE TABLE policies (
    seq BIGINT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    content TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT policies_key PRIMARY KEY (seq),
    CONSTRAINT policies_name_digest_once UNIQUE (name, digest)
)

CREATE TABLE postings (
    entry_seq BIGINT NOT NULL,
    leg BIGINT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    won BIGINT NOT NULL,
    line_id BIGINT,
    merchant_id BIGINT,
    bill_id BIGINT,
    CONSTRAINT postings_key PRIMARY KEY (entry_seq, leg),
    CONSTRAINT postings_won_in_bounds CHECK (won BETWEEN 1 AND 1000000000000),
    CONSTRAINT postings_moves_between_two CHECK (debit <> credit)
)

CREATE TABLE staff (
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT staff_key PRIMARY KEY (name)
)

CREATE TABLE tries (
    what TEXT NOT NULL,
    whose BYTEA NOT NULL,
    seconds TEXT NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT tries_key PRIMARY KEY (what, whose)
)

CREATE INDEX tries_by_last_at ON tries (last_at)

CREATE TABLE lines (
    id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    carrier TEXT NOT NULL,
    opened_on DATE NOT NULL,
    due_day BIGINT NOT NULL,
    monthly_limit_won BIGINT NOT NULL,
    daily_limit_won BIGINT,
    purchase_limit_won BIGINT,
    category_limits TEXT NOT NULL,
    mvno BOOLEAN NOT NULL,
    offered BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    consented_on DATE,
    blocked_on DATE,
    lowered_until DATE,
    card_expires_on DATE,
    balance_won BIGINT,
    credit_won BIGINT NOT NULL,
    repaid_won BIGINT NOT NULL,
    paid_back_won BIGINT NOT NULL,
    demo TEXT,
    CONSTRAINT lines_key PRIMARY KEY (id),
    CONSTRAINT lines_due_day_in_month CHECK (due_day BETWEEN 1 AND 31),
    CONSTRAINT lines_paid_back_of_repaid CHECK (paid_back_won <= repaid_won),
    CONSTRAINT lines_monthly_limit_won_in_bounds CHECK (monthly_limit_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT lines_daily_limit_won_in_bounds CHECK (daily_limit_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT lines_purchase_limit_won_in_bounds CHECK (purchase_limit_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT lines_balance_won_in_bounds CHECK (balance_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT lines_credit_won_in_bounds CHECK (credit_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT lines_repaid_won_in_bounds CHECK (repaid_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT lines_paid_back_won_in_bounds CHECK (paid_back_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT lines_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX lines_by_holder_id ON lines (holder_id)

CREATE TABLE people (
    holder_id BIGINT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    name_sealed BYTEA NOT NULL,
    name_hash BYTEA NOT NULL,
    CONSTRAINT people_key PRIMARY KEY (holder_id),
    CONSTRAINT people_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX people_by_name_hash ON people (name_hash)

CREATE TABLE settlements (
    id BIGINT NOT NULL,
    merchant_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    through_on DATE NOT NULL,
    settled_on DATE NOT NULL,
    purchases_won BIGINT NOT NULL,
    refunds_won BIGINT NOT NULL,
    carried_won BIGINT NOT NULL,
    won BIGINT NOT NULL,
    CONSTRAINT settlements_key PRIMARY KEY (id),
    CONSTRAINT settlements_merchant_id_through_on_once UNIQUE (merchant_id, through_on),
    CONSTRAINT settlements_merchant_id_place_once UNIQUE (merchant_id, place),
    CONSTRAINT settlements_purchases_won_in_bounds CHECK (purchases_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT settlements_refunds_won_in_bounds CHECK (refunds_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT settlements_carried_won_in_bounds CHECK (carried_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT settlements_won_in_bounds CHECK (won BETWEEN 0 AND 1000000000000),
    CONSTRAINT settlements_merchant_id_known FOREIGN KEY(merchant_id) REFERENCES merchants (id)
)

CREATE TABLE arrangements (
    id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    asked_on DATE NOT NULL,
    bill_id BIGINT,
    decided_on DATE,
    waived_won BIGINT NOT NULL,
    months BIGINT NOT NULL,
    part_won BIGINT NOT NULL,
    first_due_on DATE,
    ended_on DATE,
    CONSTRAINT arrangements_key PRIMARY KEY (id),
    CONSTRAINT arrangements_waived_won_in_bounds CHECK (waived_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT arrangements_part_won_in_bounds CHECK (part_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT arrangements_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT arrangements_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX arrangements_by_holder_id ON arrangements (holder_id)

CREATE TABLE bills (
    id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    carrier TEXT NOT NULL,
    month DATE NOT NULL,
    issued_on DATE NOT NULL,
    due_on DATE NOT NULL,
    principal_won BIGINT NOT NULL,
    carried_fee_won BIGINT NOT NULL,
    fee_booked_won BIGINT NOT NULL,
    fee_waived_won BIGINT NOT NULL,
    fee_carried_won BIGINT NOT NULL,
    fee_through_on DATE,
    settled_on DATE,
    closed_on DATE,
    welfare BOOLEAN NOT NULL,
    CONSTRAINT bills_key PRIMARY KEY (id),
    CONSTRAINT bills_line_id_month_once UNIQUE (line_id, month),
    CONSTRAINT bills_something_owed CHECK (principal_won > 0),
    CONSTRAINT bills_fee_waived_of_booked CHECK (fee_waived_won <= fee_booked_won),
    CONSTRAINT bills_principal_won_in_bounds CHECK (principal_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT bills_carried_fee_won_in_bounds CHECK (carried_fee_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT bills_fee_booked_won_in_bounds CHECK (fee_booked_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT bills_fee_waived_won_in_bounds CHECK (fee_waived_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT bills_fee_carried_won_in_bounds CHECK (fee_carried_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT bills_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT bills_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX bills_by_holder_id ON bills (holder_id)

CREATE INDEX bills_open ON bills (holder_id) WHERE closed_on IS NULL

CREATE TABLE bureau_reports (
    id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    bill_id BIGINT NOT NULL,
    effect TEXT NOT NULL,
    won BIGINT NOT NULL,
    held_on DATE NOT NULL,
    reported_on DATE,
    withdrawn_on DATE,
    CONSTRAINT bureau_reports_key PRIMARY KEY (id),
    CONSTRAINT bureau_reports_won_in_bounds CHECK (won BETWEEN 0 AND 1000000000000),
    CONSTRAINT bureau_reports_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT bureau_reports_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX bureau_reports_by_holder_id ON bureau_reports (holder_id)

CREATE TABLE consents (
    line_id BIGINT NOT NULL,
    client TEXT NOT NULL,
    holder_id BIGINT NOT NULL,
    given_on DATE NOT NULL,
    withdrawn_on DATE,
    CONSTRAINT consents_key PRIMARY KEY (line_id, client),
    CONSTRAINT consents_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT consents_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX consents_by_client ON consents (client)

CREATE TABLE declines (
    id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    declined_on DATE NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT declines_key PRIMARY KEY (id),
    CONSTRAINT declines_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT declines_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX declines_by_line_id_declined_on ON declines (line_id, declined_on)

CREATE TABLE gateway_arrears (
    id BIGINT NOT NULL,
    client TEXT NOT NULL,
    reference TEXT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    won BIGINT NOT NULL,
    due_on DATE NOT NULL,
    marked_on DATE NOT NULL,
    cleared_on DATE,
    CONSTRAINT gateway_arrears_key PRIMARY KEY (id),
    CONSTRAINT gateway_arrears_client_reference_once UNIQUE (client, reference),
    CONSTRAINT gateway_arrears_won_in_bounds CHECK (won BETWEEN 0 AND 1000000000000),
    CONSTRAINT gateway_arrears_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT gateway_arrears_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX gateway_arrears_by_holder_id ON gateway_arrears (holder_id)

CREATE TABLE line_days (
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    advanced_to DATE NOT NULL,
    CONSTRAINT line_days_key PRIMARY KEY (line_id),
    CONSTRAINT line_days_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT line_days_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE TABLE line_effects (
    id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    effect TEXT NOT NULL,
    stage TEXT NOT NULL,
    bill_id BIGINT NOT NULL,
    began_on DATE NOT NULL,
    ended_on DATE,
    CONSTRAINT line_effects_key PRIMARY KEY (id),
    CONSTRAINT line_effects_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT line_effects_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX line_effects_by_line_id ON line_effects (line_id)

CREATE INDEX line_effects_in_force ON line_effects (holder_id) WHERE ended_on IS NULL

CREATE TABLE numbers (
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    number_sealed BYTEA NOT NULL,
    number_hash BYTEA NOT NULL,
    tail_hash BYTEA NOT NULL,
    CONSTRAINT numbers_key PRIMARY KEY (line_id),
    CONSTRAINT numbers_number_hash_once UNIQUE (number_hash),
    CONSTRAINT numbers_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT numbers_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX numbers_by_tail_hash ON numbers (tail_hash)

CREATE TABLE purchases (
    id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    merchant_id BIGINT,
    client TEXT NOT NULL,
    category TEXT NOT NULL,
    won BIGINT NOT NULL,
    description TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    month DATE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    billed_month DATE,
    reported_month DATE,
    bill_id BIGINT,
    settlement_id BIGINT,
    refunded_won BIGINT NOT NULL,
    cancelled_won BIGINT NOT NULL,
    paid_back_won BIGINT NOT NULL,
    taken_on DATE,
    CONSTRAINT purchases_key PRIMARY KEY (id),
    CONSTRAINT purchases_something_bought CHECK (won > 0),
    CONSTRAINT purchases_refunded_of_won CHECK (refunded_won <= won),
    CONSTRAINT purchases_paid_back_of_refunded CHECK (paid_back_won <= refunded_won),
    CONSTRAINT purchases_held_has_an_end CHECK ((state IN ('held', 'pending_validation')) = (expires_at IS NOT NULL)),
    CONSTRAINT purchases_confirmed_at_some_time CHECK ((state = 'confirmed') = (confirmed_at IS NOT NULL)),
    CONSTRAINT purchases_won_in_bounds CHECK (won BETWEEN 0 AND 1000000000000),
    CONSTRAINT purchases_refunded_won_in_bounds CHECK (refunded_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT purchases_cancelled_won_in_bounds CHECK (cancelled_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT purchases_paid_back_won_in_bounds CHECK (paid_back_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT purchases_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id)
)

CREATE INDEX purchases_by_line_id_billed_month ON purchases (line_id, billed_month)

CREATE INDEX purchases_in_bills ON purchases (bill_id) WHERE bill_id IS NOT NULL

CREATE INDEX purchases_to_lapse ON purchases (expires_at) WHERE state = 'held'

CREATE INDEX purchases_to_settle ON purchases (merchant_id) WHERE state = 'confirmed' AND settlement_id IS NULL

CREATE INDEX purchases_without_code ON purchases (expires_at) WHERE state = 'pending_validation'

CREATE TABLE repayments (
    id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    won BIGINT NOT NULL,
    received_on DATE NOT NULL,
    booked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    bill_id BIGINT,
    reference TEXT NOT NULL,
    CONSTRAINT repayments_key PRIMARY KEY (id),
    CONSTRAINT repayments_something_repaid CHECK (won > 0),
    CONSTRAINT repayments_won_in_bounds CHECK (won BETWEEN 0 AND 1000000000000),
    CONSTRAINT repayments_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT repayments_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX repayments_by_line_id ON repayments (line_id)

CREATE TABLE sessions (
    token_hash BYTEA NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    holder_id BIGINT,
    line_id BIGINT,
    staff TEXT,
    CONSTRAINT sessions_key PRIMARY KEY (token_hash),
    CONSTRAINT sessions_a_holders_or_staffs CHECK ((holder_id IS NULL) <> (staff IS NULL)),
    CONSTRAINT sessions_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id),
    CONSTRAINT sessions_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id)
)

CREATE INDEX sessions_by_seen_at ON sessions (seen_at)

CREATE TABLE sign_in_codes (
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    code_hash BYTEA NOT NULL,
    tries_left BIGINT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT sign_in_codes_key PRIMARY KEY (line_id),
    CONSTRAINT sign_in_codes_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT sign_in_codes_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX sign_in_codes_by_expires_at ON sign_in_codes (expires_at)

CREATE TABLE usages (
    line_id BIGINT NOT NULL,
    month DATE NOT NULL,
    category TEXT NOT NULL,
    holder_id BIGINT NOT NULL,
    won BIGINT NOT NULL,
    day_on DATE NOT NULL,
    day_won BIGINT NOT NULL,
    CONSTRAINT usages_key PRIMARY KEY (line_id, month, category),
    CONSTRAINT usages_won_in_bounds CHECK (won BETWEEN 0 AND 1000000000000),
    CONSTRAINT usages_day_won_in_bounds CHECK (day_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT usages_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT usages_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)
 WITH (fillfactor = 70)

CREATE INDEX usages_by_holder_id_month ON usages (holder_id, month)

CREATE TABLE allocations (
    id BIGINT NOT NULL,
    bill_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    received_on DATE NOT NULL,
    won BIGINT NOT NULL,
    repayment_id BIGINT,
    purchase_id BIGINT,
    cause TEXT NOT NULL,
    CONSTRAINT allocations_key PRIMARY KEY (id),
    CONSTRAINT allocations_won_in_bounds CHECK (won BETWEEN 0 AND 1000000000000),
    CONSTRAINT allocations_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT allocations_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id),
    CONSTRAINT allocations_purchase_id_known FOREIGN KEY(purchase_id) REFERENCES purchases (id)
)

CREATE INDEX allocations_by_bill_id ON allocations (bill_id)

CREATE INDEX allocations_by_line_id ON allocations (line_id)

CREATE TABLE bill_items (
    id BIGINT NOT NULL,
    bill_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    won BIGINT NOT NULL,
    month DATE NOT NULL,
    purchase_id BIGINT,
    from_bill_id BIGINT,
    CONSTRAINT bill_items_key PRIMARY KEY (id),
    CONSTRAINT bill_items_won_in_bounds CHECK (won BETWEEN 0 AND 1000000000000),
    CONSTRAINT bill_items_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT bill_items_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id),
    CONSTRAINT bill_items_purchase_id_known FOREIGN KEY(purchase_id) REFERENCES purchases (id)
)

CREATE INDEX bill_items_by_bill_id ON bill_items (bill_id)

CREATE TABLE client_events (
    id BIGINT NOT NULL,
    purchase_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    client TEXT NOT NULL,
    place BIGINT NOT NULL,
    what TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    told TEXT NOT NULL,
    refund_request_id BIGINT,
    details TEXT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    not_before TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    why TEXT NOT NULL,
    CONSTRAINT client_events_key PRIMARY KEY (id),
    CONSTRAINT client_events_purchase_id_place_once UNIQUE (purchase_id, place),
    CONSTRAINT client_events_purchase_id_known FOREIGN KEY(purchase_id) REFERENCES purchases (id),
    CONSTRAINT client_events_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT client_events_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX client_events_given_up ON client_events (client) WHERE state = 'dead'

CREATE INDEX client_events_to_deliver ON client_events (not_before) WHERE state = 'waiting'

CREATE TABLE notices (
    id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    what TEXT NOT NULL,
    key TEXT NOT NULL,
    channel TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    not_before TIMESTAMP WITH TIME ZONE NOT NULL,
    details TEXT NOT NULL,
    debt_contact BOOLEAN NOT NULL,
    purchase_id BIGINT,
    bill_id BIGINT,
    state TEXT NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    delivered_on DATE,
    reference TEXT NOT NULL,
    tries BIGINT NOT NULL,
    secret BYTEA,
    CONSTRAINT notices_key PRIMARY KEY (id),
    CONSTRAINT notices_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT notices_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id),
    CONSTRAINT notices_purchase_id_known FOREIGN KEY(purchase_id) REFERENCES purchases (id)
)

CREATE INDEX notices_about_bills ON notices (bill_id) WHERE bill_id IS NOT NULL

CREATE INDEX notices_by_line_id_what ON notices (line_id, what)

CREATE INDEX notices_handed_over ON notices (sent_at) WHERE state = 'sent'

CREATE INDEX notices_to_send ON notices (not_before) WHERE state = 'queued'

CREATE TABLE objections (
    id BIGINT NOT NULL,
    purchase_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    merchant_id BIGINT,
    filed_on DATE NOT NULL,
    answer_due_on DATE NOT NULL,
    withheld_won BIGINT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    answered_on DATE,
    answer TEXT NOT NULL,
    CONSTRAINT objections_key PRIMARY KEY (id),
    CONSTRAINT objections_withheld_won_in_bounds CHECK (withheld_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT objections_purchase_id_known FOREIGN KEY(purchase_id) REFERENCES purchases (id),
    CONSTRAINT objections_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT objections_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id),
    CONSTRAINT objections_merchant_id_known FOREIGN KEY(merchant_id) REFERENCES merchants (id)
)

CREATE INDEX objections_by_line_id ON objections (line_id)

CREATE INDEX objections_by_purchase_id ON objections (purchase_id)

CREATE INDEX objections_open ON objections (holder_id) WHERE state = 'open'

CREATE TABLE one_time_codes (
    purchase_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    code_hash BYTEA NOT NULL,
    tries_left BIGINT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    passed_at TIMESTAMP WITH TIME ZONE,
    sent BIGINT NOT NULL,
    CONSTRAINT one_time_codes_key PRIMARY KEY (purchase_id),
    CONSTRAINT one_time_codes_tries_left_counted CHECK (tries_left >= 0),
    CONSTRAINT one_time_codes_purchase_id_known FOREIGN KEY(purchase_id) REFERENCES purchases (id),
    CONSTRAINT one_time_codes_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id)
)

CREATE TABLE purchase_requests (
    purchase_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    client TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reference TEXT NOT NULL,
    correlator TEXT,
    asked TEXT NOT NULL,
    two_step BOOLEAN NOT NULL,
    sink TEXT NOT NULL,
    credential BYTEA,
    step TEXT,
    due_at TIMESTAMP WITH TIME ZONE,
    events BIGINT NOT NULL,
    CONSTRAINT purchase_requests_key PRIMARY KEY (purchase_id),
    CONSTRAINT purchase_requests_client_correlator_once UNIQUE (client, correlator),
    CONSTRAINT purchase_requests_client_reference_once UNIQUE (client, reference),
    CONSTRAINT purchase_requests_a_step_has_its_time CHECK ((step IS NULL) = (due_at IS NULL)),
    CONSTRAINT purchase_requests_purchase_id_known FOREIGN KEY(purchase_id) REFERENCES purchases (id),
    CONSTRAINT purchase_requests_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT purchase_requests_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX purchase_requests_by_client_asked_at ON purchase_requests (client, asked_at)

CREATE INDEX purchase_requests_due ON purchase_requests (due_at) WHERE due_at IS NOT NULL

CREATE TABLE refund_requests (
    id BIGINT NOT NULL,
    purchase_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    client TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reference TEXT NOT NULL,
    correlator TEXT,
    asked TEXT NOT NULL,
    total BOOLEAN NOT NULL,
    won BIGINT NOT NULL,
    state TEXT NOT NULL,
    sink TEXT NOT NULL,
    credential BYTEA,
    due_at TIMESTAMP WITH TIME ZONE,
    done_at TIMESTAMP WITH TIME ZONE,
    refund_id BIGINT,
    in_bill BOOLEAN NOT NULL,
    CONSTRAINT refund_requests_key PRIMARY KEY (id),
    CONSTRAINT refund_requests_client_correlator_once UNIQUE (client, correlator),
    CONSTRAINT refund_requests_client_reference_once UNIQUE (client, reference),
    CONSTRAINT refund_requests_succeeded_with_a_refund CHECK ((refund_id IS NULL) = (state <> 'succeeded')),
    CONSTRAINT refund_requests_won_in_bounds CHECK (won BETWEEN 0 AND 1000000000000),
    CONSTRAINT refund_requests_purchase_id_known FOREIGN KEY(purchase_id) REFERENCES purchases (id),
    CONSTRAINT refund_requests_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT refund_requests_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id)
)

CREATE INDEX refund_requests_by_purchase_id ON refund_requests (purchase_id)

CREATE INDEX refund_requests_due ON refund_requests (due_at) WHERE due_at IS NOT NULL

CREATE TABLE refunds (
    id BIGINT NOT NULL,
    purchase_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    holder_id BIGINT NOT NULL,
    merchant_id BIGINT,
    refunded_on DATE NOT NULL,
    won BIGINT NOT NULL,
    cancelled_won BIGINT NOT NULL,
    credited_won BIGINT NOT NULL,
    paid_back_won BIGINT NOT NULL,
    cause TEXT NOT NULL,
    settlement_id BIGINT,
    CONSTRAINT refunds_key PRIMARY KEY (id),
    CONSTRAINT refunds_adds_up CHECK (won = cancelled_won + credited_won + paid_back_won),
    CONSTRAINT refunds_won_in_bounds CHECK (won BETWEEN 0 AND 1000000000000),
    CONSTRAINT refunds_cancelled_won_in_bounds CHECK (cancelled_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT refunds_credited_won_in_bounds CHECK (credited_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT refunds_paid_back_won_in_bounds CHECK (paid_back_won BETWEEN 0 AND 1000000000000),
    CONSTRAINT refunds_purchase_id_known FOREIGN KEY(purchase_id) REFERENCES purchases (id),
    CONSTRAINT refunds_line_id_known FOREIGN KEY(line_id) REFERENCES lines (id),
    CONSTRAINT refunds_holder_id_known FOREIGN KEY(holder_id) REFERENCES holders (id),
    CONSTRAINT refunds_merchant_id_known FOREIGN KEY(merchant_id) REFERENCES merchants (id)
)

CREATE INDEX refunds_by_line_id ON refunds (line_id)

CREATE INDEX refunds_by_merchant_id_settlement_id ON refunds (merchant_id, settlement_id)

CREATE INDEX refunds_by_purchase_id ON refunds (purchase_id)
