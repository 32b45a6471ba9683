"""What the actors are and may do: pure rules of customers, loans and business processes; imports no other layer."""
