"""CAMARA: Carrier Billing and its refunds, operation by operation as the contracts describe them."""
