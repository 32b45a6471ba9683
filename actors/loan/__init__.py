"""The loan actor (借据): contract, signing, disbursement, schedule, repayment, settlement."""
