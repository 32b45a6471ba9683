"""The customer actor: a person at one bank, with consents, white-list entries and credit lines."""
