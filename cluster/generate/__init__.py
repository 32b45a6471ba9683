"""`miaodai generate`: a book of any size. Lives are lived by the real actors (lives, stage), then copied (casts)."""
