"""Schedule arithmetic: due dates, day counts, repayment methods, annualised cost. Pure; knows no loan and no bank."""
