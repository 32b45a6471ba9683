"""Recalculation (重算): a schedule whose interest follows what is really paid, early or late, day by day.

A product option of its own, offered through the trial calculation. Rules and figures agree with the published tests of
Apache Fineract's progressive schedules (Apache-2.0; shared vectors): an early payment lowers the balance that day, the
unpaid row keeps its instalment, interest that no longer fits a paid row moves to the next, the last unpaid row takes
the rest; overdue principal goes on bearing interest.
"""
