"""Reading logs as people have them: files of any usual format, and the records that observability tools export.

`records(path)` yields what a file holds, one `Record` at a time; `exports.exchange(...)` says what a record asks.
"""
