"""The day's end (日终): steps of a bank's close, spread over the hosts; run by `miaodai eod` and by `miaodai up`."""
