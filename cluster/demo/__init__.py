"""`miaodai demo`: four banks, 200 applicants over both fronts, twelve months, one host killed, then the proof."""
