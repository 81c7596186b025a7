"""Whether two answers are the same: by ids or labels, text, meaning, or of many together by likelihood."""
